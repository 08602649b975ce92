"""Confirmations of one job that were asked for, in the order in which they come."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.printer_pieces import Ask, Piece
from edge_gateway.contracts.events import CodecEvent


@dataclass(frozen=True, slots=True)
class _Asked:
    piece: Piece
    answer: asyncio.Future[CodecEvent]


class Confirmations:
    """``can_confirm``: the printer knows how. ``has_hole``: a later one came and an earlier one did not: a printer that
    prints in order does so only where it forgot what it held."""

    def __init__(self, line: PrinterLine, dialect: PrinterDialect) -> None:
        self._line = line
        self._dialect = dialect
        self._asked: deque[_Asked] = deque()
        self._confirmed = 0
        self._is_given_up = False
        self.can_confirm = True
        self.has_hole = False

    @property
    def is_open(self) -> bool:
        """One was asked for and may come yet."""
        self._take()
        return bool(self._asked) or self._is_given_up

    @property
    def confirmed_bytes(self) -> int:
        """Up to the last cut that is on paper."""
        self._take()
        return self._confirmed

    @property
    def is_part_missing(self) -> bool:
        """Something visible stands behind the first thing that is not confirmed: it was not printed yet."""
        self._take()
        return bool(self._asked) and self._asked[0].piece.is_followed

    def ask(self, piece: Piece) -> bytes:
        """The request behind a piece; empty where the printer is not asked there."""
        confirmation = self._dialect.confirmation(piece.ask)
        if piece.ask is Ask.WHOLE:
            self.can_confirm = confirmation is not None
        if confirmation is None:
            return b""
        self._asked.append(_Asked(piece, self._line.expect(confirmation.wanted)))
        return confirmation.request

    def next(self) -> asyncio.Future[CodecEvent] | None:
        """The oldest that has not come; None: all have."""
        self._take()
        return self._asked[0].answer if self._asked else None

    def begin_again(self, offset: int) -> None:
        """The job is sent once more from there: nothing that was asked before will be answered."""
        self.forget()
        self._confirmed = offset

    def forget(self) -> None:
        """Wait for none any more."""
        self._take()
        self._is_given_up = self._is_given_up or bool(self._asked)
        for asked in self._asked:
            self._line.forget(asked.answer)
        self._asked.clear()

    def _take(self) -> None:
        done = [index for index, asked in enumerate(self._asked) if asked.answer.done()]
        for _ in range(done[-1] + 1 if done else 0):
            asked = self._asked.popleft()
            self.has_hole = self.has_hole or not asked.answer.done()
            self._line.forget(asked.answer)
            if asked.piece.ask is Ask.WHOLE:
                self._confirmed = asked.piece.end
