"""What happens to a printer, or to the gateway while it prints: at a byte that the seed has drawn."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from simulators.print_torture.byte_traps import When
from simulators.print_torture.ends import (
    GatewayEnd,
    Kill,
    PrintBrokerKill,
    PrintBrokerRestart,
    Terminate,
    at_byte,
)
from simulators.print_torture.printers import TorturedPrinter
from simulators.print_torture.store import PrintStore
from simulators.torture.fault import Fault
from simulators.torture.faults_around import BusAnswersSwallowed, TillAnswersSwallowed

BYTES_MEAN = 1_500
"""To the byte at which a printer has its trouble: about the size of a job."""


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
        traps = self.printer.traps
        words = await at_byte(self.store, self.kind, traps, BYTES_MEAN, random, self.when, self.strike)
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
        self.printer.unplug()


class ConnectionCut(PrinterTrouble):
    """A TCP reset; a loose plug."""

    kind = "connection_cut"
    every_s = 10.0

    def strike(self) -> None:
        self.printer.cut()

    async def go_on(self) -> None:
        await self.printer.plug()


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
    PrintBrokerRestart,
    PrintBrokerKill,
    BusAnswersSwallowed,
    TillAnswersSwallowed,
)


def at_byte_names(*, without: frozenset[str] = frozenset()) -> list[str]:
    """Of the faults that strike within a byte, those that are not left out."""
    ends = {kind.name for kind in AROUND if issubclass(kind, GatewayEnd | PrintBrokerRestart)}
    return sorted({*ends, *(trouble.kind for trouble in TROUBLES)} - without)


def fault_names() -> list[str]:
    return sorted([*(fault.name for fault in AROUND), *(trouble.kind for trouble in TROUBLES)])


def faults_of(store: PrintStore, *, without: frozenset[str] = frozenset()) -> list[Fault[PrintStore]]:
    """Every fault but those named, and every trouble for each printer."""
    faults: list[Fault[PrintStore]] = [kind(store) for kind in AROUND if kind.name not in without]
    for printer in store.printers:
        faults += [kind(store, printer) for kind in TROUBLES if kind.kind not in without]
    return faults
