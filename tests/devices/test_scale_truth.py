"""The truth table of scales: whatever happens, no wrong weight is called stable, and what returns is back soon."""

from __future__ import annotations

import asyncio
import gc
import time
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from edge_gateway.contracts.errors import RequestError
from edge_gateway.devices.raw_ring import RawChunk
from tests.devices.scale_stand import KINDS, HastyClock, Kind, Stand, stands
from tests.support.descriptors import descriptor_count
from tests.support.waiting import wait_until

BACK_S_MAX = 2.0
ABSENCES_S = (1.0, 7.0)
CYCLES = 250
"""Of each kind: a thousand in all."""
WARM_UP_CYCLES = 50
"""Caches and bounded histories are full after these."""
OBJECTS_GROWTH_MAX = 500
"""Of objects that the garbage collector tracks, over 800 cycles: less than one for a cycle."""
RESIDENT_GROWTH_BYTES_MAX = 4 << 20
APPLE, PEAR = Decimal("1.234"), Decimal("0.567")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@every_kind
async def test_each_trouble_is_a_state_of_its_own_without_a_weight(kind: Kind, tmp_path: Path) -> None:
    async with stands(tmp_path, [kind]) as (stand,):
        await stand.until_status("weight_zero")
        for trouble, status in kind.says.items():
            stand.put(APPLE)
            await stand.until_shown(APPLE)
            stand.scale.status = trouble
            await stand.until_status(status)
            answer = await stand.supervisor.execute("read_weight", {}, deadline_s=10.0)
            assert (answer["status"], answer["weight"]) == (status, None), trouble
            stand.scale.status = "stable"
            stand.put(PEAR)
            await stand.until_shown(PEAR)
    assert stand.wrong == []


@every_kind
async def test_scale_that_settles_is_never_told_in_between(kind: Kind, tmp_path: Path) -> None:
    async with stands(tmp_path, [kind]) as (stand,):
        stand.scale.settle_s = 0.1
        for step in range(1, 11):
            weight = Decimal(step) / 10
            stand.put(weight)
            await stand.until_shown(weight)
    assert stand.wrong == []


async def test_scales_are_back_soon_after_any_absence(tmp_path: Path) -> None:
    """All kinds at once; what lies on the plate is exchanged while they are away."""
    async with stands(tmp_path, KINDS) as all_stands:
        for number, absence_s in enumerate(ABSENCES_S):
            before, after = APPLE + number, PEAR + number
            for stand in all_stands:
                stand.put(before)
                await stand.until_shown(before)
            pulled_at_s = time.monotonic()
            await asyncio.gather(*(stand.pull() for stand in all_stands))
            for stand in all_stands:
                with pytest.raises(RequestError):
                    await stand.supervisor.execute("read_weight", {}, deadline_s=0.5)
                stand.truths.clear()  # nothing of before may be told again
                stand.put(after)
            await wait_until(lambda end_s=pulled_at_s + absence_s: time.monotonic() >= end_s, what="the absence")
            plugged_at_s = time.monotonic()
            for stand in all_stands:
                stand.link.plug()
            for stand in all_stands:
                await stand.until_shown(after)
                assert time.monotonic() - plugged_at_s <= BACK_S_MAX, stand.kind
    assert [stand.wrong for stand in all_stands] == [[] for _ in all_stands]


async def test_a_thousand_unplugs_leave_nothing_behind(tmp_path: Path) -> None:
    """Measured after the first fifty of each kind and at the end: descriptors, objects, memory."""
    async with stands(tmp_path, KINDS, HastyClock()) as all_stands:
        for stand in all_stands:
            await stand.until_status("weight_zero")
        await asyncio.gather(*(_cycles(stand, WARM_UP_CYCLES) for stand in all_stands))
        before = _held()
        await asyncio.gather(*(_cycles(stand, CYCLES - WARM_UP_CYCLES) for stand in all_stands))
        after = _held()
    assert [stand.wrong for stand in all_stands] == [[] for _ in all_stands]
    assert after[0] == before[0], "file descriptors"
    assert after[1] - before[1] <= OBJECTS_GROWTH_MAX, "objects"
    assert after[2] - before[2] <= RESIDENT_GROWTH_BYTES_MAX, "resident memory"


async def _cycles(stand: Stand, count: int) -> None:
    random = Random(f"{stand.kind} {count}")
    for _ in range(count):
        await _cycle(stand, random)


async def _cycle(stand: Stand, random: Random) -> None:
    """Pulled, exchanged what lies on it, plugged in; sometimes in the middle of something."""
    if random.random() < 0.3:
        stand.scale.status = random.choice(["motion", "garbage", "half", "silent"])
    await stand.pull()
    stand.scale.status = "stable"
    stand.truths.clear()
    weight = Decimal(random.randrange(1, 15000)) / 1000
    stand.put(weight)
    stand.link.plug()
    await stand.until_shown(weight)


def _held() -> tuple[int, int, int]:
    """Open descriptors, tracked objects, resident bytes. Without the chunks of the raw rings, which have a bound."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    objects = sum(1 for held in gc.get_objects() if not isinstance(held, RawChunk))
    return descriptor_count(), objects, pages * 4096
