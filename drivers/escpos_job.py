"""One job of an ESC/POS printer: bytes sent under flow control, and its end known only by the printer's own word.

What the outcome is called:

- completed: the printer confirmed that everything before its confirmation was printed (``confirm = "none"``: the
  configuration says that this printer cannot; all was sent, and it reports no obstacle if it reports anything).
- failed (DeviceError that is not retryable): the end of the job was not sent, and the printer confirmed that it cleared
  the rest. The receipt cannot be whole, and nothing more of it will come; but its beginning may be on paper, and a
  drawer in it may have opened. (What fails before the first byte is the driver's to say: nothing was done.)
- unknown (UnknownOutcomeError): everything else. A cover opened or paper ended and the confirmation did not come: what
  is in the printer's buffer may come out when a person mends it. Even after a confirmed clear, a job that was sent
  whole may be whole on paper: paper can end between the cut and the confirmation.

Nothing is ever sent twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from drivers.escpos_condition import PrinterCondition
from drivers.escpos_line import PrinterLine, Wanted
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import DeviceError, ErrorCode, TransportError, UnknownOutcomeError
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_events import BufferCleared, OrderedReply, ProcessIdReply, Query

Confirm = Literal["process_id", "gs_r", "none"]

CLEAR_TIMEOUT_S: Final = 1.0
"""DLE DC4 8 is a real-time command: answered at once or not at all."""
_STALL_QUERIES: Final = (Query.DLE_EOT_1, Query.DLE_EOT_2, Query.DLE_EOT_4)
PROCESS_ID_DIGITS: Final = bytes(range(0x21, 0x7F))
"""Printable ASCII without the space."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """From the printer's settings."""

    confirm: Confirm
    can_clear_buffer: bool
    chunk_bytes: int
    status_interval_s: float
    status_timeout_s: float
    deadline_s: float


class PrinterJob:
    """``run`` once. ``is_broken_off``: a command may be half sent, the connection is of no use any more."""

    def __init__(
        self, name: str, line: PrinterLine, condition: PrinterCondition, clock: Clock, limits: JobLimits
    ) -> None:
        self._name = name
        self._line = line
        self._condition = condition
        self._clock = clock
        self._limits = limits
        self._deadline_s = clock.monotonic() + limits.deadline_s
        self._sent_bytes = 0
        self.is_broken_off = False
        self.is_unconfirmed = False
        """A confirmation is still to come, perhaps."""

    async def run(self, data: bytes) -> Confirm:
        """Returns what confirmed the job. Raises DeviceError or UnknownOutcomeError as above."""
        confirm = self._limits.confirm
        if confirm == "none":
            await self._send(data)
            await self._look_for_obstacle()
            return confirm
        request, wanted = self._confirmation(confirm)
        with self._line.waiting_for(wanted) as confirmation:
            self.is_unconfirmed = True
            await self._send(data + request)
            await self._wait_for(confirmation)
        self.is_unconfirmed = False
        return confirm

    async def _look_for_obstacle(self) -> None:
        """In place of a confirmation: a printer that can say that it is not well is asked whether it is."""
        if self._condition.online is None:
            return
        for query in _STALL_QUERIES:
            if await self._ask(query) is None:
                break
        if (obstacle := self._condition.obstacle()) is not None:
            raise UnknownOutcomeError(f"{self._name}: {obstacle[1]}; look at the paper before printing again")

    def _confirmation(self, confirm: Literal["process_id", "gs_r"]) -> tuple[bytes, Wanted]:
        if confirm == "gs_r":
            self._line.expect_ordered(Query.GS_R_1)
            return commands.transmit_status(
                1
            ), lambda event: isinstance(event, OrderedReply) and event.query is Query.GS_R_1
        process_id = _process_id(int(self._clock.now().timestamp() * 1000))
        text = process_id.decode("ascii")
        return commands.request_process_id(
            process_id
        ), lambda event: isinstance(event, ProcessIdReply) and event.process_id == text

    async def _send(self, data: bytes) -> None:
        """All of it, in chunks, or raise."""
        self.is_broken_off = True
        for start in range(0, len(data), self._limits.chunk_bytes):
            chunk = data[start : start + self._limits.chunk_bytes]
            try:
                is_sent = await self._line.write(chunk, self._left_s())
            except TransportError as error:
                raise UnknownOutcomeError(
                    f"{self._name}: connection lost after {self._sent_bytes} of {len(data)} bytes ({error}); "
                    "look at the paper before printing again"
                ) from error
            if not is_sent:
                await self._give_up(f"took only {self._sent_bytes} of {len(data)} bytes", is_whole=False)
            self._sent_bytes += len(chunk)
        self.is_broken_off = False

    async def _wait_for(self, confirmation: asyncio.Future[CodecEvent]) -> None:
        """Until the printer confirms, a stall ends, or the deadline; asking meanwhile why it takes long."""
        while not confirmation.done() and self._left_s() > 0:
            pause_s = min(self._limits.status_interval_s, self._left_s())
            if await within(self._clock, pause_s, asyncio.shield(confirmation)):
                return
            for query in _STALL_QUERIES:
                if confirmation.done():
                    return
                if await self._ask(query) is None:
                    break
        if not confirmation.done():
            await self._give_up("did not confirm", is_whole=True, confirmation=confirmation)

    async def _ask(self, query: Query) -> CodecEvent | None:
        try:
            return await self._line.ask_real_time(query, min(self._limits.status_timeout_s, max(0.0, self._left_s())))
        except TransportError as error:
            raise UnknownOutcomeError(
                f"{self._name}: connection lost before the print was confirmed ({error}); "
                "look at the paper before printing again"
            ) from error

    async def _give_up(
        self, what: str, *, is_whole: bool, confirmation: asyncio.Future[CodecEvent] | None = None
    ) -> None:
        """Raise the outcome; return only if the confirmation came after all."""
        obstacle = self._condition.obstacle()
        reason = f"{what} within {self._limits.deadline_s:.1f} s"
        if obstacle is not None:
            reason += f": {obstacle[1]}"
        elif is_whole:
            reason += f' (asked with confirm = "{self._limits.confirm}"; does this model know it?)'
        is_cleared = obstacle is not None and self._limits.can_clear_buffer and await self._clear()
        if confirmation is not None and confirmation.done():
            return
        if is_cleared and not is_whole:
            code = obstacle[0] if obstacle is not None else ErrorCode.DEVICE_ERROR
            words = "the rest was cleared; the beginning may be on paper, and a drawer in it may have opened"
            raise DeviceError(code, f"{self._name}: {reason}; {words}", is_retryable=False)
        rest = "the rest was cleared" if is_cleared else "the rest may still come out"
        raise UnknownOutcomeError(f"{self._name}: {reason}; {rest}; look at the paper before printing again")

    async def _clear(self) -> bool:
        """Make the printer forget what it has not printed. False: it did not say that it did."""
        with self._line.waiting_for(lambda event: isinstance(event, BufferCleared)) as cleared:
            try:
                await self._line.write_now(commands.CLEAR_BUFFER, CLEAR_TIMEOUT_S)
            except TransportError:
                return False
            return await within(self._clock, CLEAR_TIMEOUT_S, cleared)

    def _left_s(self) -> float:
        return self._deadline_s - self._clock.monotonic()


def _process_id(number: int) -> bytes:
    """Four characters; from the wall clock in milliseconds they come again after 21 hours."""
    digits = bytearray()
    for _ in range(4):
        number, digit = divmod(number, len(PROCESS_ID_DIGITS))
        digits.append(PROCESS_ID_DIGITS[digit])
    return bytes(digits)
