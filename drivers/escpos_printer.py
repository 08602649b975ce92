"""Driver of receipt printers that speak ESC/POS, with the cash drawer on their connector, over TCP or serial.

What silence means: a printer is ``offline`` until it has answered, and again when it falls silent for longer than
``status_tries`` questions (before that it may be printing with a full buffer). A print is refused with ``timeout``
then, before a byte of it is sent, unless ``is_status_required`` is false.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drivers.escpos_condition import PrinterCondition
from drivers.escpos_job import JobLimits, PrinterJob
from drivers.escpos_line import PrinterLine
from drivers.escpos_questions import PrinterQuestions
from drivers.escpos_settings import EscposSettings
from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_encoder import encode_document, encode_drawer_kick
from protocols.printers.escpos_events import AutomaticStatus

RESYNCHRONISE_NULS: Final = 1024
"""Completes any command of ours that a lost connection left half sent (a QR code at most), and prints nothing."""
SETUP_NULS: Final = 8
"""The same for short commands; sent at each connect."""
DRAWER_SENSE_S: Final = 1.0
"""A drawer that was kicked is open within this, or stuck."""
SENSE_INTERVAL_S: Final = 0.1
DRAWER_DEADLINE_S: Final = 5.0
"""A pulse that was not confirmed by then is cleared where the model can: a drawer must not open minutes later."""
SLOWEST_BYTES_PER_S: Final = 800.0
"""A serial line at 9600 baud: a long print gets so much more time."""
SILENCE_S_MAX: Final = 15.0
"""A printer that answered before and now is silent for so long was perhaps switched off and on: connect anew. Without
it a dead TCP connection is noticed after a quarter of an hour."""


class EscposPrinter:
    """One conversation with one printer."""

    Settings = EscposSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.POS_PRINTER
    commands: ClassVar[Mapping[str, bool]] = {"print": True, "open_drawer": True, "read_status": False}
    events: ClassVar[frozenset[str]] = frozenset({"drawer_opened", "drawer_closed"})

    def __init__(self, session: Session, settings: EscposSettings) -> None:
        self._session = session
        self._settings = settings
        self._options = settings.encoder_options()
        self._condition = PrinterCondition(settings.drawer_open_level)
        self._line = PrinterLine(session, self._take)
        self._turn = asyncio.Lock()
        """Held by whoever asks or prints: answers do not say what they answer."""
        self._is_broken = asyncio.Event()
        self._questions = PrinterQuestions(self._line, settings, session.clock)
        self._silent_since_s: float | None = None
        self._is_answering: bool | None = None
        self._has_answered = False
        self._is_asb_live = False
        self._may_confirm_late = True

    def data_received(self, data: bytes) -> None:
        self._line.data_received(data)

    async def run(self) -> None:
        clock = self._session.clock
        self._session.set_answering(False, "has not answered yet")
        async with self._turn:
            await self._begin()
        while not await within(clock, self._settings.status_interval_s, self._is_broken.wait()):
            if self._turn.locked():
                continue  # a job asks for itself
            async with self._turn:
                await self._watch()
        raise TransportError(f"printer {self._session.device_id!r}: a print was broken off; connecting anew")

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "print":
            return await self._print(params)
        if params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
        if name == "open_drawer":
            return await self._open_drawer()
        return await self._read_status()

    async def _print(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if unknown := params.keys() - {"document"}:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"print: unknown params {', '.join(sorted(unknown))}")
        encoded = encode_document(parse_document(params.get("document")), self._options)
        async with self._turn:
            deadline_s = self._settings.job_deadline_s + len(encoded.data) / SLOWEST_BYTES_PER_S
            confirmed_by = await self._run_job(encoded.data, deadline_s)
        return {
            "bytes": len(encoded.data),
            "replaced_characters": encoded.replaced_count,
            "confirmed_by": confirmed_by,
        }

    async def _open_drawer(self) -> Mapping[str, Any]:
        """The pulse, in print order: refused where it would wait in the buffer and open the drawer minutes later."""
        data = encode_drawer_kick(self._options)
        async with self._turn:
            confirmed_by = await self._run_job(data, min(self._settings.job_deadline_s, DRAWER_DEADLINE_S))
            deadline_s = self._session.clock.monotonic() + DRAWER_SENSE_S
            while self._condition.drawer == "closed" and self._session.clock.monotonic() < deadline_s:
                await self._session.clock.sleep(SENSE_INTERVAL_S)
                await self._questions.is_there()
        return {"drawer": self._condition.drawer, "confirmed_by": confirmed_by}

    async def _read_status(self) -> Mapping[str, Any]:
        async with self._turn:
            is_answering = await self._questions.status(self._settings.status_tries)
        return {
            "answering": is_answering,
            **self._condition.to_json(),
            "flags": sorted(self._condition.flags()),
        }

    async def _run_job(self, data: bytes, deadline_s: float) -> str:
        """Status before, the bytes, the confirmation after."""
        await self._require_ready()
        settings = self._settings
        limits = JobLimits(
            confirm=settings.confirm,
            can_clear_buffer=settings.can_clear_buffer,
            chunk_bytes=settings.chunk_bytes,
            status_interval_s=settings.status_interval_s,
            status_timeout_s=settings.status_timeout_s,
            deadline_s=deadline_s,
        )
        job = PrinterJob(self._name, self._line, self._condition, self._session.clock, limits)
        try:
            return await job.run(data)
        finally:
            self._may_confirm_late = self._may_confirm_late or job.is_unconfirmed
            if job.is_broken_off:
                self._is_broken.set()

    async def _require_ready(self) -> None:
        """Raises DeviceError, nothing of the job having been sent."""
        try:
            is_answering = await self._questions.status(self._settings.status_tries)
            self._require_no_obstacle(is_answering)
            if self._settings.confirm == "gs_r" and self._may_confirm_late:
                await self._require_barrier()
        except TransportError as error:
            raise DeviceError(ErrorCode.OFFLINE, f"{self._name}: {error}; nothing was printed") from error

    def _require_no_obstacle(self, is_answering: bool) -> None:
        if not is_answering and self._settings.is_status_required:
            raise DeviceError(
                ErrorCode.TIMEOUT,
                f"{self._name}: no answer to {self._settings.status_tries} status questions of "
                f"{self._settings.status_timeout_s:g} s; nothing was printed; check that it is on and its cable",
            )
        if (obstacle := self._condition.obstacle()) is not None:
            raise DeviceError(obstacle[0], f"{self._name}: {obstacle[1]}; nothing was printed")

    async def _require_barrier(self) -> None:
        if not await self._questions.pass_barrier():
            raise DeviceError(
                ErrorCode.TIMEOUT,
                f"{self._name}: no answer to GS r, so a print could not be confirmed; nothing was printed; "
                'for a model that has no GS r set confirm = "none"',
            )
        self._may_confirm_late = False

    async def _begin(self) -> None:
        """Bring the printer into a known state: styles, status back on, the real-time drawer pulse off."""
        settings = self._settings
        setup = commands.INITIALIZE + settings.setup()
        with self._line.waiting_for(lambda event: isinstance(event, AutomaticStatus)) as status:
            await self._line.write(commands.NUL * SETUP_NULS + setup, settings.status_timeout_s)
            is_heard = await within(self._session.clock, settings.status_timeout_s, status)
        if not is_heard:
            # Offline, without ASB, or in the middle of a command that the last connection left half sent.
            await self._line.write(commands.NUL * RESYNCHRONISE_NULS + setup, settings.status_timeout_s)
        self._judge_answer(is_heard or await self._questions.status(self._settings.status_tries))
        if settings.can_identify and self._condition.obstacle() is None and self._has_answered:
            info = await self._questions.identity()
            if info:
                self._session.set_info(info)

    async def _watch(self) -> None:
        """The regular question; where ASB tells the rest, one is enough."""
        was_silent = self._is_answering is False
        is_enough = self._is_asb_live and self._condition.online is not False
        is_heard = await self._questions.is_there() if is_enough else await self._questions.status(tries=1)
        self._judge_answer(is_heard)
        if is_heard and was_silent:
            await self._begin()  # it was perhaps switched off and on, and has forgotten its setup

    def _judge_answer(self, is_heard: bool) -> None:
        """Say so when the printer falls silent; connect anew when it stays so."""
        now_s = self._session.clock.monotonic()
        if is_heard:
            return
        if self._silent_since_s is None:
            self._silent_since_s = now_s
        silent_s = now_s - self._silent_since_s
        limit_s = self._settings.status_interval_s * self._settings.status_tries
        if self._is_answering is not False and (silent_s >= limit_s or not self._has_answered):
            self._is_answering = False
            self._session.set_answering(
                False, f"no answer to status questions; check that {self._name} is on and its cable"
            )
        if self._has_answered and silent_s >= SILENCE_S_MAX:
            raise TransportError(f"{self._name}: no answer for {silent_s:.0f} s; connecting anew")

    def _take(self, event: CodecEvent) -> None:
        """Anything the printer says: it is there, and perhaps in another condition."""
        self._silent_since_s = None
        self._has_answered = True
        if self._is_answering is not True:
            self._is_answering = True
            self._session.set_answering(True)
        self._is_asb_live = self._is_asb_live or isinstance(event, AutomaticStatus)
        drawer = self._condition.drawer
        if self._condition.take(event):
            self._session.set_flags(self._condition.flags())
            self._session.set_details(self._condition.to_json())
            if self._condition.drawer != drawer and drawer != "unknown":
                self._session.emit("drawer_opened" if self._condition.drawer == "open" else "drawer_closed", {})

    @property
    def _name(self) -> str:
        return f"printer {self._session.device_id!r}"
