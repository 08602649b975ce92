"""A scale driver under test: on a loopback with a clock moved by hand, or on a real pty with a simulated scale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from drivers.polled_scale import PolledScale
from drivers.scale_settings import PolledScaleSettings
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.transport import Transport
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.loopback import FarEnd, LoopbackTransport
from edge_gateway.transports.serial import SerialTransport
from simulators.link import PtyLink
from simulators.toledo_8217 import Toledo8217Scale
from tests.support.clock import FakeClock

POLL_S = 0.1
REPLY_S = 0.2
PTY_REPLY_S = 0.25
"""The simulated scale has a turn of the loop within this, also on a machine that is busy with other tests."""
STEP_S = 0.02


class Bench:
    """A running driver and everything it said."""

    def __init__(self, transport: Transport, clock: Clock, settings: dict[str, Any]) -> None:
        self.lines: list[Line] = []
        self.session = TellingSession("lane-1-scale", transport, clock, self.lines.append)
        self.driver = PolledScale(
            self.session, PolledScaleSettings.model_validate({"protocol": "scale/toledo-8217", **settings})
        )
        self.run = DriverRun(self.session, self.driver)

    @property
    def readings(self) -> list[dict[str, Any]]:
        """The data of every ``weight_changed``."""
        return [line["data"] for line in self.lines if line.get("event") == "weight_changed"]

    @property
    def statuses(self) -> list[str]:
        return [reading["status"] for reading in self.readings]

    @property
    def answering(self) -> list[bool]:
        return [line["answering"] for line in self.lines if "answering" in line]


class ByHand(Bench):
    """On a loopback; ``reply`` is what the scale sends to the next questions (None: nothing)."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        transport = LoopbackTransport()
        super().__init__(transport, self.clock, settings)
        self.far_end: FarEnd = transport.far_end
        self.reply: bytes | Callable[[], bytes | None] | None = None
        self.heard: list[bytes] = []
        self.far_end.on_bytes = self._answer

    def _answer(self, data: bytes) -> None:
        self.heard.append(data)
        reply = self.reply() if callable(self.reply) else self.reply
        if reply is not None:
            self.far_end.write(reply)

    async def execute(self, name: str, params: Mapping[str, Any] | None = None, seconds: float = 4.0) -> dict[str, Any]:
        """The result of a command that ends within ``seconds`` of this clock."""
        task = asyncio.ensure_future(self.driver.execute(name, params or {}))
        try:
            await self.advance(seconds)
            assert task.done(), f"{name} has not ended in {seconds} s"
            return dict(task.result())
        finally:
            task.cancel()

    async def advance(self, seconds: float) -> None:
        """In small steps, so that what is late is late by little."""
        for _ in range(round(seconds / STEP_S)):
            await self.clock.advance(STEP_S)


@asynccontextmanager
async def on_pty(path: Path, rng: Random, **settings: Any) -> AsyncIterator[tuple[Bench, Toledo8217Scale, PtyLink]]:
    """A simulated scale on a real pty, the real serial transport, the driver."""
    link = PtyLink(path)
    scale = Toledo8217Scale(link, rng=rng, reply_delay_s=0.0)
    await scale.start()
    try:
        transport = SerialTransport(SerialTransportSettings(kind="serial", path=path))
        bench = Bench(transport, SystemClock(), {"poll_interval_s": 0.02, "reply_timeout_s": PTY_REPLY_S, **settings})
        async with bench.run:
            yield bench, scale, link
    finally:
        await scale.stop()
