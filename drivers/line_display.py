"""Driver of customer displays of two lines, in any dialect, over any transport or behind a printer.

A display does not answer: that it is there is all that its port says. So it is set up and written again now and then.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final

from drivers.line_display_painting import Painting
from drivers.line_display_port import DisplayPort
from drivers.line_display_screen import BLANK, Screen, Written
from drivers.line_display_settings import LineDisplaySettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.line_display_commands import (
    ClearTextParams,
    DisplayTextParams,
    SetBlinkParams,
    SetBrightnessParams,
    StartMarqueeParams,
)
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.contracts.waiting import within

RETRY_S: Final = 5.0
"""After the display took nothing."""
NEVER_S: Final = 3600.0
"""Where nothing is due."""


class LineDisplay:
    """One conversation, which only one side holds."""

    Settings = LineDisplaySettings
    device_class: ClassVar[DeviceClass] = DeviceClass.LINE_DISPLAY
    # Shown twice is shown once: none is claimed in the command log, so that a price is there at once.
    commands: ClassVar[Mapping[str, bool]] = {
        "display_text": False,
        "clear_text": False,
        "start_marquee": False,
        "set_brightness": False,
        "set_blink": False,
        "test_display": False,
        "read_display": False,
    }
    events: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def commands_of(cls, settings: LineDisplaySettings) -> Mapping[str, bool]:
        dialect = settings.made_dialect
        missing = {
            "set_brightness": bool(dialect.brightness_levels),
            "set_blink": dialect.can_blink,
            "test_display": dialect.can_test,
        }
        return {name: effect for name, effect in cls.commands.items() if missing.get(name, True)}

    def __init__(self, session: Session, settings: LineDisplaySettings) -> None:
        self._session = session
        self._settings = settings
        self._dialect = settings.made_dialect
        self._port = DisplayPort(session, settings)
        self._screen = Screen(settings.code_page)
        self._painting = Painting(self._screen, settings)
        self._is_idle_text = False
        self._line = asyncio.Lock()
        self._changed = asyncio.Event()
        self._used_s = self._stepped_s = session.clock.monotonic()
        self._begun_s: float | None = None

    def data_received(self, data: bytes) -> None:
        """It says nothing that is asked for."""

    async def run(self) -> None:
        self._show_idle_text()
        self._tell()
        while True:
            async with self._line:
                with suppress(DeviceError):  # told as the device's state, and tried again
                    await self._do_what_is_due()
            await within(self._session.clock, self._due_in_s(), self._changed.wait())
            self._changed.clear()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "read_display":
            _none(name, params)
            return self._view()
        try:
            async with self._line:
                written = await self._change(name, params)
        finally:
            self._tell()
            self._changed.set()
        return {**self._view(), "replaced_characters": written.replaced_count, "is_truncated": written.is_truncated}

    async def _change(self, name: str, params: Mapping[str, Any]) -> Written:
        written = Written()
        was_scrolling = self._screen.marquee is not None
        before = list(self._screen.lines)
        match name:
            case "display_text":
                text = DisplayTextParams.model_validate(params)
                self._leave_idle(text.row)
                written = self._screen.write(text)
            case "clear_text":
                row = ClearTextParams.model_validate(params).row
                self._leave_idle(row)
                self._screen.clear(row)
            case "start_marquee":
                marquee = StartMarqueeParams.model_validate(params)
                self._leave_idle(marquee.row)
                written = self._screen.scroll(marquee.row, marquee.text)
                self._painting.scrolls_anew()
            case "set_brightness":
                await self._port.send(self._painting.brightness(SetBrightnessParams.model_validate(params).percent))
                return written
            case "set_blink":
                await self._port.send(self._painting.blink(SetBlinkParams.model_validate(params).interval_ms))
                return written
            case _:
                _none(name, params)
                await self._port.send(self._dialect.self_test() or b"")
                return written
        self._used_s = self._session.clock.monotonic()
        is_whole = was_scrolling or self._screen.marquee is not None
        await self._paint(None if is_whole else before)
        return written

    def _leave_idle(self, row: int | None) -> None:
        """One line alone is not shown beside an advertisement."""
        if self._is_idle_text and row is not None:
            self._screen.clear()
        self._is_idle_text = False

    def _show_idle_text(self) -> None:
        self._screen.clear()
        for row, text in enumerate(self._settings.idle_lines, 1):
            if len(text) > len(BLANK) and self._screen.marquee is None:
                self._screen.scroll(row, text)
                continue
            self._screen.write(DisplayTextParams(text=text, row=row, align="center"))
        self._is_idle_text = bool(self._settings.idle_lines)
        self._painting.scrolls_anew()

    async def _begin(self) -> None:
        self._begun_s = self._session.clock.monotonic()
        await self._port.send(self._painting.from_nothing())

    async def _paint(self, before: list[bytes] | None) -> None:
        """``before``: the lines as they are on it, where only what differs is to be written."""
        if self._port.is_stale:
            await self._begin()
        else:
            await self._port.send(self._painting.whole() if before is None else self._painting.changes(before))

    def _due_in_s(self) -> float:
        now_s = self._session.clock.monotonic()
        if self._port.is_stale:
            return RETRY_S
        due = [now_s + NEVER_S, self._refresh_at_s, self._step_at_s, self._idle_at_s]
        return max(min(at_s for at_s in due if at_s is not None) - now_s, 0.0)

    @property
    def _refresh_at_s(self) -> float | None:
        """None of these: it is not due at all."""
        if self._begun_s is None or self._port.is_stale:
            return -math.inf  # long ago: it is compared with a clock that goes on
        interval_s = self._settings.refresh_interval_s
        return self._begun_s + interval_s if interval_s else None

    @property
    def _step_at_s(self) -> float | None:
        if self._screen.marquee is None or self._painting.scrolls_itself:
            return None
        return self._stepped_s + self._settings.marquee_interval_s

    @property
    def _idle_at_s(self) -> float | None:
        settings = self._settings
        is_wanted = settings.idle_after_s and settings.idle_lines and not self._is_idle_text
        return self._used_s + settings.idle_after_s if is_wanted else None

    async def _do_what_is_due(self) -> None:
        now_s = self._session.clock.monotonic()
        if self._idle_at_s is not None and now_s >= self._idle_at_s:
            self._show_idle_text()
            await self._paint(None)
            self._tell()
        elif self._refresh_at_s is not None and now_s >= self._refresh_at_s:
            await self._begin()
        elif self._step_at_s is not None and now_s >= self._step_at_s:
            self._stepped_s = now_s
            await self._port.send(self._painting.next_step())

    def _view(self) -> dict[str, Any]:
        marquee = self._screen.marquee
        return {
            "lines": list(self._screen.shown()),
            "marquee_row": None if marquee is None else marquee[0],
            "is_idle_text": self._is_idle_text,
            "brightness_percent": self._painting.brightness_percent,
        }

    def _tell(self) -> None:
        self._session.set_details(self._view())


def _none(name: str, params: Mapping[str, Any]) -> None:
    if params:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
