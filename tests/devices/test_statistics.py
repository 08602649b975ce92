"""Statistics and losses of a device: counted truthfully, told under UnifiedPOS names, whether it is there or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError
from edge_gateway.contracts.events import DeviceState
from edge_gateway.contracts.life import CLASS_STATISTICS, COMMON_STATISTICS, device_category, statistics_of
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.statistics import DeviceStatistics
from tests.devices.conftest import Bench
from tests.support.clock import FakeClock

UNIFIEDPOS = {
    *("HoursPoweredCount", "CommunicationErrorCount", "GoodScanCount", "GoodWeightReadCount", "BarcodePrintedCount"),
    *("PaperCutCount", "FailedPaperCutCount", "PrinterFaultCount", "ReceiptCoverOpenCount"),
    *("DrawerGoodOpenCount", "DrawerFailedOpenCount"),
}
"""Of the statistics constants that JavaPOS and OPOS publish for UnifiedPOS 1.16, those used here."""


def state(clock: FakeClock, power: str, *flags: str, reconnects: int = 0) -> DeviceState:
    return DeviceState(power, clock.now(), flags=flags, reconnect_count=reconnects)


def test_statistics_have_unifiedpos_names_or_say_that_they_are_ours() -> None:
    names = {name for each in DeviceClass for name in statistics_of(each)}
    assert {name for name in names if not name.startswith("M_")} == UNIFIEDPOS
    assert set(CLASS_STATISTICS) <= set(DeviceClass)


@pytest.mark.parametrize(
    ("device_class", "category"),
    [("scale", "Scale"), ("pos_printer", "POSPrinter"), ("cash_drawer", "CashDrawer"), ("pin_pad", "PINPad")],
)
def test_device_category_is_written_as_unifiedpos_does(device_class: str, category: str) -> None:
    assert device_category(DeviceClass(device_class)) == category


async def test_statistics_count_hours_while_the_device_answers_and_losses_when_it_does_not() -> None:
    clock = FakeClock()
    statistics = DeviceStatistics(DeviceClass.SCALE, clock)
    statistics.look(state(clock, "online"))
    await clock.advance(5400)
    assert statistics.values(["HoursPoweredCount"]) == {"HoursPoweredCount": 1.5}
    statistics.look(state(clock, "offline"))
    await clock.advance(7200)
    statistics.look(state(clock, "off"))
    statistics.look(state(clock, "online", reconnects=1))
    await clock.advance(1800)
    statistics.frame_rejected()
    assert statistics.values() == {
        "HoursPoweredCount": 2.0,
        "CommunicationErrorCount": 2,
        "M_ReconnectCount": 1,
        "M_FailedCommandCount": 0,
        "GoodWeightReadCount": 0,
    }
    statistics.look(state(clock, "unknown"))
    assert statistics.values(["CommunicationErrorCount"]) == {"CommunicationErrorCount": 2}, "a stop is no error"


def test_statistics_count_what_each_class_does() -> None:
    clock = FakeClock()
    scanner, scale, printer = (
        DeviceStatistics(DeviceClass(each), clock) for each in ("scanner", "scale", "pos_printer")
    )
    scanner.happened("barcode_scanned", {"text": "1"})
    scale.happened("weight_changed", {"weight": "1.5", "status": "stable_weight"})
    scale.happened("weight_changed", {"weight": None, "status": "weight_unstable"})
    scale.carried_out("read_weight", {}, {"weight": "1.5"})
    scale.carried_out("read_weight", {}, {"weight": None})
    document = [{"type": "text", "text": "x"}, {"type": "qr", "data": "x"}, {"type": "cut"}, {"type": "drawer"}]
    printer.carried_out("print", {"document": document}, {"bytes": 1})
    printer.carried_out("open_drawer", {}, {})
    for flags in (["cover_open"], ["cover_open", "paper_empty"], [], ["cover_open", "cutter_error"]):
        printer.look(state(clock, "online", *flags))
    printer.failed("open_drawer", DeviceError(ErrorCode.DEVICE_ERROR, "stuck"))
    printer.failed("print", RequestError(ErrorCode.CLAIMED, "held"))
    printer.failed("print", RequestError(ErrorCode.BUSY, "busy"))
    assert _counted(scanner) == {"GoodScanCount": 1}
    assert _counted(scale) == {"GoodWeightReadCount": 2}
    assert _counted(printer) == {
        "BarcodePrintedCount": 1,
        "PaperCutCount": 1,
        "FailedPaperCutCount": 1,
        "ReceiptCoverOpenCount": 2,
        "DrawerGoodOpenCount": 2,
        "DrawerFailedOpenCount": 1,
        "M_FailedCommandCount": 1,
    }


def _counted(statistics: DeviceStatistics) -> dict[str, float]:
    return {name: value for name, value in statistics.values().items() if value}


async def test_statistics_are_chosen_and_reset_by_name_or_by_whose_they_are() -> None:
    clock = FakeClock()
    statistics = DeviceStatistics(DeviceClass.SCALE, clock)
    statistics.look(state(clock, "online"))
    statistics.happened("weight_changed", {"weight": "1.5"})
    await clock.advance(3600)
    ours = [name for name in COMMON_STATISTICS if name.startswith("M_")]
    assert list(statistics.values(["M_"])) == ours
    assert list(statistics.values(["U_", "M_", "U_"])) == [
        *("HoursPoweredCount", "CommunicationErrorCount", "GoodWeightReadCount"), *ours,
    ]  # fmt: skip
    assert list(statistics.reset(["HoursPoweredCount"])) == ["HoursPoweredCount"]
    assert _counted(statistics) == {"GoodWeightReadCount": 1}
    await clock.advance(1800)
    assert statistics.values(["HoursPoweredCount"]) == {"HoursPoweredCount": 0.5}
    statistics.reset()
    assert _counted(statistics) == {}
    with pytest.raises(RequestError, match="no statistic 'GoodScanCount'; there are: HoursPoweredCount"):
        statistics.values(["GoodScanCount"])


async def test_statistics_kept_from_before_are_added_but_not_to_what_was_reset_since() -> None:
    clock = FakeClock()
    statistics = DeviceStatistics(DeviceClass.SCALE, clock)
    statistics.look(state(clock, "online"))
    await clock.advance(3600)
    statistics.reset(["GoodWeightReadCount"])
    statistics.happened("weight_changed", {"weight": "1.5"})
    statistics.add_kept({"HoursPoweredCount": 10.25, "GoodWeightReadCount": 99, "M_ReconnectCount": 2, "Gone": 1})
    assert _counted(statistics) == {"HoursPoweredCount": 11.25, "GoodWeightReadCount": 1, "M_ReconnectCount": 2}


async def ask(bench: Bench, name: str, **params: Any) -> Any:
    return await bench.supervisor.execute(name, params, deadline_s=1.0)


async def test_statistics_are_retrieved_and_reset_also_while_the_device_is_away(bench: Bench, clock: FakeClock) -> None:
    bench.driver.session.emit("barcode_scanned", {})
    await clock.advance(3600)
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up(OSError("Input/output error"))
    await clock.advance(30)
    found = await ask(bench, "retrieve_statistics")
    assert found["statistics"] == {
        "HoursPoweredCount": 1.0,
        "CommunicationErrorCount": 1,
        "M_ReconnectCount": 0,
        "M_FailedCommandCount": 0,
        "GoodScanCount": 1,
    }
    assert (found["UnifiedPOSVersion"], found["DeviceCategory"]) == ("1.16", "Scanner")
    assert (found["ManufacturerName"], found["ModelName"], found["FirmwareRevision"]) == ("tests", "Talker", "1.2")
    assert await ask(bench, "reset_statistics", names=["GoodScanCount"]) == {"reset": ["GoodScanCount"]}
    assert (await ask(bench, "retrieve_statistics", names=["GoodScanCount"]))["statistics"] == {"GoodScanCount": 0}
    with pytest.raises(RequestError, match="which: Extra inputs"):
        await ask(bench, "retrieve_statistics", which="all")
    assert (bench.supervisor.has_effect("retrieve_statistics"), bench.supervisor.has_effect("reset_statistics")) == (
        False,
        True,
    )


async def test_losses_have_time_reason_and_both_durations(make_bench: Callable[..., Bench], clock: FakeClock) -> None:
    bench = make_bench()
    await bench.start()
    await clock.advance(100)
    at = clock.now()
    bench.far_end.refusal = TransportError("no such node")
    bench.far_end.hang_up(OSError("pulled out"))
    await clock.advance(7)
    [away] = bench.supervisor.disconnects.newest
    assert (away.time, away.power, away.away_s) == (at, "off", None)
    assert away.connected_s == 100
    assert "pulled out" in away.reason
    assert bench.supervisor.state.last_disconnect == away
    bench.far_end.refusal = None
    await clock.advance(1)
    assert away.away_s is not None
    assert 7 <= away.away_s <= 8
    await clock.advance(10)
    await bench.hear(b"silent")
    await clock.advance(5)
    await bench.hear(b"a frame")
    silence = bench.supervisor.disconnects.newest[-1]
    assert (silence.power, silence.reason, silence.away_s) == ("offline", "no reply", 5)
    assert bench.supervisor.disconnects.total == 2
    await bench.stop()
    assert bench.supervisor.disconnects.total == 2, "a stop is no loss"
