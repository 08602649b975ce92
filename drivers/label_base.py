"""What drivers of label printers share, whatever language they speak.

What silence means: a printer is ``offline`` until it has answered, and again when it falls silent for longer than
``status_tries`` questions. A Zebra may not answer while it has no labels or no ribbon or its head is open: its silence
is told as ``unknown``, with the flag ``silent``. A print is refused with ``timeout`` while a printer is silent, before
a byte of it is sent, unless ``is_status_required`` is false.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drivers.label_condition import LabelCondition
from drivers.label_dialect import LabelDialect
from drivers.label_job import Hands, LabelJob, LabelLimits
from drivers.label_languages import LabelLanguage
from drivers.label_render import render_labels
from drivers.label_settings import LabelSettings
from drivers.printer_at_once import AtOnce
from drivers.printer_line import PrinterLine
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.printing import PaperPolicy, PrintWatch, Rendered
from edge_gateway.contracts.states import DeviceClass, DeviceFlag
from edge_gateway.contracts.waiting import within

SILENCE_S_MAX: Final = 60.0
"""A printer that answered before and is silent for so long was perhaps switched off and on: connect anew."""


class LabelPrinter(ABC):
    """One conversation with one printer. A subclass names the language."""

    device_class: ClassVar[DeviceClass] = DeviceClass.LABEL_PRINTER
    commands: ClassVar[Mapping[str, bool]] = {"print": True, "read_status": False}
    events: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, session: Session, settings: LabelSettings) -> None:
        self._session = session
        self._common = settings
        self._condition = LabelCondition()
        self._dialect = self._make_dialect()
        self._line = PrinterLine(session, self._dialect.codec, self._take)
        self._paper = asyncio.Lock()
        """Held by whoever prints."""
        self._questions = asyncio.Lock()
        """Held by whoever asks."""
        self._is_broken = asyncio.Event()
        self._is_printing = False
        self._has_answered = False
        self._misses = 0
        self._silent_since_s: float | None = None

    @abstractmethod
    def _make_dialect(self) -> LabelDialect: ...

    @classmethod
    @abstractmethod
    def language(cls, settings: Any) -> LabelLanguage:
        """What it can say, by its settings."""

    @classmethod
    def render(cls, settings: Any, content: Mapping[str, Any]) -> Rendered:
        return render_labels(cls.language(settings), settings.templates, content)

    def data_received(self, data: bytes) -> None:
        self._line.data_received(data)

    async def run(self) -> None:
        self._session.set_answering(False, "has not answered yet")
        clock, common = self._session.clock, self._common
        await self._line.write(self._dialect.setup(), common.status_timeout_s)
        if await self._ask() and common.can_identify:
            async with self._questions:
                info = await self._dialect.identity(self._line, clock, common.status_timeout_s)
            if info:
                self._session.set_info(info)
        while not await within(clock, common.status_interval_s, self._is_broken.wait()):
            if not self._is_printing:  # a job asks for itself
                await self._ask()
        raise TransportError(f"{self._name}: a print was broken off; connecting anew")

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "print":  # where no print service is above: a recording is replayed
            return await self.print_rendered(self.render(self._common, params), AtOnce(PaperPolicy.CONTINUE))
        if params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
        is_answering = await self._ask()
        condition = self._condition if is_answering else LabelCondition()  # nothing old is told as valid
        return {
            "answering": is_answering,
            **condition.to_json(),
            "flags": sorted(flag.value for flag in condition.flags()),
        }

    async def print_rendered(self, rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        async with self._paper:
            await self._require_ready()
            await watch.begin()
            job = self._job(watch)
            self._is_printing = True
            try:
                is_confirmed = await job.run(rendered)
            finally:
                self._is_printing = False
                if job.is_broken_off:
                    self._is_broken.set()
        return {
            "bytes": len(rendered.data),
            "replaced_characters": rendered.replaced_count,
            "confirmed_by": "printer" if is_confirmed else "none",
            **rendered.details,
        }

    def _job(self, watch: PrintWatch) -> LabelJob:
        common, dialect, line, clock = self._common, self._dialect, self._line, self._session.clock

        async def barrier() -> bool:
            async with self._questions:
                return await dialect.barrier(line, clock, common.status_timeout_s)

        async def clear() -> bool:
            command = dialect.clear_command()
            return command is not None and await line.write_now(command, common.status_timeout_s)

        return LabelJob(
            self._name,
            line,
            self._condition,
            Hands(self._ask, barrier, clear, dialect.form_sent, dialect.can_count, dialect.counts_when_stopped),
            clock,
            LabelLimits(
                chunk_bytes=common.chunk_bytes,
                poll_interval_s=common.poll_interval_s,
                status_interval_s=common.status_interval_s,
                confirm_timeout_s=common.confirm_timeout_s,
                idle_answers=common.idle_answers,
            ),
            watch,
        )

    async def _require_ready(self) -> None:
        """Raises DeviceError, nothing of the job having been sent."""
        common = self._common
        try:
            for _ in range(common.status_tries):
                if is_answering := await self._ask():
                    break
        except TransportError as error:
            raise DeviceError(ErrorCode.OFFLINE, f"{self._name}: {error}; nothing was printed") from error
        if not is_answering and common.is_status_required:
            raise DeviceError(
                ErrorCode.TIMEOUT,
                f"{self._name}: no answer to {common.status_tries} status questions of {common.status_timeout_s:g} s; "
                f"nothing was printed; {self._silence_words()}",
            )
        if is_answering and (obstacle := self._condition.obstacle()) is not None:
            raise DeviceError(obstacle[0], f"{self._name}: {obstacle[1]}; nothing was printed")

    async def _ask(self) -> bool:
        async with self._questions:
            is_heard = await self._dialect.ask(self._line, self._session.clock, self._common.status_timeout_s)
        if not is_heard:
            self._missed()
        return is_heard

    def _missed(self) -> None:
        """Silent: say so when it lasts. Raises TransportError when it lasts longer and nothing is being printed."""
        now_s = self._session.clock.monotonic()
        self._misses += 1
        if self._silent_since_s is None:
            self._silent_since_s = now_s
        if self._misses == self._common.status_tries or (self._misses == 1 and not self._has_answered):
            self._condition.forget()
            is_usual = self._dialect.is_silence_usual and self._has_answered
            flags = frozenset({DeviceFlag.SILENT} if is_usual else ())
            self._session.set_condition(flags, self._condition.to_json())
            self._session.set_answering(None if is_usual else False, self._silence_words())
        if self._has_answered and not self._is_printing and now_s - self._silent_since_s >= SILENCE_S_MAX:
            raise TransportError(f"{self._name}: no answer for {SILENCE_S_MAX:g} s; connecting anew")

    def _silence_words(self) -> str:
        if self._dialect.is_silence_usual:
            return f"{self._name} is silent: it has no labels or no ribbon, its head is open, or it is off"
        return f"no answer to status questions; check that {self._name} is on and its cable"

    def _take(self, event: CodecEvent) -> None:
        """Anything the printer says: it is there, and perhaps in another condition."""
        is_back = self._misses >= self._common.status_tries or not self._has_answered
        self._misses, self._silent_since_s, self._has_answered = 0, None, True
        if is_back:
            self._session.set_answering(True)
        if self._dialect.take(event, self._condition) or is_back:
            self._session.set_condition(self._condition.flags(), self._condition.to_json())

    @property
    def _name(self) -> str:
        return f"printer {self._session.device_id!r}"
