"""What the new store must not say or send yet, while one that was set aside is still being salvaged into it."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError, stack_of
from edge_gateway.store import set_aside
from edge_gateway.store.salvage import Refusal, Salvage, Step
from edge_gateway.store.salvage_report import SalvageState, salvage_states
from edge_gateway.store.salvage_writer import begin_salvage
from edge_gateway.store.sealing import Sealer

AT_OPEN_S_MAX: Final = 2.0
"""Within this much of the opening stores of everyday size (some 100 MB) are salvaged whole; the rest of a larger one
comes while the shop sells."""

PAUSE_S: Final = 0.005
"""Between two bites, so that sales have their turn."""

BLOCKED_PAUSE_S: Final = 5.0
"""Before it is tried again after there was no room."""

T = TypeVar("T")
_log = structlog.get_logger()


class Reads(Protocol):
    """``Database.read``."""

    def __call__(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


class Salvaging:
    """One after the other, oldest first. The first methods are asked in the event loop or in the SQLite thread."""

    def __init__(self, path: Path, clock: Clock, sealer: Sealer, counters: Counter[str]) -> None:
        self._path = path
        self._clock = clock
        self._sealer = sealer
        self._counters = counters
        self._open: list[Salvage] = []
        self.newest: Mapping[int, int] = {}
        """By stream id: the last number of the store that is set aside next, where it is still remembered."""
        self.states: tuple[SalvageState, ...] = ()
        """Of all stores that were ever set aside, as of the last look."""

    @property
    def is_running(self) -> bool:
        return bool(self._open)

    @property
    def has_losses(self) -> bool:
        """Keys of some events were forgotten."""
        return any(state.report.keys_lost_total for state in self.states)

    @property
    def unacknowledged(self) -> tuple[SalvageState, ...]:
        """What a person has not seen yet."""
        return tuple(state for state in self.states if not state.is_acknowledged)

    @property
    def problem(self) -> str | None:
        """Why it does not go on right now."""
        return self._open[0].problem if self._open else None

    def may_have(self, key: str) -> bool:
        """Whether a store that is being salvaged may know the key."""
        return any(salvage.may_have_key(key) for salvage in self._open)

    def check_key(self, key: str) -> None:
        """Raises StoreError while nobody can say what became of the key's event."""
        if self._open and self.may_have(key):
            raise StoreError(
                f"the store was damaged and is being salvaged: '{key}' may be in it; try again in a few seconds"
            )

    def check_claims(self) -> None:
        """Raises StoreError while the requests of the old store are not in."""
        if self._open and not all(salvage.has_commands for salvage in self._open):
            raise StoreError("the store was damaged and its requests are being salvaged: try again in a few seconds")

    def ceiling(self, stream_id: int, end: int) -> int:
        """No event from here on may go out yet: older ones of its source may still come. ``end``: if all may."""
        return min((salvage.ceilings.get(stream_id, 0) + 1 for salvage in self._open), default=end)

    def begin(self, connection: sqlite3.Connection, refusal: Refusal) -> None:
        """In the SQLite thread, before anything is appended: get as far as the time at an opening allows."""
        deadline = time.monotonic() + AT_OPEN_S_MAX
        for kept_as in set_aside.unsalvaged(self._path):
            _log.warning(log_events.STORE_SALVAGE_STARTED, kept_as=str(kept_as))
            try:
                salvage = Salvage(kept_as, self._path, self._sealer, refusal)
            except OSError as error:
                _log.error(log_events.STORE_SALVAGE_FAILED, kept_as=str(kept_as), reason=str(error))
                set_aside.salvaged(kept_as)
                continue
            self._open.append(salvage)
            salvage.survey_for(deadline - time.monotonic())
            begin_salvage(connection, kept_as.name, self._clock.now(), salvage.known(), self.newest)
            self.newest = {}

    def finish_soon(self, connection: sqlite3.Connection) -> None:
        """In the SQLite thread: small stores are done at once, before anybody asks."""
        deadline = time.monotonic() + AT_OPEN_S_MAX
        while self._open and time.monotonic() < deadline:
            if self._bite(connection) is Step.BLOCKED:
                break
        self.look(connection)

    async def run(self, read: Reads) -> None:
        """Go on with what is not done; in bites."""
        while self._open:
            try:
                step = await read(self._bite)
            except StoreError:
                step = Step.BLOCKED  # told by whoever else reads and writes; the file is replaced, or closed
            await self._clock.sleep(BLOCKED_PAUSE_S if step is Step.BLOCKED else PAUSE_S)

    def look(self, connection: sqlite3.Connection) -> None:
        """Read anew what a person may have acknowledged."""
        unseen = {state.kept_as for state in self.unacknowledged}
        self.states = tuple(salvage_states(connection))
        for state in self.states:
            if state.is_acknowledged and state.kept_as in unseen:
                _log.info(log_events.LOSS_ACKNOWLEDGED, kept_as=state.kept_as)

    def close(self) -> None:
        for salvage in self._open:
            salvage.close()
        self._open.clear()

    def _bite(self, connection: sqlite3.Connection) -> Step:
        if not self._open:
            return Step.DONE
        salvage = self._open[0]
        try:
            step = salvage.step()
            if step is Step.DONE:
                self._tell(salvage)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever lies in a damaged file, the shop sells on
            reason = f"{type(error).__name__}: {error}" if isinstance(error, sqlite3.Error) else type(error).__name__
            _log.error(
                log_events.STORE_SALVAGE_FAILED, kept_as=str(salvage.kept_as), reason=reason, stack=stack_of(error)
            )
            salvage.give_up(reason)
            step = Step.DONE
        if step is Step.DONE:
            self._open.remove(salvage)
            salvage.close()
            set_aside.salvaged(salvage.kept_as)
            set_aside.forget_oldest(self._path)
            self.look(connection)
        return step

    def _tell(self, salvage: Salvage) -> None:
        report = salvage.report
        self._counters["events_salvaged"] += sum(report.salvaged.values())
        self._counters["events_lost"] += report.lost_total
        _log.warning(
            log_events.STORE_SALVAGED,
            kept_as=str(salvage.kept_as),
            salvaged=dict(report.salvaged),
            dead_letters=report.dead_letters,
            keys=report.keys,
            commands=report.commands,
            pages=report.pages,
            pages_unreadable=report.pages_unreadable,
        )
        if report.lost_total or report.dead_letters_lost:
            _log.error(
                log_events.EVENTS_LOST,
                kept_as=str(salvage.kept_as),
                lost=dict(report.lost),
                is_exact=report.is_exact,
                transaction_ids=report.keys_lost,
                dead_letters_lost=report.dead_letters_lost,
            )
