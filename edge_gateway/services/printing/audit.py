"""The audit trail of what people decided about print jobs: a copy was printed, an unknown one was dismissed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.print_requests import DismissParams, ReprintParams
from edge_gateway.contracts.store import Appended, Outbox, StreamNames
from edge_gateway.services.printing.job import Job

REPRINTED: Final = "print_job_reprinted"
DISMISSED: Final = "print_job_dismissed"

log = structlog.get_logger(__name__)


class PrintAudit:
    """Waits for nothing and raises nothing: what a person decided is done."""

    def __init__(
        self, store_id: str, outbox: Outbox, ids: EventIds, epoch: Callable[[], int | None], clock: Clock
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store_id = store_id
        self._outbox = outbox
        self._ids = ids
        self._epoch = epoch
        self._clock = clock
        self._sequences: Counter[str] = Counter()
        self._appending: set[asyncio.Task[None]] = set()

    def reprinted(self, original: Job, copy: Job, request: Request, wanted: ReprintParams) -> None:
        self._append(REPRINTED, original, request, {**_who(wanted), "copy_job_id": copy.job_id})

    def dismissed(self, job: Job, request: Request, wanted: DismissParams) -> None:
        self._append(DISMISSED, job, request, _who(wanted))

    def _append(self, name: str, job: Job, request: Request, more: Mapping[str, Any]) -> None:
        self._sequences[request.target] += 1
        of_type = event_type(request.device_class, name)
        event_id = self._ids()
        payload = cloud_event(
            event_id=event_id,
            source=device_source(self._store_id, request.target),
            event_type=of_type,
            time=self._clock.now(),
            subject=job.job_id,
            data={
                "device_id": request.target,
                "lane": request.lane,
                "epoch": self._epoch(),
                "sequence": self._sequences[request.target],
                "job_id": job.job_id,
                "state": job.state.value,
                **more,
            },
        )
        event = OutboxEvent(event_id, StreamNames.AUDIT, f"{request.lane}/{request.target}", of_type, payload)
        task = asyncio.get_running_loop().create_task(self._keep(self._outbox.append(event)))
        self._appending.add(task)
        task.add_done_callback(self._appending.discard)

    async def _keep(self, appending: Awaitable[Appended]) -> None:
        try:
            await appending
        except StoreError as error:
            self.counters["not_kept"] += 1
            log.error(log_events.PRINT_AUDIT_NOT_KEPT, reason=str(error))
        else:
            self.counters["kept"] += 1


def _who(wanted: ReprintParams | DismissParams) -> dict[str, Any]:
    return {"operator": wanted.operator, "reason": wanted.reason}
