"""The weather: what happens comes from the seed, what shares a resource waits, what cannot be done here is named."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import ClassVar

from simulators.torture.fault import Fault, Weather
from simulators.torture.store import TortureStore
from simulators.torture.table import FAULTS, faults_of
from tests.support.waiting import wait_until


class Noting(Fault[TortureStore]):
    """Notes what it draws; lasts a moment."""

    name = "noting"
    every_s = 0.001
    lasts_s = (0.0, 0.001)
    resources = frozenset({"thing"})
    drawn: ClassVar[list[tuple[str, int]]] = []
    in_hand: ClassVar[list[str]] = []

    async def do(self, random: Random) -> str:
        assert not self.in_hand, f"{self.name} and {self.in_hand} at once"
        self.in_hand.append(self.name)
        self.drawn.append((self.name, random.randrange(1000)))
        return "noted"

    async def heal(self) -> None:
        self.in_hand.remove(self.name)


class Other(Noting):
    name = "other"


class Impossible(Noting):
    name = "impossible"

    def why_not(self) -> str | None:
        return "no such thing here"


async def _rage(tmp_path: Path, seed: int) -> tuple[Weather, dict[str, list[int]]]:
    Noting.drawn.clear()
    store = TortureStore(tmp_path, seed)
    weather = Weather([kind(store) for kind in (Noting, Other, Impossible)], seed)
    closing = asyncio.Event()
    raging = asyncio.create_task(weather.run(closing))
    async with asyncio.timeout(20):
        await wait_until(lambda: min(weather.counters["noting"], weather.counters["other"]) >= 10)
        closing.set()
        await raging
    return weather, {name: [n for each, n in Noting.drawn if each == name][:10] for name in ("noting", "other")}


async def test_weather_of_one_seed_is_the_same_again(tmp_path: Path) -> None:
    _, first = await _rage(tmp_path, 1)
    _, again = await _rage(tmp_path, 1)
    _, other = await _rage(tmp_path, 2)
    assert first == again != other


async def test_weather_heals_what_it_made_and_names_what_it_cannot_make(tmp_path: Path) -> None:
    weather, _ = await _rage(tmp_path, 3)
    assert Noting.in_hand == []
    assert weather.unavailable == {"impossible": "no such thing here"}
    assert weather.counters["impossible"] == 0
    assert any("noting: healed" in line for line in weather.diary)


def test_table_names_each_fault_once_and_leaves_out_what_is_named(tmp_path: Path) -> None:
    names = [kind.name for kind in FAULTS]
    assert len(names) == len(set(names))
    used = {fault.name for fault in faults_of(TortureStore(tmp_path, 1), without=frozenset({"kill"}))}
    assert used == set(names) - {"kill"}
