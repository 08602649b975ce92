"""Trouble of the gateway's process, its disk, its files and its clock."""

from __future__ import annotations

import asyncio
import errno
import time
from random import Random

from simulators.torture import page_damage
from simulators.torture.disk import DISK_FREE_BYTES_MIN
from simulators.torture.fake_clock import PACKAGE
from simulators.torture.fault import Fault
from simulators.torture.store import TortureStore

GATEWAY = frozenset({"gateway"})
FILES = frozenset({"gateway", "disk"})
"""Damage is written, so not while the disk is full."""
GATHERING_S = (0.5, 3.0)
"""Without the cloud, so that there are sales to be lost."""
DOWN_S = (0.0, 0.6)
"""Between an end and the next start."""
KILLED_AT_START_SHARE = 0.2
"""Of the kills, that wait for nothing."""
READY_S_MAX = 12.0
SELLING_WITHIN_S = 15.0
"""Waited for no longer: the broker may be away, the disk full, the machine slow."""
SELLING_S = 0.7
"""Mean time from then to the kill."""
LOOK_INTERVAL_S = 0.02
NEVER_FREE_BYTES = 1 << 50
"""No disk has so much free: with it as its reserve the gateway takes every disk for full."""


class Kill(Fault[TortureStore]):
    """kill -9 at any moment; most lives sell something first, some do not even get ready."""

    name = "kill"
    every_s = 1.2
    resources = GATEWAY

    async def do(self, random: Random) -> str:
        if random.random() >= KILLED_AT_START_SHARE:
            await self._until_selling()
            await asyncio.sleep(random.expovariate(1 / SELLING_S))
        await self.store.gateway.kill()
        await asyncio.sleep(random.uniform(*DOWN_S))
        await self.store.gateway.start()
        return "kill -9, then started"

    async def _until_selling(self) -> None:
        """Until a sale is accepted that was not before: this life has promised something then, in all likelihood."""
        oracle = self.store.oracle
        known, deadline = len(oracle.obligations), time.monotonic() + SELLING_WITHIN_S
        await self.store.gateway.wait_first_ready(READY_S_MAX)
        while len(oracle.obligations) == known and time.monotonic() < deadline:  # noqa: ASYNC110 - grows with each sale
            await asyncio.sleep(LOOK_INTERVAL_S)


class Terminate(Fault[TortureStore]):
    """SIGTERM: the orderly end."""

    name = "terminate"
    every_s = 30.0
    resources = GATEWAY

    async def do(self, random: Random) -> str:
        await self.store.gateway.stop()
        await asyncio.sleep(random.uniform(*DOWN_S))
        await self.store.gateway.start()
        return "SIGTERM, then started"


class Pause(Fault[TortureStore]):
    """SIGSTOP: the process stands still, and whoever talks to it waits. It may be killed meanwhile."""

    name = "pause"
    every_s = 20.0
    lasts_s = (0.5, 4.0)
    resources = frozenset({"pause"})

    async def do(self, random: Random) -> str:
        return f"SIGSTOP to {self.store.gateway.pause()}"

    async def heal(self) -> None:
        self.store.gateway.resume()


class OfflineBoot(Fault[TortureStore]):
    """A start with broker, cloud or both away."""

    name = "offline_boot"
    every_s = 30.0
    lasts_s = (0.5, 4.0)
    resources = frozenset({"gateway", "bus link", "cloud link"})

    async def do(self, random: Random) -> str:
        links = {"broker": self.store.bus_relay, "cloud": self.store.cloud_relay}
        away = random.choice((["broker"], ["cloud"], ["broker", "cloud"]))
        await self.store.gateway.kill()
        for name in away:
            await links[name].refuse()
            links[name].cut()
        await self.store.gateway.start()
        return f"started without {' and '.join(away)}"

    async def heal(self) -> None:
        await self.store.bus_relay.heal()
        await self.store.cloud_relay.heal()


