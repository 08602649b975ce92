"""Takes transactions from POS terminals: checked, committed, and only then accepted."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ConflictError, ErrorCode, RequestError, StorageFullError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.instants import expired_words
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import Appended, Outbox
from edge_gateway.contracts.transaction import Transaction, read_transaction
from edge_gateway.services.event_router import no_epoch
from edge_gateway.services.weight_audit import WeightAudit

STREAM: Final = "transactions"
EVENT_TYPE: Final = event_type("pos", "transaction_completed")
COMMANDS: Final = ("submit_transaction",)
TERMINALS_MAX: Final = 1000
"""Whose sales are numbered: far above any store. Beyond, the terminal that was silent longest starts again at 1."""

log = structlog.get_logger(__name__)


class TransactionService:
    """Requests on ``pos/{terminal}/command/...``.

    ``accepted`` is the gateway's promise: the transaction is on disk. Until a POS sees it, it repeats the submit, under
    any request id: the transaction's own id makes it one.
    """

    def __init__(
        self,
        store_id: str,
        outbox: Outbox,
        clock: Clock,
        ids: EventIds,
        epoch: Callable[[], int | None] = no_epoch,
        weight_audit: WeightAudit | None = None,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store_id = store_id
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._epoch = epoch
        self._weight_audit = weight_audit
        self._sequences: OrderedDict[str, int] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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
        # The same sale under another request id waits here: only one of them is new.
        lock = self._locks.setdefault(transaction.transaction_id, asyncio.Lock())
        try:
            async with lock:
                appended = await self._keep(request, transaction)
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

    async def _keep(self, request: Request, transaction: Transaction) -> Appended:
        """What was accepted before is answered so, also after its expiry; only what is new gets a number."""
        key, digest = transaction.transaction_id, transaction.digest()
        known = await self._outbox.find(key, digest)
        if known is not None:
            return known
        if request.expires_at is not None and self._clock.now() >= request.expires_at:
            raise RequestError(
                ErrorCode.EXPIRED, f"{expired_words(request.expires_at, self._clock.now())}; not accepted"
            )
        event_id = await self._outbox.former_id(key, digest) or self._ids()
        sequence = self._next_sequence(request.target)
        try:
            event = self._event(request, transaction, sequence, event_id)
            kept = asyncio.ensure_future(self._outbox.append(event, key=key, digest=digest))
            if self._weight_audit is not None:
                self._weight_audit.append(request, transaction, kept)
            return await kept
        except StoreError:
            if self._sequences.get(request.target) == sequence:
                self._sequences[request.target] -= 1
            raise

    def _next_sequence(self, terminal: str) -> int:
        sequence = self._sequences[terminal] = self._sequences.get(terminal, 0) + 1
        self._sequences.move_to_end(terminal)
        if len(self._sequences) > TERMINALS_MAX:
            self._sequences.popitem(last=False)
        return sequence

    def _event(self, request: Request, transaction: Transaction, sequence: int, event_id: str) -> OutboxEvent:
        """``time`` is when the sale was completed; the object goes on as the POS sent it, number text included."""
        payload = cloud_event(
            event_id=event_id,
            source=device_source(self._store_id, request.target),
            event_type=EVENT_TYPE,
            time=datetime.fromisoformat(transaction.completed_at),
            subject=transaction.transaction_id,
            data={
                "device_id": request.target,
                "lane": request.lane,
                "epoch": self._epoch(),
                "sequence": sequence,
                "transaction": request.params["transaction"],
            },
        )
        return OutboxEvent(event_id, STREAM, f"{request.lane}/{request.target}", EVENT_TYPE, payload)
