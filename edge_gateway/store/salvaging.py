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
from edge_gateway.store.salvage_writer import Known, begin_salvage, note_failed
from edge_gateway.store.sealing import Sealer

AT_OPEN_S_MAX: Final = 2.0
"""Within this much of the opening stores of everyday size (some 100 MB) are salvaged whole; the rest of a larger one
comes while the shop sells."""

BITE_S: Final = 0.01
"""The SQLite thread is busy for so long at once: a sale that comes meanwhile waits for it."""

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
        """By stream id: the last number of the store in use, where it is still remembered when it is set aside."""
        self._newest_of: dict[Path, Mapping[int, int]] = {}
        self.states: tuple[SalvageState, ...] = ()
        """Of all stores that were ever set aside, as of the last look."""
        self.finished = 0
        """How often a ceiling fell: what was above it may go out."""
        self._is_blocked = False
        self.on_finished: Callable[[], None] = lambda: None
        """Called in the event loop after that."""

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

    def set_aside_as(self, kept_as: Path) -> None:
        """The store in use is no more: its last numbers go with it, and with no other that still waits."""
        self._newest_of[kept_as], self.newest = self.newest, {}

    def begin(self, connection: sqlite3.Connection, refusal: Refusal) -> None:
        """In the SQLite thread, before anything is appended: get as far as the time at an opening allows."""
        deadline = time.monotonic() + AT_OPEN_S_MAX
        for kept_as in set_aside.unsalvaged(self._path):
            _log.warning(log_events.STORE_SALVAGE_STARTED, kept_as=str(kept_as))
            salvage, known, newest = None, Known({}, 0), self._newest_of.pop(kept_as, {})
            try:
                salvage = Salvage(kept_as, self._path, self._sealer, refusal)
                salvage.survey_for(deadline - time.monotonic())
                known = salvage.known()
            except Exception as error:  # noqa: BLE001 - the boundary, as in ``_bite``: the shop opens in any case
                _log_failure(kept_as, error)
                begin_salvage(connection, kept_as.name, self._clock.now(), known, newest)
                note_failed(connection, kept_as.name)
                if salvage is not None:
                    salvage.close()
                set_aside.salvaged(kept_as)
                continue
            self._open.append(salvage)
            begin_salvage(connection, kept_as.name, self._clock.now(), known, newest)

    def finish_soon(self, connection: sqlite3.Connection) -> None:
        """In the SQLite thread: small stores are done at once, before anybody asks."""
        deadline = time.monotonic() + AT_OPEN_S_MAX
        while self._open and time.monotonic() < deadline:
            if self._bite(connection) is Step.BLOCKED:
                break
        self.look(connection)

    async def run(self, read: Reads) -> None:
        """Go on with what is not done; in bites."""
        if self.finished:
            self.on_finished()  # at the opening
        while self._open:
            try:
                step = await read(self._some_bites)
            except StoreError:
                step = Step.BLOCKED  # told by whoever else reads and writes; the file is replaced, or closed
            if step is Step.DONE:
                self.on_finished()
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

    def _some_bites(self, connection: sqlite3.Connection) -> Step:
        deadline = time.monotonic() + BITE_S
        step = self._bite(connection)
        while step is Step.MORE and time.monotonic() < deadline:
            step = self._bite(connection)
        return step

    def _bite(self, connection: sqlite3.Connection) -> Step:
        if not self._open:
            return Step.DONE
        salvage = self._open[0]
        try:
            step = salvage.step()
            if step is Step.DONE:
                self._tell(salvage)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever lies in a damaged file, the shop sells on
            salvage.give_up(_log_failure(salvage.kept_as, error))
            step = Step.DONE
        if step is Step.BLOCKED and not self._is_blocked:
            _log.error(log_events.STORE_SALVAGE_BLOCKED, kept_as=str(salvage.kept_as), reason=salvage.problem)
        self._is_blocked = step is Step.BLOCKED
        if step is Step.DONE:
            self._open.remove(salvage)
            self.finished += 1
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
            print_jobs=report.print_jobs,
            print_jobs_lost=report.print_jobs_lost,
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


def _log_failure(kept_as: Path, error: Exception) -> str:
    """Answers the reason. What an error of another kind says may be of what lies in the file."""
    says = isinstance(error, sqlite3.Error | OSError)
    reason = f"{type(error).__name__}: {error}" if says else type(error).__name__
    _log.error(log_events.STORE_SALVAGE_FAILED, kept_as=str(kept_as), reason=reason, stack=stack_of(error))
    return reason
