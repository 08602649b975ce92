"""What label languages have in common for their driver: how to ask, to know what was taken up, to forget, behind one
promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from drivers.label_condition import LabelCondition
from drivers.printer_line import PrinterLine, Wanted
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within

WRITE_S_MAX: Final = 1.0
"""A question is some bytes; a printer that takes none for so long takes none at all."""


class LabelDialect(Protocol):
    """One connection. ``can_count``: it says when nothing is left to print; ``counts_when_stopped``: also while it has
    no labels or its head is open. ``is_silence_usual``: it does not answer then. Questions are asked by one task at a
    time; all raise TransportError."""

    can_count: bool
    counts_when_stopped: bool
    is_silence_usual: bool

    @property
    def codec(self) -> Codec: ...

    def setup(self) -> bytes:
        """At each connect: whatever the last connection left half sent is ended."""
        ...

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        """Read what it says. True: something changed."""
        ...

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        """Its condition. False: silence."""
        ...

    async def barrier(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        """What was sent before has been taken up: the next answer counts it. False: not yet."""
        ...

    def form_sent(self) -> None:
        """A label, or a batch of equal ones, is on its way."""
        ...

    def clear_command(self) -> bytes | None:
        """Forget all that is not printed; None: it cannot."""
        ...

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]: ...


class Asking:
    """What all four share."""

    def setup(self) -> bytes:
        return b"\r\n"

    async def barrier(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        return True

    def form_sent(self) -> None:
        """Nothing to count."""

    def clear_command(self) -> bytes | None:
        return None

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]:
        return {}


async def answered(line: PrinterLine, clock: Clock, timeout_s: float, request: bytes, wanted: Wanted) -> bool:
    """Asked, and the wanted answer came in time."""
    with line.waiting_for(wanted) as answer:
        if not await line.write_now(request, WRITE_S_MAX):
            return False
        if await within(clock, timeout_s, answer):
            return True
    line.flush()
    return False
