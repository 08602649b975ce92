"""A supervisor keeps its driver alive whatever the device, the wire or the driver does, and tells what it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.states import DeviceFlag
from edge_gateway.devices import condition, conversation, disconnects, reconnecting
from edge_gateway.transports.loopback import LoopbackTransport
from tests.devices.conftest import TALKER_PROFILE, Bench
from tests.devices.drivers import Talker
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until


async def test_supervisor_stamps_events_with_device_sequence_and_both_clocks(bench: Bench, clock: FakeClock) -> None:
    await clock.advance(5)
    await bench.hear(b"one")
    bench.far_end.hang_up()
    await clock.advance(2)
    await bench.hear(b"two")
    first, second = bench.events
    assert (first.device_id, first.device_class, first.lane) == ("talker-1", "scanner", "lane-1")
    assert (first.event.name, first.event.data) == ("heard", {"text": "one"})
    assert (first.sequence, second.sequence) == (1, 2), "the sequence goes on over a reconnect"
    assert first.monotonic_s == 5.0
    assert second.time - first.time == timedelta(seconds=2)


async def test_supervisor_tells_a_change_once_and_nothing_else(bench: Bench, clock: FakeClock) -> None:
    assert bench.powers == ["unknown", "online"]
    told = len(bench.states)
    for _ in range(10):
        await bench.hear(b"same as ever")
        await clock.advance(1)
    await bench.hear(b"flags")
    await bench.hear(b"flags")
    assert [state.flags for state in bench.states[told:]] == [("cover_open", "paper_near_end")]


async def test_supervisor_tells_flags_and_details_as_one_change(bench: Bench, clock: FakeClock) -> None:
    told = len(bench.states)
    bench.driver.session.set_condition(frozenset({DeviceFlag.DRAWER_OPEN}), {"drawer": "open"})
    bench.driver.session.set_condition(frozenset(), {"drawer": "closed"})
    opened, closed = bench.states[told:]
    assert (opened.flags, opened.details) == (("drawer_open",), {"drawer": "open"})
    assert (closed.flags, closed.details) == ((), {"drawer": "closed"})


async def test_supervisor_state_has_the_age_of_the_last_frame(bench: Bench, clock: FakeClock) -> None:
    assert bench.supervisor.state.last_frame_age_s is None
    await bench.hear(b"frame")
    await clock.advance(3.4567891)
    assert bench.supervisor.state.last_frame_age_s == 3.457


async def test_supervisor_keeps_silent_and_absent_apart(bench: Bench, clock: FakeClock) -> None:
    await bench.hear(b"silent")
    assert (bench.supervisor.state.power, bench.supervisor.state.reason) == ("offline", "no reply")
    await bench.hear(b"a frame")
    assert (bench.supervisor.state.power, bench.supervisor.state.reason) == ("online", None)
    bench.far_end.refusal = TransportError("no such node; check that the device is plugged in")
    bench.far_end.hang_up(OSError("Input/output error"))
    await clock.settle()
    assert bench.supervisor.state.power == "off"
    assert bench.supervisor.state.reason == "loopback talker-1: Input/output error"


async def test_device_on_a_network_is_gone_only_after_three_misses(bench: Bench, clock: FakeClock) -> None:
    bench.transport.misses_before_gone = 3  # type: ignore[attr-defined] # as a TCP connection has it
    await clock.advance(reconnecting.SHORT_S)
    bench.driver.session.set_details({"status": "stable_weight"})
    with capture_logs() as logs:
        bench.far_end.refusal = TransportError("no answer")
        bench.far_end.hang_up(ConnectionResetError("reset"))
        await clock.settle()
        assert (bench.supervisor.state.power, bench.supervisor.state.reason) == ("offline", "loopback talker-1: reset")
        assert bench.supervisor.state.details == {}, "nothing old is shown meanwhile"
        while bench.supervisor.counters["opens_failed"] < 2:
            await clock.advance(0.05)
        bench.far_end.refusal = None
        await clock.advance(reconnecting.REOPEN_S_MAX)
        assert bench.supervisor.state.power == "online"
        await bench.hear(b"a frame")
    assert [entry["event"] for entry in logs] == [], "a flap is no news"
    assert (bench.supervisor.disconnects.total, bench.supervisor.state.reconnect_count) == (1, 1), "but it is counted"

    bench.far_end.refusal = TransportError("no answer")
    bench.far_end.hang_up()
    await clock.advance(3 * reconnecting.REOPEN_S_MAX)
    assert (bench.supervisor.state.power, bench.supervisor.state.reason) == ("off", "no answer")


async def test_device_that_moved_to_another_address_is_told_once(bench: Bench, clock: FakeClock) -> None:
    with capture_logs() as logs:
        for address in ("192.0.2.11", "192.0.2.11", "192.0.2.42", "192.0.2.42"):
            bench.transport.address = address  # type: ignore[attr-defined] # as a TCP connection by MAC address has it
            bench.far_end.hang_up()
            await clock.advance(2)
    (moved,) = [entry for entry in logs if entry["event"] == log_events.DEVICE_MOVED]
    assert (moved["former_address"], moved["address"]) == ("192.0.2.11", "192.0.2.42")
    assert [(stamped.event.name, dict(stamped.event.data)) for stamped in bench.events] == [
        ("address_changed", {"address": "192.0.2.42", "former_address": "192.0.2.11"})
    ]


async def test_device_on_a_network_that_takes_connections_and_drops_them_is_gone_too(
    bench: Bench, clock: FakeClock
) -> None:
    bench.transport.misses_before_gone = 3  # type: ignore[attr-defined]
    for _ in range(3):
        bench.far_end.hang_up()
        await clock.settle()
        power = bench.supervisor.state.power
        await clock.advance(reconnecting.HUNG_UP_S_MAX)
    assert power == "off"


async def test_supervisor_does_not_call_a_device_online_that_was_asked_and_has_not_answered(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(is_asked=True)
    await bench.start()
    assert bench.powers == ["offline"]
    await bench.hear(b"answer")
    assert bench.powers == ["offline", "online"]


async def test_supervisor_forgets_what_was_known_when_the_device_is_lost(bench: Bench, clock: FakeClock) -> None:
    await bench.hear(b"flags")
    bench.driver.session.set_details({"status": "stable_weight", "weight": "1.234"})
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up()
    await clock.settle()
    state = bench.supervisor.state
    assert (state.power, state.flags, state.details) == ("off", (), {})
    bench.driver.session.set_details({"weight": "1.234"})
    bench.driver.session.emit("heard", {"text": "from the dead"})
    assert bench.supervisor.state.details == {}, "a driver whose connection has ended is not heard"
    assert bench.events == []


async def test_supervisor_gives_each_connection_a_new_driver(bench: Bench, clock: FakeClock) -> None:
    bench.far_end.hang_up()
    await clock.advance(2)
    bench.far_end.hang_up()
    await clock.advance(2)
    assert len(Talker.instances) == 3
    assert bench.supervisor.state.reconnect_count == 2
    assert "after 0.0 s: loopback talker-1: the far end closed the connection; back after" in str(
        bench.supervisor.disconnects.newest[0]
    )


async def test_supervisor_is_back_within_two_seconds_after_an_hour_away(bench: Bench, clock: FakeClock) -> None:
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up()
    await clock.advance(3600)
    assert bench.supervisor.counters["opens_failed"] > 3600, "it goes on trying"
    told = len(bench.states)
    bench.far_end.refusal = None
    await clock.advance(reconnecting.REOPEN_S_MAX)
    assert bench.supervisor.state.power == "online"
    assert told <= 4, "an absence is told once"


async def test_supervisor_of_a_missing_node_only_looks_for_it_and_is_back_at_once(
    bench: Bench, clock: FakeClock
) -> None:
    bench.far_end.is_there = False
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up(OSError("Input/output error"))
    await clock.advance(condition.REASON_INTERVAL_S + 1)
    assert bench.supervisor.state.reason == "no such node", "now and then it opens all the same, for the reason"
    drivers = len(Talker.instances)
    await clock.advance(600)
    assert bench.supervisor.counters["opens_failed"] > 600
    assert len(Talker.instances) - drivers <= 600 / condition.REASON_INTERVAL_S
    bench.far_end.is_there, bench.far_end.refusal = True, None
    await clock.advance(reconnecting.REOPEN_S_MAX)
    assert bench.supervisor.state.power == "online"


async def test_supervisor_of_a_busy_port_says_so_once_and_goes_on(
    make_bench: Callable[..., Bench], clock: FakeClock
) -> None:
    bench = make_bench()
    bench.far_end.refusal = TransportError("port is held by another process", is_busy=True)
    with capture_logs() as logs:
        await bench.start()
        await clock.advance(60)
    assert [entry["event"] for entry in logs] == [log_events.DEVICE_LOST]
    assert bench.supervisor.state.reason == "port is held by another process"
    bench.far_end.refusal = None
    await clock.advance(1)
    assert bench.powers == ["off", "online"]


async def test_supervisor_of_an_absent_device_with_many_reasons_logs_it_once_and_tells_them_now_and_then(
    bench: Bench, clock: FakeClock
) -> None:
    told = len(bench.states)
    with capture_logs() as logs:
        bench.far_end.hang_up()
        for index in range(600):
            bench.far_end.refusal = TransportError(f"reason {index}")
            await clock.advance(0.5)
        bench.far_end.refusal = None
        await clock.advance(1)
    assert [entry["event"] for entry in logs] == [log_events.DEVICE_LOST, log_events.DEVICE_CONNECTED]
    assert 20 <= len(bench.states) - told <= 300 / condition.REASON_INTERVAL_S + 2
    assert bench.supervisor.counters["opens_failed"] > 500


async def test_supervisor_logs_a_loss_and_a_recovery_of_an_asked_device_once_each(
    make_bench: Callable[..., Bench], clock: FakeClock
) -> None:
    bench = make_bench(is_asked=True)
    await bench.start()
    await bench.hear(b"answer")
    with capture_logs() as logs:
        bench.far_end.hang_up()
        await clock.advance(1)
        assert bench.supervisor.state.power == "offline"
        await bench.hear(b"answer")
    assert [entry["event"] for entry in logs] == [log_events.DEVICE_LOST, log_events.DEVICE_CONNECTED]


async def test_supervisor_logs_the_reason_of_silence_once_and_its_end(
    make_bench: Callable[..., Bench], clock: FakeClock
) -> None:
    bench = make_bench(is_asked=True)
    with capture_logs() as logs:
        await bench.start()
        for word in (b"silent", b"flags", b"silent", b"answer", b"answer"):
            await bench.hear(word)
    assert [(entry["event"], entry.get("reason")) for entry in logs] == [
        (log_events.DEVICE_SILENT, "no reply"),
        (log_events.DEVICE_ANSWERED, None),
    ]


async def test_supervisor_outlives_whoever_listens_to_its_changes(bench: Bench, clock: FakeClock) -> None:
    def refuse_to_listen(state: object) -> None:
        raise RuntimeError("the listener's bug")

    bench.supervisor._on_change = refuse_to_listen
    with capture_logs() as logs:
        bench.far_end.hang_up()
        await clock.advance(2)
    assert bench.supervisor.state.power == "online"
    assert bench.supervisor.counters["changes_untold"] == len(logs) - 2 == 2
    assert bench.task is not None
    assert not bench.task.done()


async def test_supervisor_remembers_the_newest_losses_only(bench: Bench, clock: FakeClock) -> None:
    for index in range(disconnects.DISCONNECTS_KEPT + 5):
        bench.far_end.hang_up(OSError(f"loss {index}"))
        await clock.advance(1.5)
    assert len(bench.supervisor.disconnects.newest) == disconnects.DISCONNECTS_KEPT
    assert bench.supervisor.disconnects.newest[-1].reason.endswith(f"loss {disconnects.DISCONNECTS_KEPT + 4}")
    assert bench.supervisor.disconnects.total == disconnects.DISCONNECTS_KEPT + 5


@pytest.mark.parametrize("crash", [b"crash in run", b"crash in data_received"])
async def test_supervisor_restarts_a_faulty_driver_and_hurts_no_other(
    make_bench: Callable[..., Bench], clock: FakeClock, crash: bytes
) -> None:
    faulty, well = make_bench("faulty"), make_bench("well")
    with capture_logs() as logs:
        await faulty.start()
        await well.start()
        for _ in range(8):
            await faulty.hear(crash)
            assert faulty.supervisor.state.power == "off"
            assert "fault in the driver" in (faulty.supervisor.state.reason or "")
            await clock.advance(reconnecting.RESTART_S_MAX)
            assert faulty.supervisor.state.power == "online"
        await faulty.hear(b"well again")
        await well.hear(b"never noticed")
    assert [event.event.data["text"] for event in faulty.events + well.events] == ["well again", "never noticed"]
    assert (well.supervisor.state.reconnect_count, well.powers) == (0, ["unknown", "online"])
    failures = [entry for entry in logs if entry["event"] == log_events.DEVICE_FAILED]
    assert len(failures) == 8
    assert "tests/devices/drivers.py" in failures[0]["stack"], "the traceback leads to the fault"
    assert "CRASH" not in str(logs), "what a device sent must not get into the log with an exception's text"


async def test_supervisor_slows_down_for_a_driver_that_fails_at_once(
    make_bench: Callable[..., Bench], clock: FakeClock
) -> None:
    bench = make_bench()
    await bench.start()
    with capture_logs() as logs:
        for _ in range(600):
            await bench.hear(b"crash in run")
            await clock.advance(1)
    assert len([entry for entry in logs if entry["event"] == log_events.DEVICE_FAILED]) < 100


async def test_supervisor_slows_down_for_a_device_that_takes_connections_and_drops_them(
    bench: Bench, clock: FakeClock
) -> None:
    for _ in range(1000):
        if bench.supervisor.state.power == "online":
            bench.far_end.hang_up(None)
        await clock.advance(0.01)
    connects = bench.supervisor.counters["connects"]
    assert connects < 10 / 0.5, "less than 2 in a second"
    await clock.advance(reconnecting.HUNG_UP_S_MAX)
    assert bench.supervisor.state.power == "online", "a device that is well again is back within 2 s all the same"


async def test_supervisor_counts_noise_and_logs_it_now_and_then(bench: Bench, clock: FakeClock) -> None:
    with capture_logs() as logs:
        for _ in range(100):
            await bench.hear(b"noise")
        await clock.advance(60)
        await bench.hear(b"noise")
    assert bench.supervisor.counters["frames_rejected"] == 101
    assert [(entry["event"], entry["count"]) for entry in logs] == [("frames_rejected", 1), ("frames_rejected", 100)]
    assert "6e6f697365" not in str(logs)


async def test_supervisor_ends_at_once_when_cancelled(bench: Bench, clock: FakeClock) -> None:
    assert bench.task is not None
    bench.task.cancel()
    await clock.settle()
    assert bench.task.cancelled()
    assert not bench.transport.is_open
    assert bench.supervisor.state.power == "unknown"
    assert bench.supervisor.state.reason == "the gateway has stopped"


async def test_supervisor_ends_while_it_waits_for_an_absent_device(
    make_bench: Callable[..., Bench], clock: FakeClock
) -> None:
    bench = make_bench()
    bench.far_end.refusal = TransportError("no such node")
    await bench.start()
    assert bench.task is not None
    bench.task.cancel()
    await clock.settle()
    assert bench.task.cancelled()


async def test_supervisor_does_not_wait_for_a_driver_that_will_not_end(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "STOP_S_MAX", 0.05)
    bench = make_bench(is_stubborn=True)
    await bench.start()
    async with asyncio.timeout(2.0):
        await bench.stop()
    assert bench.supervisor.counters["drivers_left_behind"] == 1
    assert not bench.transport.is_open


async def test_driver_that_was_left_behind_reaches_the_next_connection_no_more(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setattr(conversation, "STOP_S_MAX", 0.05)
    bench = make_bench(is_stubborn=True)
    heard: list[bytes] = []
    bench.far_end.on_bytes = heard.append
    await bench.start()
    old = bench.driver
    bench.far_end.hang_up()
    await wait_until(lambda: bench.supervisor.counters["drivers_left_behind"])
    await clock.advance(5)
    await wait_until(lambda: bench.transport.is_open)
    assert bench.driver is not old
    with pytest.raises(TransportError, match="this connection is over"):
        await old.session.transport.write(b"old")
    await old.session.transport.close()
    await bench.driver.session.transport.write(b"new")
    await clock.settle()
    assert heard == [b"new"]


class SlowToClose(LoopbackTransport):
    """As a serial port whose output is stalled."""

    def __init__(self) -> None:
        super().__init__("slow to close")
        self.is_closing = False
        self.can_close = asyncio.Event()

    async def close(self) -> None:
        self.is_closing = True
        await self.can_close.wait()
        await super().close()


@pytest.mark.parametrize("second", ["configure", "stop"])
async def test_port_is_closed_whatever_comes_while_it_closes(bench: Bench, clock: FakeClock, second: str) -> None:
    slow, last = SlowToClose(), LoopbackTransport("last")

    async def configure(transport: LoopbackTransport) -> None:
        bench.supervisor.configure(bench.device, TALKER_PROFILE, transport, Talker)
        await clock.settle()

    await configure(slow)
    assert slow.is_open
    await configure(LoopbackTransport("never opened"))
    assert slow.is_closing
    stopping = None
    if second == "configure":
        await configure(last)
    else:
        stopping = asyncio.create_task(bench.stop())
        await clock.settle()
    assert slow.is_open
    slow.can_close.set()
    await clock.settle()
    assert not slow.is_open
    assert last.is_open is (second == "configure")
    if stopping is not None:
        await stopping


async def test_supervisor_info_has_the_profile_and_what_the_device_says(bench: Bench) -> None:
    assert bench.supervisor.info == {
        "device_id": "talker-1",
        "lane": "lane-1",
        "device_class": "scanner",
        "vendor": "tests",
        "model": "Talker",
        "profile": "talker",
        "tier": "experimental",
        "firmware": "1.2",
        "transport": "loopback talker-1",
        "capabilities": {"events": ["heard"]},
        "commands": sorted([*Talker.commands, "claim", "renew", "release", "retrieve_statistics", "reset_statistics"]),
    }