class DiskFull(Fault[TortureStore]):
    """Something else fills the disk: below the gateway's reserve, or to the last byte."""

    name = "disk_full"
    every_s = 25.0
    lasts_s = (0.5, 5.0)
    resources = frozenset({"disk"})

    def why_not(self) -> str | None:
        return None if self.store.disk.is_small else f"no tmpfs can be mounted here: {self.store.disk.why_not}"

    async def do(self, random: Random) -> str:
        left = random.choice((0, 0, random.randrange(100_000), random.randrange(DISK_FREE_BYTES_MIN)))
        return f"{self.store.disk.fill(left)} bytes left"

    async def heal(self) -> None:
        self.store.disk.free()


class DiskReserve(Fault[TortureStore]):
    """Where no disk can be filled: a start with a reserve that no disk has, so that everything new is refused."""

    name = "disk_reserve"
    every_s = 25.0
    lasts_s = (1.0, 5.0)
    resources = GATEWAY

    def why_not(self) -> str | None:
        return "disk_full is real here" if self.store.disk.is_small else None

    async def do(self, random: Random) -> str:
        await self._restart(NEVER_FREE_BYTES)
        return "started with a disk that counts as full"

    async def heal(self) -> None:
        await self._restart(DISK_FREE_BYTES_MIN)

    async def _restart(self, disk_free_bytes_min: int) -> None:
        self.store.write_config(disk_free_bytes_min=disk_free_bytes_min)
        await self.store.gateway.stop()
        await self.store.gateway.start()


class TornPages(Fault[TortureStore]):
    """Between a kill and the next start: damage of the kind that SQLite promises to survive."""

    name = "torn_pages"
    every_s = 15.0
    resources = FILES

    async def do(self, random: Random) -> str:
        await self.store.gateway.kill()
        try:
            words = await asyncio.to_thread(page_damage.tear, self.store.database, random)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            words = "not done: the disk is full just now"
        await self.store.gateway.start()
        return words


class FlippedBits(Fault[TortureStore]):
    """Between two runs: bits flipped where a page has no other copy, with sales kept there that the cloud has not.

    They are in the WAL, or after a checkpoint in the database. Some may be gone for good.
    """

    name = "flipped_bits"
    every_s = 25.0
    resources = FILES | {"cloud link"}

    async def do(self, random: Random) -> str:
        store = self.store
        await store.cloud_relay.refuse()
        store.cloud_relay.cut()
        await asyncio.sleep(random.uniform(*GATHERING_S))
        await store.gateway.kill()
        store.oracle.put_at_risk(await asyncio.to_thread(page_damage.event_ids_kept, store.database))
        if random.random() < 0.5:
            words = await asyncio.to_thread(page_damage.flip_wal_bits, store.database, random)
        else:
            await asyncio.to_thread(page_damage.checkpoint, store.database)
            words, _ = await asyncio.to_thread(page_damage.flip_bits, store.database, random)
        await store.gateway.start()
        await store.cloud_relay.heal()
        return words


class KeyRotation(Fault[TortureStore]):
    """A new key for what is stored is put before the old ones, while the gateway runs."""

    name = "key_rotation"
    every_s = 30.0
    resources = frozenset({"keys"})

    async def do(self, random: Random) -> str:
        return f"{self.store.add_key(random)} keys"


class ClockJump(Fault[TortureStore]):
    """The wall clock of the gateway is set to another time while it runs."""

    name = "clock_jump"
    every_s = 12.0
    resources = frozenset({"clock"})
    jumps_s = (-86_400, 86_400, -3_600, 3_600, -2, 2, 30 * 86_400, 0)

    def why_not(self) -> str | None:
        return None if self.store.clock.is_available else f"{PACKAGE} is not installed (apt-get install {PACKAGE})"

    async def do(self, random: Random) -> str:
        self.store.clock.set(random.choice(self.jumps_s))
        return f"the gateway's clock is {self.store.clock.offset_s:+d} s off"
