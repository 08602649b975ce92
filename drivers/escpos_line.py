"""The line to an ESC/POS printer: what it says goes to whoever waits for it, bytes go out under flow control."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_events import FlowControl, OrderedReply, Query, RealTimeStatus
from protocols.printers.escpos_status import EscposStatusCodec

LATE_GAP_S = 0.3
"""Quiet time after which an unanswered question is not answered any more: ten times a printer's answering time."""

Wanted = Callable[[CodecEvent], bool]


class PrinterLine:
    """One connection. ``on_event`` hears everything that was understood, before whoever waits for it."""

    def __init__(self, session: Session, on_event: Callable[[CodecEvent], None]) -> None:
        self._session = session
        self._on_event = on_event
        self._codec = EscposStatusCodec()
        self._waiting: list[tuple[Wanted, asyncio.Future[CodecEvent]]] = []
        self._can_send = asyncio.Event()
        self._can_send.set()
        self._is_question_open = False

    def data_received(self, data: bytes) -> None:
        """From the transport."""
        for event in self._codec.feed(data):
            if isinstance(event, FrameRejected):
                self._session.frame_rejected(event)
                continue
            self._session.frame_seen()
            if isinstance(event, FlowControl):
                (self._can_send.set if event.can_send else self._can_send.clear)()
            self._on_event(event)
            self._hand_out(event)

    def flush(self) -> None:
        """The line is idle: half an answer will not be completed."""
        for event in self._codec.flush():
            if isinstance(event, FrameRejected):
                self._session.frame_rejected(event)

    @contextmanager
    def waiting_for(self, wanted: Wanted) -> Iterator[asyncio.Future[CodecEvent]]:
        """A future of the next event that is wanted. Enter before asking."""
        future: asyncio.Future[CodecEvent] = asyncio.get_running_loop().create_future()
        entry = (wanted, future)
        self._waiting.append(entry)
        try:
            yield future
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    async def write(self, data: bytes, timeout_s: float) -> bool:
        """Hand bytes to the port as soon as flow control lets it. False: not within the time. Raises TransportError."""
        return await within(self._session.clock, timeout_s, self._write(data))

    async def write_now(self, data: bytes, timeout_s: float) -> bool:
        """As ``write``, past XOFF: real-time commands are for a printer that takes nothing else."""
        return await within(self._session.clock, timeout_s, self._session.transport.write(data))

    async def ask_real_time(self, query: Query, timeout_s: float) -> RealTimeStatus | None:
        """DLE EOT n. None: no answer. One question at a time: an answer does not say what it answers."""
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

    async def _write(self, data: bytes) -> None:
        await self._can_send.wait()
        await self._session.transport.write(data)

    def _hand_out(self, event: CodecEvent) -> None:
        for entry in self._waiting:
            wanted, future = entry
            if not future.done() and wanted(event):
                future.set_result(event)
                self._waiting.remove(entry)
                return
