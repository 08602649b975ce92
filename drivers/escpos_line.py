"""The line to an ESC/POS printer: a printer line on which questions can be asked that an answer does not name."""

from __future__ import annotations

from collections.abc import Callable

from drivers.printer_line import PrinterLine
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_events import OrderedReply, Query, RealTimeStatus
from protocols.printers.escpos_status import EscposStatusCodec

LATE_GAP_S = 0.3
"""Quiet time after which an unanswered question is not answered any more: ten times a printer's answering time."""


class EscposLine(PrinterLine):
    """One question at a time: whoever asks holds the driver's turn for questions."""

    def __init__(self, session: Session, on_event: Callable[[CodecEvent], None]) -> None:
        self._codec = EscposStatusCodec()
        super().__init__(session, self._codec, on_event)
        self._is_question_open = False

    async def ask_real_time(self, query: Query, timeout_s: float) -> RealTimeStatus | None:
        """DLE EOT n. None: no answer."""
        if self._is_question_open:
            await self._let_late_answers_pass(timeout_s)
        self._codec.expect(query)
        self._is_question_open = True
        try:
            with self.waiting_for(lambda event: isinstance(event, RealTimeStatus) and event.query is query) as answer:
                if not await self.write_now(commands.real_time_status(int(query.value[-1])), timeout_s):
                    return None
                if not await within(self._session.clock, timeout_s, answer):
                    return None
                self._is_question_open = False
                event = answer.result()
                return event if isinstance(event, RealTimeStatus) else None
        finally:
            if self._is_question_open:
                self._codec.forget(query)

    def expect_ordered(self, query: Query) -> None:
        """GS r n was or will be sent. Its answer stays expected: it comes when the printer prints again."""
        self._codec.expect(query)

    async def ordered_answers_end(self) -> None:
        """Return when no answer to GS r has come for a while: none of an earlier print is under way any more."""
        while True:
            with self.waiting_for(lambda event: isinstance(event, OrderedReply)) as answer:
                if not await within(self._session.clock, LATE_GAP_S, answer):
                    return

    async def _let_late_answers_pass(self, timeout_s: float) -> None:
        """A question was given up: its late answer must not be read as the answer to the next one."""
        deadline_s = self._session.clock.monotonic() + timeout_s
        while self._session.clock.monotonic() < deadline_s:
            with self.waiting_for(lambda event: isinstance(event, RealTimeStatus)) as late:
                if not await within(self._session.clock, LATE_GAP_S, late):
                    break
        self.flush()
