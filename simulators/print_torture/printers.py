"""The simulated printers of the campaign, each with its wire, its paper, and everything that can happen to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from simulators.escpos_printer import EscposPrinter
from simulators.link import PtyLink
from simulators.mosquitto import free_port
from simulators.print_torture.byte_traps import ByteTraps, When
from simulators.print_torture.roll import Roll
from simulators.printer_wires import WiredPrinter
from simulators.relay import Flow, Relay
from simulators.star_printer import StarPrinter

COPY_MARK: Final = "=COPY="
"""No line of a job can have it."""
BYTES_PER_S: Final = 5_000.0
"""Some 150 mm/s: the fastest there are, so that a campaign prints a lot; slow enough that faults meet a full buffer."""
STATUS_INTERVAL_S: Final = 0.5
CONFIRM_TIMEOUT_S: Final = 4.0
"""Shorter than in operation: a print that is never confirmed holds its printer up so long, and more for its bytes."""
SETTINGS: Final = {"status_interval_s": STATUS_INTERVAL_S, "confirm_timeout_s": CONFIRM_TIMEOUT_S}


class _Watched(WiredPrinter):
    """A printer in which traps can be laid: its own, and ``shared`` ones that wait for a byte of any printer."""

    def __init__(self, **machine: Any) -> None:
        self.traps = ByteTraps()
        self.shared = ByteTraps()
        self._behind_cut = 0
        super().__init__(**machine)

    def _receive(self, byte: int) -> None:
        super()._receive(byte)
        self._pass(1, "received", self._behind_cut + self.unprinted_bytes)

    def _step(self) -> int:
        cuts = self.paper.cut_count
        consumed = super()._step()
        self._behind_cut = 0 if self.paper.cut_count > cuts else self._behind_cut + consumed
        self._pass(consumed, "printed", self._behind_cut)
        return consumed

    def _pass(self, count: int, when: When, place: int) -> None:
        for traps in (self.traps, self.shared):
            traps.passed(count, when, place)


class WatchedEscpos(_Watched, EscposPrinter):
    """Of Epson's language."""


class WatchedStar(_Watched, StarPrinter):
    """Of Star's."""


class TorturedPrinter(ABC):
    """One printer. ``name`` is its device id."""

    def __init__(self, name: str, machine: _Watched, profile: str) -> None:
        self.name = name
        self.machine = machine
        self.traps = machine.traps
        self.roll = Roll(COPY_MARK)
        self._profile = profile
        self._taken = 0
        machine.on_change = self._happened

    @abstractmethod
    async def start(self) -> None:
        """Be there. Raises OSError."""

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    def unplug(self) -> None:
        """Its cable is pulled, within a byte if need be; it keeps its power, and prints what it has."""

    @abstractmethod
    async def plug(self) -> None:
        """Idempotent."""

    @abstractmethod
    def cut(self) -> None:
        """The connection breaks, within a byte if need be; ``plug`` must follow at once."""

    @abstractmethod
    def _transport(self) -> dict[str, Any]:
        """As configured."""

    def device(self, lane: str) -> dict[str, Any]:
        """For the gateway's configuration."""
        return {
            "id": self.name,
            "lane": lane,
            "profile": self._profile,
            "transport": self._transport(),
            "settings": {**SETTINGS},
            "printing": {"copy_mark": COPY_MARK, "deadline_s": 900.0, "reply_deadline_s": 900.0},
        }

    async def heal(self) -> None:
        """Well, whatever a fault was in the middle of."""
        for fault in FAULTS:
            self.machine.set_fault(fault, is_on=False)
        self.machine.recover(is_clearing=False)
        await self.plug()

    def finish_roll(self) -> None:
        """At the end: what hangs out of the printer, uncut."""
        self.roll.take(self.machine.paper.hanging.items)

    def _happened(self, what: str) -> None:
        if what == "receipt":
            self.roll.take(self.machine.paper.receipts[-1].items)
        elif what == "drawer_opened":
            self.machine.close_drawer()


FAULTS: Final = ("paper_out", "cover_open", "cutter_jam", "stall", "mute", "hold", "power_off")
"""Of the machine, that last until they are mended."""


class NetworkPrinter(TorturedPrinter):
    """Over TCP, through a relay that is its network."""

    def __init__(self, name: str, machine: _Watched, profile: str) -> None:
        super().__init__(name, machine, profile)
        self._port = free_port()
        self._relay = Relay("127.0.0.1", self._port, port=free_port())

    async def start(self) -> None:
        await self.machine.listen_tcp(port=self._port)
        await self._relay.start()

    async def stop(self) -> None:
        await self._relay.stop()
        await self.machine.stop()

    def unplug(self) -> None:
        self._relay.swallow()
        self.machine.break_line(is_noticed=False)

    async def plug(self) -> None:
        if Flow.SWALLOW in (self._relay.to_target, self._relay.to_client):
            await self._relay.heal()
            self._relay.cut()  # also a connection that was idle meanwhile: its printer is deaf to it

    def cut(self) -> None:
        self.machine.break_line(is_noticed=True)
        self._relay.cut()

    def _transport(self) -> dict[str, Any]:
        return {"kind": "tcp", "host": "127.0.0.1", "port": self._relay.port, "connect_timeout_s": 2.0}


class SerialPrinter(TorturedPrinter):
    """On a pty. ``flow``: stops its host with XOFF, else as DTR does."""

    def __init__(
        self, name: str, machine: _Watched, profile: str, path: Path, flow: Literal["xonxoff", "none"]
    ) -> None:
        super().__init__(name, machine, profile)
        self._link = PtyLink(path)
        self._flow = flow

    async def start(self) -> None:
        self._link.plug()
        await self.machine.attach(self._link)

    async def stop(self) -> None:
        self._link.unplug()
        await self.machine.stop()

    def unplug(self) -> None:
        self.machine.break_line(is_noticed=True)
        self._link.unplug()

    async def plug(self) -> None:
        if not self._link.is_plugged:
            self._link.plug()
            await self.machine.attach(self._link)

    def cut(self) -> None:
        """A loose plug, until ``plug``."""
        self.unplug()

    def _transport(self) -> dict[str, Any]:
        return {"kind": "serial", "path": self._link.path, "flow": self._flow}


def make_printers(directory: Path) -> list[TorturedPrinter]:
    """One of each kind."""
    pace: dict[str, Any] = {"bytes_per_s": BYTES_PER_S}
    xon = WatchedEscpos(columns=48, is_xonxoff=True, **pace)
    return [
        NetworkPrinter("tcp-epson", WatchedEscpos(columns=48, **pace), "epson-tm-t20"),
        NetworkPrinter("tcp-generic", WatchedEscpos(**pace), "generic-escpos"),
        SerialPrinter("xon-epson", xon, "epson-tm-t20", directory / "xon-epson", "xonxoff"),
        SerialPrinter("dtr-generic", WatchedEscpos(**pace), "generic-escpos", directory / "dtr-generic", "none"),
        NetworkPrinter("tcp-star", WatchedStar(language="star-line", **pace), "generic-star"),
        SerialPrinter("dtr-star", WatchedStar(**pace), "generic-star", directory / "dtr-star", "none"),
    ]


def rolls(printers: Iterable[TorturedPrinter]) -> list[Roll]:
    return [printer.roll for printer in printers]
