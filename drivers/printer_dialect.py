"""What differs between printer languages, behind one promise: how to ask, to confirm, to clear, to begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from drivers.printer_line import Wanted
from drivers.printer_pieces import Ask
from protocols.printers.command_stream import Outline


@dataclass(frozen=True, slots=True)
class Confirmation:
    """``request`` goes behind what it confirms; the printer's answer to it is the event that is ``wanted``."""

    request: bytes
    wanted: Wanted


class PrinterDialect(Protocol):
    """One connection to one printer. All raise TransportError. Questions are asked by one task at a time.

    The answers themselves reach whoever listens to the line; what is returned is only whether there was one.
    """

    async def begin(self) -> bool:
        """Bring the printer into a known state, whatever the last connection left half sent. True: it answered."""
        ...

    async def is_there(self) -> bool:
        """The shortest question."""
        ...

    async def status(self, tries: int) -> bool:
        """All of its condition. False: silence."""
        ...

    async def identity(self) -> Mapping[str, str]:
        """What it says of itself; empty where it does not, or is not asked."""
        ...

    async def prepare_to_confirm(self, *, may_confirm_late: bool) -> bool:
        """Before each print. ``may_confirm_late``: something of an earlier print may be under way that could be taken
        for the confirmation of the next one; it is not any more on return. False: the printer did not answer."""
        ...

    def confirmation(self, ask: Ask) -> Confirmation | None:
        """For the next piece of a job; None: this printer cannot confirm, or is not to be asked this often. Called just
        before the request is sent."""
        ...

    async def clear_buffer(self) -> bool:
        """Forget all that was received and not printed. True: it said that it did."""
        ...

    async def recover(self, *, is_clearing: bool) -> None:
        """Go on after an error that a person has mended, with what the buffer holds or without it."""
        ...

    def start_again(self, unsent_bytes: int) -> bytes:
        """What goes before a job that is sent again over the same connection. ``unsent_bytes``: so many are missing of
        the command that was being sent."""
        ...

    def drawer_pulse_now(self, pin: Literal[2, 5] | None) -> bytes | None:
        """A drawer pulse that passes what waits in the printer's buffer, and that it obeys while it cannot print; on
        ``pin``, or the configured one. None: it has none."""
        ...

    def outline(self, data: bytes) -> Outline:
        """Where the commands of a job end: between them a question does not fall into one."""
        ...
