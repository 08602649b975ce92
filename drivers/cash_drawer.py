"""Drivers of cash drawers share this: one pulse for each command, never a second, and what their switch says.

A pulse that did not open the drawer is not repeated: it is locked, or its cable is out, and a person must look.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from drivers.cash_drawer_settings import CashDrawerSettings, SwitchSettings
from drivers.drawer_watch import DrawerWatch
from edge_gateway.contracts.cash_drawer import DRAWER_EVENTS, DrawerState, Level, OpenDrawerParams, command_of
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.instants import rfc3339
from edge_gateway.contracts.states import DeviceClass, DeviceFlag
from edge_gateway.contracts.waiting import within

NEVER_S = 3600.0
"""Where nothing is due."""


class CashDrawer(ABC):
    """One conversation with one drawer. A subclass gives the pulse and calls ``_sensed``."""

    device_class: ClassVar[DeviceClass] = DeviceClass.CASH_DRAWER
    commands: ClassVar[Mapping[str, bool]] = {"open_drawer": True, "read_drawer": False}
    events: ClassVar[frozenset[str]] = DRAWER_EVENTS

    def __init__(self, session: Session, settings: CashDrawerSettings) -> None:
        self._session = session
        self._common = settings
        self._watch = DrawerWatch(session, settings.left_open_after_s)
        self._level: Level | None = None
        self._moved = asyncio.Event()

    @abstractmethod
    async def _pulse(self, params: OpenDrawerParams) -> str:
        """Once. Returns what confirmed it: ``printer`` or ``none``. Raises DeviceError, TransportError."""

    @abstractmethod
    async def _converse(self) -> None:
        """Until cancelled, or TransportError: hear the switch."""

    def data_received(self, data: bytes) -> None:
        """Most say nothing in bytes, and noise means nothing."""
        del data

    async def run(self) -> None:
        self._tell()
        looking = asyncio.ensure_future(self._look_at_time())
        try:
            await self._converse()
        finally:
            looking.cancel()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "open_drawer":
            return await self._open(OpenDrawerParams.model_validate(params))
        if params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
        return self._view()

    async def _open(self, params: OpenDrawerParams) -> Mapping[str, Any]:
        was = self._watch.state
        confirmed_by = await self._pulse(params)
        if was == "closed" and not await self._is_open_soon():
            raise DeviceError(
                ErrorCode.DEVICE_ERROR,
                f"drawer {self._session.device_id!r}: it got its pulse, and its switch says that it is still closed: "
                "is it locked with its key, or its cable out?",
                is_retryable=False,
            )
        state = self._watch.state
        return {"drawer": state, "confirmed_by": "switch" if (was, state) == ("closed", "open") else confirmed_by}

    async def _is_open_soon(self) -> bool:
        async def opened() -> None:
            while self._watch.state == "closed":
                self._moved.clear()
                await self._moved.wait()

        return await within(self._session.clock, self._common.sense_timeout_s, opened())

    def _commanded(self, params: OpenDrawerParams) -> None:
        """Just before the pulse: by the time it is known to have been sent the drawer may be open."""
        self._watch.pulsed(command_of(params))

    def _sensed(self, state: DrawerState, level: Level | None = None) -> None:
        is_other = level != self._level
        self._level = level
        if self._watch.sensed(state, level) or is_other:
            self._moved.set()
            self._tell()

    def _tell(self) -> None:
        flags = {DeviceFlag.DRAWER_OPEN} if self._watch.state == "open" else set()
        self._session.set_condition(frozenset(flags), self._view())

    async def _look_at_time(self) -> None:
        while True:
            due_in_s = self._watch.due_in_s
            await within(self._session.clock, NEVER_S if due_in_s is None else due_in_s, self._moved_again())
            if self._watch.look():
                self._tell()

    async def _moved_again(self) -> None:
        before = self._watch.state
        while self._watch.state == before:
            self._moved.clear()
            await self._moved.wait()

    def _view(self) -> dict[str, Any]:
        since = self._watch.open_since
        return {
            "drawer": self._watch.state,
            "drawer_level": self._level,
            "open_since": None if since is None else rfc3339(since),
            "is_left_open": self._watch.is_left_open,
            "is_switch_proven": self._watch.is_switch_proven,
        }


def state_of(level: Level | None, settings: SwitchSettings) -> DrawerState:
    """What the level means: nothing, where nobody has tried it out."""
    if level is None or settings.open_level == "unknown":
        return "unknown"
    return "open" if level == settings.open_level else "closed"
