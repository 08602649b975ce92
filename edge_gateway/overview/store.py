"""The store as the overview shows it, and as the alarms go by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import StreamCounts
from edge_gateway.services.alerts import StoreLook, StoreLoss
from edge_gateway.status.source import OutboxStatus, StreamStatus
from edge_gateway.store.database import Database
from edge_gateway.store.feed import SqliteFeed
from edge_gateway.store.fill import FillAlarm, FillLevel
from edge_gateway.store.outbox import SqliteOutbox


class StoreOverview:
    """Counted and measured by ``refresh``; all else is read as it is."""

    def __init__(self, database: Database, outbox: SqliteOutbox, uplinks: Sequence[str]) -> None:
        self._database = database
        self._outbox = outbox
        self._uplinks = tuple(uplinks)
        self._counts: Mapping[str, StreamCounts] = {}
        self._problem: str | None = None
        self._fill = FillAlarm()

    @property
    def is_open(self) -> bool:
        return self._database.is_open

    async def refresh(self) -> None:
        """Count and measure the outbox. A store that cannot be read is a finding, not an error."""
        try:
            await self._database.measure()
            self._counts = await self._outbox.counts()
            self._fill.update(self._database.fill_percent)
            self._problem = None
        except StoreError as error:
            self._problem = str(error)

    def look(self) -> StoreLook:
        """What the alarms go by."""
        return StoreLook(
            is_full=self._database.condition.is_full,
            fill_percent=self._database.fill_percent,
            fill_level=self._fill.level.value,
            set_aside_as=self._database.set_aside_as,
            locked=self._locked(),
            locked_reason=self._locked_reason(),
            losses=tuple(
                StoreLoss(
                    state.kept_as,
                    state.report.words,
                    state.report.lost,
                    state.report.is_exact,
                    tuple(state.report.keys_lost),
                )
                for state in self._database.salvaging.unacknowledged
                if state.has_losses
            ),
        )

    def status(self) -> OutboxStatus:
        health, reason = self._standing()
        is_open = self._database.is_open
        return OutboxStatus(
            is_open=is_open,
            health=health,
            reason=reason,
            size_bytes=self._database.used_bytes,
            size_on_disk_bytes=self._database.bytes_on_disk,
            disk_free_bytes=self._database.free_bytes if is_open else None,
            fill_percent=round(self._database.fill_percent, 1) if is_open else None,
            fill_level=self._fill.level.value,
            epoch=self._database.epoch,
            locked=self._locked(),
            streams={
                name: StreamStatus(
                    pending=count.pending,
                    dead=count.dead,
                    delivered_total=count.delivered_total,
                    dropped_total=count.dropped_total,
                    oldest_pending_age_s=count.oldest_pending_age_s,
                )
                for name, count in self._counts.items()
            },
        )

    def _standing(self) -> tuple[Health, str | None]:
        """The worst of it, and why."""
        condition, salvaging = self._database.condition, self._database.salvaging
        if self._problem is not None:
            return Health.UNHEALTHY, self._problem
        if condition.is_full:
            remedy = "make room on the disk, or see why the cloud takes nothing"
            return Health.UNHEALTHY, f"full: new transactions are refused; {remedy}"
        if condition.is_failing:
            return Health.UNHEALTHY, "the last write failed; look at the disk"
        if salvaging.problem is not None:
            why = f"was damaged, and its salvage cannot go on: {salvaging.problem}"
            return Health.UNHEALTHY, f"{why}; new sales are kept, and wait for it"
        if condition.giving_way:
            names = " and ".join(condition.giving_way)
            return Health.DEGRADED, f"room is short: {names} are not kept for the cloud, sales still are"
        if locked := self._locked():
            return Health.UNHEALTHY, f"{locked} events are locked: {self._locked_reason()}"
        if self._fill.level is not FillLevel.NORMAL:
            return Health.DEGRADED, f"{self._database.fill_percent:.0f} % full; see that the cloud can be reached"
        if self._database.sealer.ring.problem is not None:
            return Health.DEGRADED, self._database.sealer.ring.problem
        if salvaging.is_running:
            return Health.DEGRADED, "was damaged and set aside; what is whole is being salvaged"
        if unseen := salvaging.unacknowledged:
            what = f"was damaged and set aside as {unseen[-1].kept_as}: {unseen[-1].report.words}"
            return Health.DEGRADED, f"{what}; see edge-gateway outbox acknowledge-loss"
        return Health.HEALTHY, None

    def _locked(self) -> int:
        return max((feed.locked for feed in self._feeds()), default=0)

    def _locked_reason(self) -> str:
        return next((feed.locked_reason for feed in self._feeds() if feed.locked and feed.locked_reason), "")

    def _feeds(self) -> list[SqliteFeed]:
        return [self._outbox.feed(name) for name in self._uplinks]
