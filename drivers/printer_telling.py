"""What is told of a receipt printer when it says something, and when it says nothing in the middle of a print."""

from __future__ import annotations

from drivers.drawer_watch import DrawerWatch
from drivers.printer_condition import Conditions
from drivers.printer_presence import Presence
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.states import DeviceFlag


class PrinterTelling:
    """Of one connection."""

    def __init__(self, session: Session, condition: Conditions, presence: Presence, drawer: DrawerWatch) -> None:
        self._session = session
        self._condition = condition
        self._presence = presence
        self._drawer = drawer

    def take(self, event: CodecEvent, *, is_told_by_itself: bool, is_believed: bool = True) -> None:
        """Anything the printer says: it is there, and perhaps in another condition."""
        was_silent = self._presence.is_silent
        self._presence.heard(is_told_by_itself=is_told_by_itself)
        if is_believed and self._condition.take(event):
            self._drawer.sensed(self._condition.drawer, self._condition.drawer_level)
            self._session.set_condition(self._flags(), self._condition.to_json())
        elif was_silent:
            self._session.set_flags(self._flags())

    def looked_in_print(self, is_heard: bool) -> None:
        """A print stands still, and the printer was asked why."""
        if self._presence.looked_in_print(is_heard):
            self._session.set_flags(self._flags())

    def _flags(self) -> frozenset[DeviceFlag]:
        return self._condition.flags() | frozenset({DeviceFlag.SILENT} if self._presence.is_silent else ())
