"""What is known of a cash drawer, and what is told of it: opened by which command or by none, closed, left open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from edge_gateway.contracts.cash_drawer import (
    DRAWER_CLOSED,
    DRAWER_LEFT_OPEN,
    DRAWER_OPENED,
    DRAWER_PULSED,
    DrawerState,
    Level,
)
from edge_gateway.contracts.driver import Session

ATTRIBUTION_S: Final = 3.0
"""A drawer is open some 50 ms after its pulse, and seen to be so at the next look, at most two seconds later."""
AGE_DECIMALS: Final = 3
LOOK_S_MIN: Final = 0.01
"""A clock that is a hair short of the time is looked at again a moment later, not in a tight loop."""


class DrawerWatch:
    """``pulsed`` at each pulse, ``sensed`` at each look at the switch. Cheap, and never blocks."""

    def __init__(self, session: Session, left_open_after_s: float = 0.0) -> None:
        self._session = session
        self._left_open_after_s = left_open_after_s
        self.state: DrawerState = "unknown"
        self._command: Mapping[str, Any] | None = None
        self._standing: Mapping[str, Any] | None = None
        """Its pulse stands somewhere in what is being printed; others may pass it."""
        self._command_until_s = 0.0
        self._is_told = False
        self._open_since_s: float | None = None
        self.open_since: datetime | None = None
        self._is_left_open_told = False
        self._level: Level | None = None
        self._levels: set[Level] = set()

    def pulsed(self, command: Mapping[str, Any]) -> None:
        """It is sent now."""
        self.expect(command)
        self.sent()

    def expect(self, command: Mapping[str, Any]) -> None:
        """It is about to be sent. Until ``over``."""
        self._command, self._is_told = command, False
        self._command_until_s = math.inf

    def printing(self, command: Mapping[str, Any]) -> None:
        """It stands somewhere in what is printed from now on. Until ``printed`` or ``unprinted``."""
        self._standing = command
        if self._is_told:
            self._command = None  # it had its time

    def printed(self) -> None:
        """What it stands in is at its end: it is on its way for certain."""
        self._take_standing()
        self.sent()

    def unprinted(self) -> None:
        """What it stands in was not sent after all."""
        self._standing = None

    def excuse(self, command: Mapping[str, Any]) -> None:
        """A pulse of another drawer on the same switch: what opens now may be that one."""
        if not self._is_expected:
            self.expect(command)
            self._is_told = True
            self.over()

    def sent(self) -> None:
        """What was expected is on its way for certain."""
        self._tell_pulse()
        self.over()

    def over(self) -> None:
        """What was still to come of it has come by now, or is about to."""
        self._command_until_s = min(self._command_until_s, self._now_s + ATTRIBUTION_S)

    def withdraw(self) -> None:
        """It was not sent after all."""
        if not self._is_told:
            self._command = None

    def _tell_pulse(self) -> None:
        if self._command is not None and not self._is_told:
            self._is_told = True
            self._session.emit(DRAWER_PULSED, {"command": dict(self._command)})

    def sensed(self, state: DrawerState, level: Level | None = None) -> bool:
        """True: it is not as it was."""
        if level is not None:
            if self._levels and level != self._level:
                if self.state != "open" and not self._is_expected:
                    self._take_standing()
                if self._is_expected:
                    self._tell_pulse()  # something moved: whoever makes more of the level hears of the pulse before
            self._levels.add(level)
            self._level = level
        before, self.state = self.state, state
        if state == before:
            return False
        opened_s, self._open_since_s, self.open_since = self._open_since_s, None, None
        if state == "open":
            self._open_since_s, self.open_since = self._now_s, self._session.clock.now()
            self._is_left_open_told = False
            if before == "closed":
                self._opened()
        elif state == "closed" and before == "open":
            open_s = None if opened_s is None else round(self._now_s - opened_s, AGE_DECIMALS)
            self._session.emit(DRAWER_CLOSED, {"open_s": open_s})
        return True

    @property
    def is_left_open(self) -> bool:
        limit_s, open_s = self._left_open_after_s, self.open_s
        return bool(limit_s) and open_s is not None and open_s >= limit_s

    @property
    def open_s(self) -> float | None:
        return None if self._open_since_s is None else self._now_s - self._open_since_s

    @property
    def is_switch_proven(self) -> bool:
        return len(self._levels) > 1

    @property
    def due_in_s(self) -> float | None:
        """Until it has been open too long; None: it is not open, or that was told."""
        open_s = self.open_s
        if open_s is None or not self._left_open_after_s or self._is_left_open_told:
            return None
        return max(self._left_open_after_s - open_s, LOOK_S_MIN)

    def look(self) -> bool:
        """True: it has just been open for too long."""
        if not self.is_left_open or self._is_left_open_told:
            return False
        self._is_left_open_told = True
        self._session.emit(DRAWER_LEFT_OPEN, {"open_s": round(self.open_s or 0.0, AGE_DECIMALS)})
        return True

    def _opened(self) -> None:
        """By the pulse of the last moments, if there was one: each pulse opens it once."""
        if not self._is_expected:
            self._command = None
            self._take_standing()
        self._tell_pulse()
        command, self._command = self._command, None
        told = None if command is None else dict(command)
        self._session.emit(DRAWER_OPENED, {"command": told, "uncommanded": command is None})

    def _take_standing(self) -> None:
        if self._standing is not None:
            command, self._standing = self._standing, None
            self.expect(command)

    @property
    def _is_expected(self) -> bool:
        return self._command is not None and self._now_s <= self._command_until_s

    @property
    def _now_s(self) -> float:
        return self._session.clock.monotonic()
