"""Whether a printer is there: what silence means, and when it is told."""

from __future__ import annotations

from typing import Final

from drivers.printer_settings import PrinterSettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, TransportError

SILENCE_S_MAX: Final = 15.0
"""A printer that answered before and now is silent for so long was perhaps switched off and on: connect anew. Without
it a dead TCP connection is noticed after a quarter of an hour."""


SILENT_LOOKS: Final = 2
"""While it prints it may be too busy for one question. After as many in a row it is told to be silent: 6 s with the
usual ``status_interval_s`` and ``status_timeout_s``. Whether it is off nobody knows: its power stays as it was."""


class Presence:
    """Of one connection. ``is_telling``: the printer tells changes by itself; ``is_silent``: it says nothing in the
    middle of a print."""

    def __init__(self, session: Session, settings: PrinterSettings) -> None:
        self._session = session
        self._settings = settings
        self._silent_since_s: float | None = None
        self.is_answering: bool | None = None
        self.has_answered = False
        self.is_telling = False
        self.is_silent = False
        self._missed_looks = 0

    def heard(self, *, is_told_by_itself: bool) -> None:
        """It said something."""
        self._silent_since_s = None
        self.is_silent, self._missed_looks = False, 0
        self.has_answered = True
        self.is_telling = self.is_telling or is_told_by_itself
        if self.is_answering is not True:
            self.is_answering = True
            self._session.set_answering(True)

    def looked_in_print(self, is_heard: bool) -> bool:
        """Of a print that stands still. True: the printer has just become silent."""
        if is_heard:
            return False
        self._missed_looks += 1
        was_silent, self.is_silent = self.is_silent, self.is_silent or self._missed_looks >= SILENT_LOOKS
        return self.is_silent and not was_silent

    def judge(self, is_heard: bool) -> None:
        """It was asked ``status_tries`` times: say so when it is silent. Raises TransportError when it stays so."""
        if is_heard:
            return
        name = f"printer {self._session.device_id!r}"
        now_s = self._session.clock.monotonic()
        if self._silent_since_s is None:
            self._silent_since_s = now_s
        silent_s = now_s - self._silent_since_s
        if self.is_answering is not False:
            self.is_answering = False
            self._session.set_answering(False, f"no answer to status questions; check that {name} is on and its cable")
        if self.has_answered and silent_s >= SILENCE_S_MAX:
            raise TransportError(f"{name}: no answer for {silent_s:.0f} s; connecting anew")

    def require(self, is_answering: bool, obstacle: tuple[ErrorCode, str] | None, undone: str) -> None:
        """Before a print. Raises DeviceError where it cannot be begun now; ``undone``: the words for that."""
        name = f"printer {self._session.device_id!r}"
        if not is_answering and self._settings.is_status_required:
            raise DeviceError(
                ErrorCode.TIMEOUT,
                f"{name}: no answer to {self._settings.status_tries} status questions of "
                f"{self._settings.status_timeout_s:g} s; {undone}; check that it is on and its cable",
            )
        if obstacle is not None:
            raise DeviceError(obstacle[0], f"{name}: {obstacle[1]}; {undone}")
