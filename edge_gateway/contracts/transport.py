"""The promise of a transport: it moves bytes, and says when it no longer can."""

from __future__ import annotations

from collections.abc import MutableSet
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class ByteSink(Protocol):
    """Who receives the bytes. Both are called on the event loop and must not block."""

    def data_received(self, data: bytes) -> None:
        """Bytes, as they came."""
        ...

    def connection_lost(self, error: Exception | None) -> None:
        """Called once, when the far end is gone. None: an orderly end. Not called after ``close()``."""
        ...


class Transport(Protocol):
    """One way to one device: a serial port, a TCP connection, an input node. Opened and closed any number of times."""

    @property
    def description(self) -> str:
        """For people: what it is and where, such as ``serial /dev/serial/by-id/usb-FTDI_A9X 9600 7E1``."""
        ...

    def is_there(self) -> bool:
        """False: there is no node, so ``open`` would fail. A look that costs next to nothing; never raises."""
        ...

    async def open(self, sink: ByteSink) -> None:
        """Open exclusively and start delivering. Raises TransportError (``is_busy`` if another process holds it)."""
        ...

    async def write(self, data: bytes) -> None:
        """Return when the bytes were handed to the kernel, or at least when flow control lets more be sent.

        Raises TransportError if the transport is not open or dies meanwhile. A caller bounds it with its own deadline.
        """
        ...

    def drop_input(self) -> None:
        """Forget bytes that were received by the kernel and not delivered (before a new question)."""
        ...

    async def close(self) -> None:
        """Close now, dropping unsent bytes. Idempotent."""
        ...


class PatientTransport(Transport, Protocol):
    """A way that fails for a moment now and then, such as a network."""

    misses_before_gone: int
    """Only after so many failures to open, one after the other, the device counts as gone; before, as silent."""


def misses_before_gone(transport: Transport) -> int:
    """1: the first failure says it all, as where a node is missing."""
    misses: int = getattr(transport, "misses_before_gone", 1)
    return misses


@runtime_checkable
class MovingTransport(Transport, Protocol):
    """A way to a device that may be at another address tomorrow."""

    @property
    def address(self) -> str | None:
        """Where it was reached last; before that, where it is expected. None: that is not known, or never changes."""
        ...


class BytesKeeper(Protocol):
    """Who keeps for a while what passes over a port."""

    @property
    def holds_personal_data(self) -> bool:
        """What passes now is part of a driving licence."""
        ...

    def forget(self) -> None:
        """Wipe what was kept."""
        ...


@runtime_checkable
class OverheardTransport(Transport, Protocol):
    """One device's part in a port whose bytes all its devices hear."""

    @property
    def keepers(self) -> MutableSet[BytesKeeper]:
        """Of all devices of the port, held weakly."""
        ...

    def forget(self) -> None:
        """All keepers wipe what they have, the bytes included that some of them are given only after this call."""
        ...


@dataclass(frozen=True, slots=True)
class ModemLines:
    """What the far end of a serial port signals (ITU-T V.24): clear to send, data set ready, carrier, ring."""

    cts: bool
    dsr: bool
    dcd: bool
    ri: bool


@runtime_checkable
class ModemTransport(Transport, Protocol):
    """A serial port with its wires. All raise TransportError where it is not open or has none (a pty)."""

    def modem_lines(self) -> ModemLines:
        """As they are now."""
        ...

    def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Raise or lower; None: leave it. RTS is the kernel's with flow ``rtscts``."""
        ...

    async def send_break(self, duration_s: float) -> None:
        """Hold the line at space for so long: the attention signal of some devices."""
        ...


@runtime_checkable
class ReportTransport(Transport, Protocol):
    """A way to a HID device, in reports (Device Class Definition for HID 1.11).

    Each call of ``data_received`` is one input report, ``write`` sends one output report. A report begins with its id
    where the descriptor has ids; where it has none, what is received has no id byte, and what is written begins with 0,
    as Linux wants it (Documentation/hid/hidraw.rst).
    """

    @property
    def report_descriptor(self) -> bytes:
        """As the device gave it, from the first open on; empty before. See ``contracts.hid_report_descriptor``."""
        ...

    async def send_feature(self, report: bytes) -> None:
        """Send one feature report, its id first (0: the descriptor has none). Raises TransportError."""
        ...

    async def get_feature(self, report_id: int, length: int) -> bytes:
        """Ask for a feature report of at most ``length`` bytes, its id first. Raises TransportError."""
        ...
