"""Takes transactions from POS terminals: checked, committed, and only then accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ConflictError, ErrorCode, RequestError, StorageFullError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import Outbox
from edge_gateway.contracts.transaction import Transaction, read_transaction

STREAM: Final = "transactions"
EVENT_TYPE: Final = event_type("pos", "transaction_completed")
COMMANDS: Final = ("submit_transaction",)

log = structlog.get_logger(__name__)


class TransactionService:
    """Requests on ``pos/{terminal}/command/...``.

    ``accepted`` is the gateway's promise: the transaction is on disk. Until a POS sees it, it repeats the submit, under
    any request id: the transaction's own id makes it one.
    """

    def __init__(self, store_id: str, outbox: Outbox, clock: Clock, ids: EventIds) -> None:
        self.counters: Counter[str] = Counter()
        self.last_accepted_at: datetime | None = None
        self._store_id = store_id
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._sequences: Counter[str] = Counter()

    async def handle(self, request: Request) -> Reply:
        """The reply, also of a refusal; raises nothing on purpose."""
        try:
            if request.name not in COMMANDS:
                known = ", ".join(COMMANDS)
                raise RequestError(
                    ErrorCode.UNSUPPORTED, f"{request.target}: no command {request.name}; there are: {known}"
                )
            result = await self._submit(request)
        except RequestError as error:
            self.counters[f"refused:{error.code.value}"] += 1
            return Reply.failed(request.id, error)
        return Reply(request.id, ReplyStatus.ACCEPTED, result)

    async def _submit(self, request: Request) -> Mapping[str, Any]:
        transaction = read_transaction(request.params)
        self._check_place(request, transaction)
        event = self._event(request, transaction)
        try:
            appended = await self._outbox.append(event, key=transaction.transaction_id, digest=transaction.digest())
        except ConflictError as error:
            message = f"transaction {transaction.transaction_id} was accepted before with other content; nothing stored"
            raise RequestError(ErrorCode.CONFLICT, message) from error
        except StorageFullError as error:
            raise RequestError(
                ErrorCode.STORAGE_FULL, "the gateway's disk is full; nothing stored, try again"
            ) from error
        except StoreError as error:
            raise RequestError(ErrorCode.INTERNAL, "the gateway's store failed; nothing promised, try again") from error
        self.counters["accepted" if appended.is_new else "repeated"] += 1
        if appended.is_new:
            self.last_accepted_at = self._clock.now()
            log.info(
                log_events.TRANSACTION_ACCEPTED,
                transaction_id=transaction.transaction_id,
                event_id=appended.event_id,
                lane=request.lane,
                terminal=request.target,
            )
        return {"transaction_id": transaction.transaction_id, "event_id": appended.event_id}

    def _check_place(self, request: Request, transaction: Transaction) -> None:
        """The broker grants topics, not contents: a lane must not speak for another one."""
        expectations = {
            "store_id": (transaction.store_id, self._store_id),
            "lane": (transaction.lane, request.lane),
            "terminal_id": (transaction.terminal_id, request.target),
        }
        problems = [
            f"{name}: {found}, but the topic says {expected}"
            for name, (found, expected) in expectations.items()
            if found != expected
        ]
        if problems:
            raise RequestError(ErrorCode.INVALID_REQUEST, "; ".join(problems))

    def _event(self, request: Request, transaction: Transaction) -> OutboxEvent:
        """``time`` is when the sale was completed; the object goes on as the POS sent it, number text included."""
        self._sequences[request.target] += 1
        event_id = self._ids()
        payload = cloud_event(
            event_id=event_id,
            source=device_source(self._store_id, request.target),
            event_type=EVENT_TYPE,
            time=datetime.fromisoformat(transaction.completed_at),
            subject=transaction.transaction_id,
            data={
                "device_id": request.target,
                "lane": request.lane,
                "sequence": self._sequences[request.target],
                "transaction": request.params["transaction"],
            },
        )
        return OutboxEvent(event_id, STREAM, f"{request.lane}/{request.target}", EVENT_TYPE, payload)
