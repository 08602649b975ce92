"""What happens to a printer, or to the gateway while it prints: at a byte that the seed has drawn."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from random import Random
from typing import ClassVar

from simulators.print_torture.byte_traps import ByteTraps, When
from simulators.print_torture.printers import TorturedPrinter
from simulators.print_torture.store import PrintStore
from simulators.torture.fault import Fault
from simulators.torture.faults_around import BrokerKill, BrokerRestart, BusAnswersSwallowed, TillAnswersSwallowed

BYTES_MEAN = 1_500
"""To the byte at which a printer has its trouble: about the size of a job."""
KILL_BYTES_MEAN = 6_000
"""To the byte at which the gateway ends, on one of the printers: each life prints a few jobs."""
PATIENCE_S = 15.0
"""For that byte; a printer that gets none has its fault while it is idle."""
DOWN_S = (0.0, 0.6)
"""Between an end of the gateway and its next start."""
AT_ANY_TIME_SHARE = 0.25
"""Of its ends, that come at a moment and not at a byte: at acceptance, at its start."""
READY_S_MAX = 12.0


async def at_byte(store: PrintStore, traps: ByteTraps, count: int, when: When, do: Callable[[], None]) -> str:
    """Do it when so many more bytes have passed, or now if they take too long, or at once if the campaign ends."""
    is_done = asyncio.Event()

    def spring() -> None:
        do()
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
        return "no byte passed by"
    return f"byte {count} {when}"


class GatewayEnd(Fault[PrintStore]):
    """The gateway ends while a printer receives, and starts again."""

    resources = frozenset({"gateway"})
    number: ClassVar[signal.Signals]

    async def do(self, random: Random) -> str:
        gateway, printer = self.store.gateway, random.choice(self.store.printers)
        if random.random() < AT_ANY_TIME_SHARE:
            await asyncio.sleep(random.expovariate(1.0))
            words = "at any time"
        else:
            await gateway.wait_first_ready(READY_S_MAX)
            count = round(random.expovariate(1 / KILL_BYTES_MEAN))
            words = await at_byte(self.store, printer.traps, count, "received", lambda: gateway.strike(self.number))
        await (gateway.kill() if self.number is signal.SIGKILL else gateway.stop())
        await asyncio.sleep(random.uniform(*DOWN_S))
        await gateway.start()
        return f"{self.number.name} at {printer.name}: {words}; started"


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


class PrinterTrouble(Fault[PrintStore]):
    """Something happens to one printer. Each printer has its own weather; no two troubles of one meet."""

    kind: ClassVar[str]
    when: ClassVar[When] = "received"

    def __init__(self, store: PrintStore, printer: TorturedPrinter) -> None:
        super().__init__(store)
        self.name = f"{self.kind} {printer.name}"
        self.resources = frozenset({printer.name})
        self.printer = printer

    async def do(self, random: Random) -> str:
        count = round(random.expovariate(1 / BYTES_MEAN))
        words = await at_byte(self.store, self.printer.traps, count, self.when, self.strike)
        await self.go_on()
        return words

    def strike(self) -> None:
        """At the byte."""
        self.printer.machine.set_fault(self.kind)  # type: ignore[arg-type]  # the kinds below are names of faults

    async def go_on(self) -> None:
        """What takes longer than a byte."""
        return

    async def heal(self) -> None:
        await self.printer.heal()


class PaperOut(PrinterTrouble):
    """The roll ends in the middle; a new one is put in."""

    kind, when = "paper_out", "printed"
    every_s = 10.0
    lasts_s = (0.5, 4.0)


class CoverOpen(PrinterTrouble):
    """Somebody opens the cover, and closes it."""

    kind, when = "cover_open", "printed"
    every_s = 10.0
    lasts_s = (0.5, 3.0)


class CutterJam(PrinterTrouble):
    """The knife is stuck until a person frees it."""

    kind, when = "cutter_jam", "printed"
    every_s = 20.0
    lasts_s = (0.5, 3.0)


class PowerOff(PrinterTrouble):
    """Switched off and on: what it had not printed is forgotten."""

    kind = "power_off"
    every_s = 12.0
    lasts_s = (1.5, 5.0)


class Unplug(PrinterTrouble):
    """Its cable is pulled and put back: USB and serial ports vanish, in a network bytes do."""

    kind = "unplug"
    every_s = 12.0
    lasts_s = (0.5, 5.0)

    def strike(self) -> None:
        self._unplugging = asyncio.ensure_future(self.printer.unplug())

    async def go_on(self) -> None:
        await self._unplugging


class ConnectionCut(PrinterTrouble):
    """A TCP reset; a loose plug."""

    kind = "connection_cut"
    every_s = 10.0

    def strike(self) -> None:
        self.printer.cut()


class Stall(PrinterTrouble):
    """It stands still and says that it is well."""

    kind, when = "stall", "printed"
    every_s = 15.0
    lasts_s = (0.5, 6.0)


class Hold(PrinterTrouble):
    """It takes no byte: no DTR, XOFF, a closed TCP window."""

    kind = "hold"
    every_s = 15.0
    lasts_s = (0.5, 6.0)


class Mute(PrinterTrouble):
    """It prints, and answers nothing."""

    kind = "mute"
    every_s = 20.0
    lasts_s = (0.5, 4.0)


TROUBLES: tuple[type[PrinterTrouble], ...] = (
    PaperOut,
    CoverOpen,
    CutterJam,
    PowerOff,
    Unplug,
    ConnectionCut,
    Stall,
    Hold,
    Mute,
)
AROUND: tuple[type[Fault[PrintStore]], ...] = (
    Kill,
    Terminate,
    BrokerRestart,
    BrokerKill,
    BusAnswersSwallowed,
    TillAnswersSwallowed,
)


def fault_names() -> list[str]:
    return sorted([*(fault.name for fault in AROUND), *(trouble.kind for trouble in TROUBLES)])


def faults_of(store: PrintStore, *, without: frozenset[str] = frozenset()) -> list[Fault[PrintStore]]:
    """Every fault but those named, and every trouble for each printer."""
    faults: list[Fault[PrintStore]] = [kind(store) for kind in AROUND if kind.name not in without]
    for printer in store.printers:
        faults += [kind(store, printer) for kind in TROUBLES if kind.kind not in without]
    return faults
