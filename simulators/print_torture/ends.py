"""The gateway or its broker ends while a printer receives, within a byte that the seed has drawn."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from random import Random
from typing import ClassVar

from simulators.print_torture.byte_traps import ByteTraps, When
from simulators.print_torture.store import PrintStore
from simulators.torture.fault import Fault

AROUND_BYTES_MEAN = 12_000
"""To the byte of any printer at which the gateway or its broker ends: each life prints a few jobs."""
PATIENCE_S = 15.0
"""For that byte; a printer that gets none has its fault while it is idle."""
DOWN_S = (0.0, 0.6)
"""Between an end of the gateway and its next start."""
AT_ANY_TIME_SHARE = 0.25
"""Of its ends, that come at a moment and not at a byte: at acceptance, at its start."""
READY_S_MAX = 12.0


async def at_byte(
    store: PrintStore, fault: str, traps: ByteTraps, mean: int, random: Random, when: When, do: Callable[[], None]
) -> str:
    """Do it within a byte that the seed has drawn, or now if it takes too long, or at once if the campaign ends."""
    is_done = asyncio.Event()
    count = round(random.expovariate(1 / mean))

    def spring() -> None:
        do()
        store.effects.at_byte(fault, traps.place)
        is_done.set()

    trap = traps.set(count, when, spring)
    waits = [asyncio.ensure_future(event.wait()) for event in (is_done, store.closing)]
    try:
        await asyncio.wait(waits, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
    if traps.disarm(trap):
        do()
        store.effects.idle(fault)
        return "no byte passed by"
    return f"byte {count} {when}, {traps.place} behind a cut"


class GatewayEnd(Fault[PrintStore]):
    """The gateway ends while a printer receives, and starts again."""

    resources = frozenset({"gateway"})
    number: ClassVar[signal.Signals]

    async def do(self, random: Random) -> str:
        store, gateway = self.store, self.store.gateway
        if random.random() < AT_ANY_TIME_SHARE:
            await asyncio.sleep(random.expovariate(1.0))
            store.effects.at_any_time(self.name)
            words = "at any time"
        else:
            await gateway.wait_first_ready(READY_S_MAX)

            def strike() -> None:
                gateway.strike(self.number)

            words = await at_byte(store, self.name, store.traps, AROUND_BYTES_MEAN, random, "received", strike)
        await (gateway.kill() if self.number is signal.SIGKILL else gateway.stop())
        await asyncio.sleep(random.uniform(*DOWN_S))
        await gateway.start()
        return f"{self.number.name}: {words}; started"


class Kill(GatewayEnd):
    """kill -9."""

    name = "kill"
    every_s = 1.0
    number = signal.SIGKILL


class Terminate(GatewayEnd):
    """SIGTERM: the orderly end."""

    name = "terminate"
    every_s = 15.0
    number = signal.SIGTERM


class PrintBrokerRestart(Fault[PrintStore]):
    """The broker ends in order while a printer receives, and starts again."""

    name = "broker_restart"
    every_s = 15.0
    lasts_s = (0.0, 1.0)
    resources = frozenset({"broker"})
    number: ClassVar[signal.Signals] = signal.SIGTERM

    async def do(self, random: Random) -> str:
        store = self.store

        def strike() -> None:
            store.strike_broker(self.number)

        words = await at_byte(store, self.name, store.traps, AROUND_BYTES_MEAN, random, "received", strike)
        await store.end_broker(store.broker.kill if self.number is signal.SIGKILL else store.broker.stop)
        return f"{self.number.name}: {words}"

    async def heal(self) -> None:
        await self.store.start_broker()


class PrintBrokerKill(PrintBrokerRestart):
    """kill -9 of the broker: what it knew is gone, or is what it knew at its last orderly stop."""

    name = "broker_kill"
    lasts_s = (0.0, 3.0)
    number = signal.SIGKILL
