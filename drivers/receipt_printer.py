"""What receipt printers share, whatever language they speak: a print under a watch, the drawer, the status.

What silence means: a printer is ``offline`` until it has answered, and again when it does not answer ``status_tries``
questions in a row: within 6 s by default. A print is refused
with ``timeout`` then, before a byte of it is sent, unless ``is_status_required`` is false. In the middle of a print it
may be printing with a full buffer: it gets the flag ``silent`` then (``printer_presence.SILENT_LOOKS``).

A job that waits for paper holds the paper, not the line: questions are asked and answered in between.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from drivers.printer_at_once import AtOnce
from drivers.printer_condition import Conditions
from drivers.printer_connector import PrinterConnector
from drivers.printer_dialect import PrinterDialect
from drivers.printer_job import PrinterJob
from drivers.printer_line import PrinterLine
from drivers.printer_opening import DrawerOpening
from drivers.printer_presence import Presence
from drivers.printer_progress import JobLimits
from drivers.printer_settings import PrinterSettings, drawer_pin, has_drawer
from drivers.printer_telling import PrinterTelling
from edge_gateway.contracts.cash_drawer import (
    DISPLAY_BEHIND,
    DRAWER_CLOSED,
    DRAWER_OPENED,
    DRAWER_PULSED,
    OpenPrinterDrawerParams,
    command_of,
    printed_by,
)
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError, PrintWatch, Rendered
from edge_gateway.contracts.waiting import within

NOT_PRINTED: Final = "nothing was printed"
NOT_OPENED: Final = "the drawer was not opened"


class ReceiptPrinter(ABC):
    """One conversation with one printer. A subclass makes the line and the dialect, and renders."""

    commands: ClassVar[Mapping[str, bool]] = {
        "print": True,
        "open_drawer": True,
        "read_status": False,
        "clear_error": True,
    }
    events: ClassVar[frozenset[str]] = frozenset({DRAWER_PULSED, DRAWER_OPENED, DRAWER_CLOSED})

    @classmethod
    def commands_of(cls, settings: Any) -> Mapping[str, bool]:
        """Without open_drawer where none is wired, or a buzzer in its place."""
        missing = set() if has_drawer(settings) else {"open_drawer"}
        return {name: has_effect for name, has_effect in cls.commands.items() if name not in missing}

    def __init__(self, session: Session, settings: PrinterSettings, condition: Conditions) -> None:
        self._session = session
        self._common = settings
        self._condition = condition
        self._line, self._dialect = self._make(session)
        self._presence = Presence(session, settings)
        self._paper = asyncio.Lock()
        """Held by whoever prints, from the first byte to the confirmation."""
        self._questions = asyncio.Lock()
        """Held by whoever asks: answers do not say what they answer."""
        self._is_broken = asyncio.Event()
        self._may_confirm_late = True
        self._connector = PrinterConnector(self._name, session, self._line, self._dialect, condition, self._questions)
        self._telling = PrinterTelling(session, condition, self._presence, self._connector.drawer)
        self._opening = DrawerOpening(
            self._connector, condition, self._presence, self._paper, session.clock, self._run_pulse
        )

    @abstractmethod
    def _make(self, session: Session) -> tuple[PrinterLine, PrinterDialect]:
        """Of this connection; ``self._telling`` hears what the printer says."""

    @abstractmethod
    def _drawer_pulse(self, pin: Literal[2, 5] | None) -> bytes:
        """In print order; on ``pin``, or the configured one. Raises RequestError(UNSUPPORTED): no drawer is wired."""

    @abstractmethod
    def _render(self, content: Mapping[str, Any]) -> Rendered:
        """As ``render`` of the class, with the settings of this device."""

    def data_received(self, data: bytes) -> None:
        self._line.data_received(data)

    async def run(self) -> None:
        self._session.set_answering(False, "has not answered yet")
        async with self._questions:
            await self._begin()
        while not await within(self._session.clock, self._common.status_interval_s, self._is_broken.wait()):
            if self._connector.job is None:  # a job asks for itself
                async with self._questions:
                    await self._look()
        raise TransportError(f"{self._name}: a print was broken off; connecting anew")

    async def print_rendered(self, rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        async with self._paper:
            opening = printed_by(watch.job_id, drawer_pin(self._common)) if rendered.opens_drawer else None
            is_confirmed = await self._run_job(rendered, watch, opening)
        return {
            "bytes": len(rendered.data),
            "replaced_characters": rendered.replaced_count,
            "confirmed_by": self._confirmed_by(is_confirmed),
            **rendered.details,
        }

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "print":  # where no print service is above: a recording is replayed
            return await self.print_rendered(self._render(params), AtOnce(PaperPolicy.CONTINUE))
        if name == "clear_error":
            return await self._clear_error(params)
        if name == "open_drawer":
            return await self._open_drawer(OpenPrinterDrawerParams.model_validate(params))
        if name == DISPLAY_BEHIND:
            await self._connector.write_display(params["data"])
            return {}
        if params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
        return await self._read_status()

    def _confirmed_by(self, is_confirmed: bool) -> str:
        return "printer" if is_confirmed else "none"

    async def _run_job(
        self,
        rendered: Rendered,
        watch: PrintWatch,
        opening: Mapping[str, Any] | None,
        confirm_timeout_s: float | None = None,
        undone: str = NOT_PRINTED,
    ) -> bool:
        """Status before, ``begin``, the bytes, the confirmation after. ``opening``: the command whose drawer pulse is
        among them."""
        common = self._common
        await self._require_ready(undone)
        await watch.begin()
        limits = JobLimits(
            chunk_bytes=common.chunk_bytes,
            status_interval_s=common.status_interval_s,
            confirm_timeout_s=common.confirm_timeout_s if confirm_timeout_s is None else confirm_timeout_s,
            can_clear_buffer=common.can_clear_buffer,
        )
        clock = self._session.clock
        parts = (self._line, self._dialect, self._condition, self._questions, clock, limits, watch)
        job = PrinterJob(self._name, *parts, self._telling.looked_in_print, rendered)
        self._connector.job = job
        if opening is not None:
            self._connector.drawer.printing(opening)
        try:
            return await job.run()
        except PrintFailedError as error:
            if opening is not None and not error.is_on_paper:
                self._connector.drawer.unprinted()
            raise
        finally:
            if opening is not None:
                self._connector.drawer.printed()
            self._connector.job = None
            self._may_confirm_late = self._may_confirm_late or job.is_unconfirmed
            if job.is_broken_off:
                self._is_broken.set()

    async def _run_pulse(
        self, pulse: Rendered, watch: PrintWatch, command: Mapping[str, Any], confirm_timeout_s: float
    ) -> bool:
        return await self._run_job(pulse, watch, command, confirm_timeout_s, NOT_OPENED)

    async def _open_drawer(self, params: OpenPrinterDrawerParams) -> Mapping[str, Any]:
        pulse, now = self._drawer_pulse(params.pin), self._dialect.drawer_pulse_now(params.pin)
        command = command_of(params, params.pin or drawer_pin(self._common))
        is_confirmed = await self._opening.open(pulse, now, command)
        return {"drawer": self._condition.drawer, "confirmed_by": self._confirmed_by(is_confirmed)}

    async def _clear_error(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """After a person mended it. ``output``: what the printer holds is printed (keep), or forgotten (clear)."""
        output = params.get("output", "keep")
        if params.keys() - {"output"} or output not in ("keep", "clear"):
            words = 'clear_error: expected {"output": "keep"} or {"output": "clear"}'
            raise RequestError(ErrorCode.INVALID_REQUEST, words)
        if output == "clear" and self._connector.job is not None:
            words = f"{self._name}: a print is under way; cancel it, or clear the error and keep the output"
            raise DeviceError(ErrorCode.BUSY, words)
        async with self._questions:
            await self._dialect.recover(is_clearing=output == "clear")
        return await self._read_status()

    async def _read_status(self) -> Mapping[str, Any]:
        async with self._questions:
            is_answering = await self._dialect.status(self._common.status_tries)
        return {
            "answering": is_answering,
            **self._condition.to_json(),
            "flags": sorted(self._condition.flags()),
        }

    async def _require_ready(self, undone: str) -> None:
        """Raises DeviceError, nothing of the job having been sent. ``undone``: the words for that."""
        try:
            async with self._questions:
                is_answering = await self._dialect.status(self._common.status_tries)
                self._presence.require(is_answering, self._condition.obstacle(), undone)
                is_late = self._may_confirm_late
                self._may_confirm_late = True
                self._may_confirm_late = not await self._dialect.prepare_to_confirm(may_confirm_late=is_late)
        except TransportError as error:
            raise DeviceError(ErrorCode.OFFLINE, f"{self._name}: {error}; {undone}") from error
        if self._may_confirm_late:
            raise DeviceError(
                ErrorCode.TIMEOUT,
                f"{self._name}: a print could not be confirmed: it does not answer the question for it; {undone}; for "
                'a model that does not know it set confirm = "none"',
            )

    async def _begin(self) -> None:
        self._presence.judge(await self._dialect.begin())
        if self._common.can_identify and self._presence.has_answered and self._condition.obstacle() is None:
            info = await self._dialect.identity()
            if info:
                self._session.set_info(info)

    async def _look(self) -> None:
        """The regular question; where the printer tells changes by itself, one is enough."""
        was_silent = self._presence.is_answering is False
        is_enough = self._presence.is_telling and self._condition.obstacle() is None
        is_heard = await self._dialect.is_there() if is_enough else await self._dialect.status(tries=1)
        if not is_heard:
            is_heard = await self._dialect.status(self._common.status_tries - 1)
        self._presence.judge(is_heard)
        if is_heard and was_silent:
            await self._begin()  # it was perhaps switched off and on, and has forgotten its setup

    @property
    def _name(self) -> str:
        return f"printer {self._session.device_id!r}"
