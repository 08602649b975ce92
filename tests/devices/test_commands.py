"""Each command to a device has exactly one outcome; where nobody knows whether it took effect, that is the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts.errors import ErrorCode, RequestError, TransportError, UnknownOutcomeError
from edge_gateway.devices import command_queue, condition
from tests.devices.conftest import Bench
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until


def begin(bench: Bench, name: str, deadline_s: float = 10.0, **params: Any) -> asyncio.Task[Mapping[str, Any]]:
    return asyncio.create_task(bench.supervisor.execute(name, params, deadline_s=deadline_s))


async def failure(task: asyncio.Task[Mapping[str, Any]]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        async with asyncio.timeout(5.0):
            await task
    return caught.value


async def test_command_returns_the_result_of_the_driver(bench: Bench) -> None:
    heard: list[bytes] = []
    bench.far_end.on_bytes = heard.append
    assert await begin(bench, "print", copies=3) == {"copies": 3}
    assert heard == [b"PPP"]
    assert bench.supervisor.counters["commands:completed"] == 1
    assert (bench.supervisor.has_effect("print"), bench.supervisor.has_effect("read")) == (True, False)


async def test_command_that_the_driver_does_not_have_is_unsupported(bench: Bench) -> None:
    error = await failure(begin(bench, "dance"))
    assert error.code is ErrorCode.UNSUPPORTED
    assert "no command 'dance'; there are: break" in str(error)


async def test_command_to_an_absent_device_is_offline_at_once(bench: Bench, clock: FakeClock) -> None:
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up()
    await clock.advance(condition.REASON_INTERVAL_S + 1)
    error = await failure(begin(bench, "print", copies=1))
    assert (error.code, str(error)) == (ErrorCode.OFFLINE, "talker-1: not connected: no such node")


async def test_command_error_of_the_driver_is_the_outcome(bench: Bench) -> None:
    error = await failure(begin(bench, "refuse"))
    assert (error.code, str(error)) == (ErrorCode.COVER_OPEN, "close the cover")


async def test_command_with_bad_parameters_is_an_invalid_request_without_the_values(bench: Bench) -> None:
    error = await failure(begin(bench, "print", copies="4111111111111111x"))
    assert error.code is ErrorCode.INVALID_REQUEST
    assert "copies: Input should be a valid integer" in str(error)
    assert "4111" not in str(error)
    assert bench.supervisor.state.power == "online"


async def test_commands_are_carried_out_in_order_one_at_a_time(bench: Bench, clock: FakeClock) -> None:
    first, second, third = begin(bench, "hang"), begin(bench, "read"), begin(bench, "print", copies=1)
    await clock.settle()
    assert bench.driver.begun == ["hang"]
    bench.driver.can_finish.set()
    await asyncio.gather(first, second, third)
    assert bench.driver.begun == ["hang", "read", "print"]


async def test_command_over_the_limit_is_refused_as_busy(bench: Bench, clock: FakeClock) -> None:
    tasks = [begin(bench, "hang")]
    await clock.settle()
    tasks += [begin(bench, "read") for _ in range(command_queue.QUEUE_COMMANDS_MAX)]
    await clock.settle()
    assert (await failure(begin(bench, "read"))).code is ErrorCode.BUSY
    bench.driver.can_finish.set()
    await asyncio.gather(*tasks)


async def test_command_that_did_not_begin_before_its_deadline_never_begins(bench: Bench, clock: FakeClock) -> None:
    first, late = begin(bench, "hang", 60.0), begin(bench, "print", 2.0, copies=1)
    await clock.advance(2.0)
    error = await failure(late)
    assert error.code is ErrorCode.TIMEOUT
    assert "did not begin before its deadline" in str(error)
    bench.driver.can_finish.set()
    await first
    await clock.settle()
    assert bench.driver.begun == ["hang"]


async def test_command_that_expires_while_it_waits_never_begins(bench: Bench, clock: FakeClock) -> None:
    first = begin(bench, "hang", 60.0)
    late = asyncio.create_task(bench.supervisor.execute("print", {"copies": 1}, deadline_s=10.0, begin_within_s=2.0))
    await clock.advance(2.0)
    assert (await failure(late)).code is ErrorCode.EXPIRED
    bench.driver.can_finish.set()
    await first
    await clock.settle()
    assert bench.driver.begun == ["hang"]


async def test_command_that_began_in_time_has_its_whole_deadline(bench: Bench, clock: FakeClock) -> None:
    task = asyncio.create_task(bench.supervisor.execute("hang_with_effect", {}, deadline_s=10.0, begin_within_s=2.0))
    await clock.advance(9.9)
    assert not task.done()
    bench.driver.can_finish.set()
    assert await task == {"greeting": "hello"}


async def test_command_with_effect_that_overruns_its_deadline_is_unknown(bench: Bench, clock: FakeClock) -> None:
    task = begin(bench, "hang_with_effect", 2.0)
    await clock.advance(1.9)
    assert not task.done()
    await clock.advance(0.1)
    error = await failure(task)
    assert isinstance(error, UnknownOutcomeError)
    assert "did not finish within 2.0 s; it may have taken effect" in str(error)
    assert await begin(bench, "read") == {"greeting": "hello"}, "the next command is carried out"
    assert bench.supervisor.state.reconnect_count == 0


async def test_command_without_effect_that_overruns_its_deadline_timed_out(bench: Bench, clock: FakeClock) -> None:
    task = begin(bench, "hang", 2.0)
    await clock.advance(2.0)
    assert (await failure(task)).code is ErrorCode.TIMEOUT


async def test_command_cut_off_by_a_lost_connection_is_unknown_if_it_has_an_effect(
    bench: Bench, clock: FakeClock
) -> None:
    begun, waiting = begin(bench, "hang_with_effect"), begin(bench, "print", copies=1)
    await clock.settle()
    bench.far_end.hang_up()
    assert isinstance(await failure(begun), UnknownOutcomeError)
    assert (await failure(waiting)).code is ErrorCode.OFFLINE, "what has not begun has had no effect"


async def test_command_cut_off_by_a_lost_connection_is_offline_without_an_effect(
    bench: Bench, clock: FakeClock
) -> None:
    task = begin(bench, "hang")
    await clock.settle()
    bench.far_end.hang_up()
    assert (await failure(task)).code is ErrorCode.OFFLINE


async def test_command_whose_driver_lost_the_wire_is_unknown(bench: Bench) -> None:
    error = await failure(begin(bench, "lose"))
    assert isinstance(error, UnknownOutcomeError)
    assert "the wire is gone" in str(error)


@pytest.mark.parametrize(
    ("name", "code"), [("break", ErrorCode.INTERNAL), ("break_with_effect", ErrorCode.UNKNOWN_OUTCOME)]
)
async def test_command_that_meets_a_fault_is_answered_and_the_driver_started_anew(
    bench: Bench, clock: FakeClock, name: str, code: ErrorCode
) -> None:
    with capture_logs() as logs:
        assert (await failure(begin(bench, name))).code is code
        await clock.advance(1)
    assert bench.supervisor.counters["driver_faults"] == 1
    assert bench.supervisor.state.reconnect_count == 1
    assert "CRASH" not in str(logs)
    assert await begin(bench, "read") == {"greeting": "hello"}


async def test_command_that_ignores_its_cancellation_costs_the_connection(
    bench: Bench, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_queue, "CANCEL_S_MAX", 0.05)
    task, driver = begin(bench, "ignore_cancellation", 1.0), bench.driver
    await clock.advance(1.0)
    assert isinstance(await failure(task), UnknownOutcomeError)
    await wait_until(lambda: bench.supervisor.counters["driver_faults"])
    await clock.advance(1.0)
    assert bench.driver is not driver
    driver.can_finish.set()


async def test_command_whose_caller_has_gone_is_not_begun(bench: Bench, clock: FakeClock) -> None:
    first, given_up = begin(bench, "hang"), begin(bench, "print", copies=1)
    await clock.settle()
    given_up.cancel()
    await clock.settle()
    bench.driver.can_finish.set()
    await first
    assert bench.driver.begun == ["hang"]


async def test_command_begun_is_carried_to_its_end_without_its_caller(bench: Bench, clock: FakeClock) -> None:
    task = begin(bench, "hang_with_effect")
    await clock.settle()
    task.cancel()
    await clock.settle()
    bench.driver.can_finish.set()
    await clock.settle()
    assert bench.supervisor.counters["commands:completed"] == 1


async def test_command_waiting_while_the_gateway_stops_is_answered(bench: Bench, clock: FakeClock) -> None:
    begun, waiting = begin(bench, "hang_with_effect"), begin(bench, "read")
    await clock.settle()
    await bench.stop()
    assert isinstance(await failure(begun), UnknownOutcomeError)
    assert (await failure(waiting)).code is ErrorCode.OFFLINE
