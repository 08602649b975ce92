"""A price-computing scale under test: a simulated one on a loopback, in virtual time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from drivers.price_scale import DialogueScale
from drivers.price_scale_settings import PriceScaleSettings
from edge_gateway.contracts.tap import tapped
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.transports.loopback import FarEnd, LoopbackTransport
from simulators.weighing_plate import WeighingPlate, Wire
from tests.sim.virtual_time import VirtualClock, run
from tests.support.waiting import wait_until

MakeScale = Callable[..., WeighingPlate]


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test whose time jumps wherever everything waits. Nothing in it may use a thread or a socket."""

    @functools.wraps(test)
    def timeless(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return timeless


@dataclass
class PriceBench:
    """A running driver, its scale, and everything it said."""

    driver: DialogueScale
    scale: Any
    far_end: FarEnd
    lines: list[Line] = field(default_factory=list)
    passed: list[bytes] = field(default_factory=list)
    """What passed either way, as far as it may be kept."""
    forgotten: int = 0

    def forget(self, is_sent_too: bool) -> None:
        assert is_sent_too
        self.passed.clear()
        self.forgotten += 1

    @property
    def readings(self) -> list[dict[str, Any]]:
        """The data of every ``weight_changed``."""
        return [line["data"] for line in self.lines if line.get("event") == "weight_changed"]

    @property
    def answering(self) -> list[bool]:
        return [line["answering"] for line in self.lines if "answering" in line]

    async def until_refusing_to_start(self) -> None:
        await wait_until(lambda: self.driver._problem.startswith("nothing is sent"), what="a secret that is missed")

    async def until_answering(self) -> None:
        await wait_until(lambda: self.answering and self.answering[-1], what=f"an answer; said {self.lines}")

    async def until_told(self, status: str, weight: str | None = None) -> None:
        def is_told() -> bool:
            return bool(self.readings) and (self.readings[-1]["status"], self.readings[-1]["weight"]) == (
                status,
                weight,
            )

        await wait_until(is_told, what=f"{status} {weight}; told {self.readings[-3:]}")

    async def calculate(self, **params: str) -> dict[str, Any]:
        return dict(await self.driver.execute("do_price_calculating", params))


@asynccontextmanager
async def price_bench(
    protocol: str, make: Callable[[Wire], WeighingPlate], **settings: Any
) -> AsyncIterator[PriceBench]:
    """The driver with a simulated scale; polls fast."""
    transport = LoopbackTransport()
    scale = make(transport.far_end)
    scale.rng, scale.reply_delay_s = Random(7), 0.0
    lines: list[Line] = []
    passed: list[bytes] = []
    tap = tapped(transport, lambda direction, data: passed.append(data))
    session = TellingSession(
        "lane-1-scale", tap, VirtualClock(), lines.append, lambda is_sent_too: bench.forget(is_sent_too)
    )
    driver = DialogueScale(
        session, PriceScaleSettings.model_validate({"protocol": protocol, "poll_interval_s": 0.05, **settings})
    )
    bench = PriceBench(driver, scale, transport.far_end, lines, passed)
    await scale.start()
    try:
        async with DriverRun(session, driver):
            yield bench
            await asyncio.sleep(0)
    finally:
        await scale.stop()
