"""A scanner and its scale on one cable: one shared port, two devices, and neither minds the other's lines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random

from drivers.polled_scale import PolledScale
from drivers.scale_settings import PolledScaleSettings
from drivers.single_cable_scanner import SingleCableScanner, SingleCableScannerSettings
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.devices.profiles import load_profile
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.serial import SerialTransport
from edge_gateway.transports.shared import SharedPort, SharedTransport
from simulators.line_scale import LineScale
from simulators.link import PtyLink
from tests.support.waiting import wait_until

CODES = [f"S08F{code}" for code in ("4006381333931", "9521234000013", "9521234000129")]


def last_weight(lines: list[Line]) -> str | None:
    weights = [line["data"]["weight"] for line in lines if line.get("event") == "weight_changed"]
    return weights[-1] if weights else None


def scanned(lines: list[Line]) -> list[str]:
    return [line["data"]["text"] for line in lines if line.get("event") == "barcode_scanned"]


async def test_scanner_and_scale_share_a_cable_without_rejecting_each_other(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "magellan")
    simulated = LineScale(link, "datalogic-single-cable", rng=Random(1), reply_delay_s=0.0)
    await simulated.start()
    port = SharedPort(SerialTransport(SerialTransportSettings(kind="serial", path=link.path)))
    clock, weights, scans = SystemClock(), list[Line](), list[Line]()
    scale_session = TellingSession("scale", SharedTransport(port), clock, weights.append)
    scanner_session = TellingSession("scanner", SharedTransport(port), clock, scans.append)
    settings = {**load_profile("generic-datalogic-single-cable").settings, "poll_interval_s": 0.02}
    scale = PolledScale(scale_session, PolledScaleSettings.model_validate({**settings, "reply_timeout_s": 0.25}))
    scanner = SingleCableScanner(scanner_session, SingleCableScannerSettings())
    try:
        async with DriverRun(scale_session, scale), DriverRun(scanner_session, scanner):
            expected: list[str] = []
            for round_number in range(1, 11):
                weight = f"{round_number}.005"
                simulated.load.put(weight)
                for code in CODES:
                    link.write(code.encode() + b"\r")
                    expected.append(code.removeprefix("S08F"))
                await wait_until(lambda wanted=weight: last_weight(weights) == wanted, what=weight)  # type: ignore[misc]
                await wait_until(partial(lambda count: len(scanned(scans)) == count, len(expected)), what="every scan")
            assert scanned(scans) == expected
    finally:
        await simulated.stop()
    assert not [line for line in (*weights, *scans) if "frame_rejected" in line]
    assert {line["data"]["gtin"] for line in scans if line.get("event")} == {f"0{code[4:]}" for code in CODES}
