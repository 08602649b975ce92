"""The audit event of each weight that is sold: made with the sale, on disk with it, and never in its way."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import EventIds, rfc3339
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import stack_of
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended, Outbox, StreamNames
from edge_gateway.contracts.transaction import Line, Transaction
from edge_gateway.contracts.weight_sold import WEIGHT_UNITS, NoReading, SoldReading

EVENT_TYPE: Final = event_type("pos", "weight_sold")
SELLING: Final = frozenset({"sale", "exchange"})
"""Types of transactions that sell; what comes back was weighed when it was sold, or is taken as it is."""
TERMINALS_MAX: Final = 1000
"""Whose audit events are numbered: far above any store. Beyond, the one that was silent longest starts again at 1."""

log = structlog.get_logger(__name__)


class FindsReadings(Protocol):
    """Who knows what the scales showed."""

    def find(
        self, lane: str, quantity: Decimal, unit: str, sold_as: str, completed_at: datetime
    ) -> SoldReading | NoReading: ...

    def give_back(self, sold_as: Collection[str]) -> None: ...


class WeightAudit:
    """``append`` right after the sale was handed to the outbox: what is handed over together is committed together."""

    def __init__(
        self, store_id: str, outbox: Outbox, readings: FindsReadings, ids: EventIds, epoch: Callable[[], int | None]
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store_id = store_id
        self._outbox = outbox
        self._readings = readings
        self._ids = ids
        self._epoch = epoch
        self._is_failing = False
        self._sequences: OrderedDict[str, int] = OrderedDict()

    def append(self, request: Request, transaction: Transaction, sale: asyncio.Future[Appended]) -> None:
        """One event for each line sold by weight. Waits for nothing and raises nothing: the sale goes on."""
        lines = [line for line in transaction.lines if _is_sold_by_weight(transaction, line)]
        if not lines:
            return
        handed: list[asyncio.Future[Any]] = []
        before = self._sequences.get(request.target, 0)
        for line in lines:
            try:
                appending = asyncio.ensure_future(self._outbox.append(self._event(request, transaction, line)))
            except Exception as error:  # noqa: BLE001 - the boundary: what is noted beside a sale must not cost the sale
                self._failed(type(error).__name__, stack_of(error))
            else:
                appending.add_done_callback(self._appended)
                handed.append(appending)
        last = self._sequences.get(request.target, 0)
        ended = asyncio.gather(sale, *handed, return_exceptions=True)
        ended.add_done_callback(lambda outcomes: self._number_again(request.target, before, last, outcomes))
        names = [_name(transaction, line) for line in lines]
        sale.add_done_callback(lambda outcome: self._give_back(names, outcome))

    def _give_back(self, names: Collection[str], sale: asyncio.Future[Appended]) -> None:
        """The sale was refused: it is made again, or never. Or it was known, and its weights with it."""
        if sale.cancelled() or sale.exception() is not None or not sale.result().is_new:
            self._readings.give_back(names)

    def _number_again(self, terminal: str, before: int, last: int, outcomes: asyncio.Future[list[Any]]) -> None:
        """The sale was refused, and what was to stand beside it: its numbers are of nothing that was lost."""
        is_refused = not outcomes.cancelled() and all(isinstance(each, BaseException) for each in outcomes.result())
        if is_refused and self._sequences.get(terminal) == last:
            self._sequences[terminal] = before

    def _appended(self, outcome: asyncio.Future[Appended]) -> None:
        if outcome.cancelled():
            return
        if (error := outcome.exception()) is not None:
            self._failed(str(error))
        else:
            self.counters["kept"] += 1
            self._is_failing = False

    def _failed(self, reason: str, stack: str | None = None) -> None:
        """Counted each time, logged once until it works again."""
        self.counters["not_kept"] += 1
        if not self._is_failing:
            self._is_failing = True
            log.error(log_events.WEIGHT_AUDIT_NOT_KEPT, reason=reason, stack=stack)

    def _next_sequence(self, terminal: str) -> int:
        """Of the terminal's audit events: a gap is one that found no room."""
        sequence = self._sequences[terminal] = self._sequences.get(terminal, 0) + 1
        self._sequences.move_to_end(terminal)
        if len(self._sequences) > TERMINALS_MAX:
            self._sequences.popitem(last=False)
        return sequence

    def _event(self, request: Request, transaction: Transaction, line: Line) -> OutboxEvent:
        completed_at = datetime.fromisoformat(transaction.completed_at)
        name = _name(transaction, line)
        found = self._readings.find(request.lane, line.quantity, line.unit, name, completed_at)
        self.counters["without_reading" if isinstance(found, NoReading) else "with_reading"] += 1
        event_id = self._ids()
        payload = cloud_event(
            event_id=event_id,
            source=device_source(self._store_id, request.target),
            event_type=EVENT_TYPE,
            time=completed_at,
            subject=transaction.transaction_id,
            data={
                "device_id": request.target,
                "lane": request.lane,
                "epoch": self._epoch(),
                "sequence": self._next_sequence(request.target),
                "transaction_id": transaction.transaction_id,
                "line_number": line.line_number,
                "sku": line.sku,
                "quantity": _quantity_as_sent(request, line.line_number),
                "unit": line.unit,
                "reading": None if isinstance(found, NoReading) else _json(found),
                "no_reading": found.value if isinstance(found, NoReading) else None,
            },
        )
        return OutboxEvent(event_id, StreamNames.AUDIT, f"{request.lane}/{request.target}", EVENT_TYPE, payload)


def _is_sold_by_weight(transaction: Transaction, line: Line) -> bool:
    return transaction.type.value in SELLING and line.unit.casefold() in WEIGHT_UNITS and line.quantity > 0


def _name(transaction: Transaction, line: Line) -> str:
    return f"{transaction.transaction_id}/{line.line_number}"


def _quantity_as_sent(request: Request, line_number: int) -> str:
    """The text of the till: 1.50 stays 1.50."""
    lines = request.params["transaction"]["lines"]
    return str(next(line["quantity"] for line in lines if line["line_number"] == line_number))


def _json(reading: SoldReading) -> Mapping[str, Any]:
    until = reading.shown_until
    return {
        **reading.model_dump(mode="json"),
        "measured_at": rfc3339(reading.measured_at),
        "shown_until": None if until is None else rfc3339(until),
    }
