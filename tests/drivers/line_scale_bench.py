"""A scale that is asked or sends lines: the simulated far end on a real pty, the real transport, codec and driver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.serial import SerialTransport
from simulators.line_scale import LineScale
from simulators.link import PtyLink

POLL_S = 0.02
REPLY_S = 0.25
"""The simulated scale has a turn of the loop within this, also on a machine that is busy with other tests."""
SILENCE_S = 0.5
STREAM_S = 0.02


class LineBench:
    """A running driver of a packaged profile, and everything it said."""

    def __init__(self, profile_name: str, transport: SerialTransport, settings: dict[str, Any]) -> None:
        profile = load_profile(profile_name)
        driver_class = load_driver(profile)
        is_polled = profile.driver.endswith(":PolledScale")
        pace = {"poll_interval_s": POLL_S, "reply_timeout_s": REPLY_S} if is_polled else {"silence_s": SILENCE_S}
        self.lines: list[Line] = []
        self.session = TellingSession("lane-1-scale", transport, SystemClock(), self.lines.append)
        self.driver = driver_class(
            self.session, driver_class.Settings.model_validate({**profile.settings, **pace, **settings})
        )
        self.run = DriverRun(self.session, self.driver)

    @property
    def readings(self) -> list[dict[str, Any]]:
        """The data of every ``weight_changed``."""
        return [line["data"] for line in self.lines if line.get("event") == "weight_changed"]

    def shows(self, status: str, weight: str | None = None) -> bool:
        """The last reading is this one."""
        last = self.readings[-1] if self.readings else {}
        return last.get("status") == status and (weight is None or last["weight"] == weight)


@asynccontextmanager
async def on_pty(
    path: Path, protocol: str, profile: str, rng: Random, **settings: Any
) -> AsyncIterator[tuple[LineBench, LineScale, PtyLink]]:
    """A simulated scale of ``protocol``, driven as the packaged ``profile`` says."""
    link = PtyLink(path)
    scale = LineScale(link, protocol, rng=rng, reply_delay_s=0.0, stream_interval_s=STREAM_S)
    await scale.start()
    try:
        transport = SerialTransport(SerialTransportSettings(kind="serial", path=path))
        bench = LineBench(profile, transport, settings)
        async with bench.run:
            yield bench, scale, link
    finally:
        await scale.stop()
