"""How far one print is: what was sent, what of it the printer confirmed, what of it can be seen on paper."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from drivers.printer_condition import Obstacle
from drivers.printer_confirmations import Confirmations
from edge_gateway.contracts.errors import ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.printing import PrintFailedError, PrintWatch
from protocols.printers.command_stream import Outline

LOOK: Final = "look at the paper before printing again"


@dataclass(frozen=True, slots=True)
class JobLimits:
    """From the printer's settings."""

    chunk_bytes: int
    status_interval_s: float
    confirm_timeout_s: float
    can_clear_buffer: bool


class PrintProgress:
    """``sent``: bytes that were handed over. ``sending``: the piece on its way. ``obstacle``: what a person has to
    mend before it goes on. ``was_silent``: a question had no answer: a confirmation that did not come may be lost as
    well, and proves nothing."""

    def __init__(
        self, name: str, total: int, outline: Outline, confirmations: Confirmations, watch: PrintWatch
    ) -> None:
        self.total = total
        self.outline = outline
        self.confirmations = confirmations
        self.watch = watch
        self.sent = 0
        self.sending: asyncio.Future[None] | None = None
        self.was_silent = False
        self.obstacle: Obstacle | None = None
        self._name = name

    @property
    def is_all_confirmed(self) -> bool:
        return self.sent == self.total == self.confirmations.confirmed_bytes

    @property
    def is_part_missing(self) -> bool:
        """Something visible of the job is not on paper, if the printer prints nothing more of it."""
        is_unsent = self.sent < self.outline.visible_end
        return is_unsent or (self.confirmations.is_part_missing and not self.was_silent)

    def tell(self, obstacle: Obstacle | None) -> None:
        """Whoever waits for the job."""
        self.obstacle = obstacle
        code, words = obstacle or (None, "")
        self.watch.progress(self.sent, self.confirmations.confirmed_bytes, code, words)

    def unknown(self, words: str) -> UnknownOutcomeError:
        """Nobody knows what is on paper."""
        return UnknownOutcomeError(f"{self._name}: {words}; {LOOK}")

    def cleared(self, code: ErrorCode, reason: str) -> PrintFailedError:
        """The printer forgot the rest for certain, and something is missing."""
        words = "the rest was cleared; the beginning may be on paper, and a drawer in it may have opened"
        return PrintFailedError(code, f"{self._name}: {reason}; {words}", is_on_paper=True)

    def nothing_sent(self, code: ErrorCode, reason: str) -> PrintFailedError:
        """No byte of it was handed over."""
        return PrintFailedError(code, f"{self._name}: {reason}; nothing was sent", is_on_paper=False)
