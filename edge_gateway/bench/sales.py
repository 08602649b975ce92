"""Sales of realistic size (1.2 to 2 KB) for benchmarks: made from a seed, then numbered as fast as bytes are copied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final, NamedTuple

from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from simulators.pos_basket import Basket, Checkout, transaction
from simulators.pos_shopper import Shopper

STORE_ID: Final = "BENCH"
LANE: Final = "lane-1"
EVENT_TYPE: Final = event_type("pos", "transaction_completed")
BASKETS: Final = 64
"""Different baskets, sold again and again: enough that no two neighbours are alike."""
PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX = 1_200, 2_000
SEED: Final = 20261121

_ID_HOLE: Final = "00000000-0000-7000-8000-000000000000"
_TILL_HOLE: Final = "TTTT"
_NUMBER_HOLE: Final = "NNNNNNNNNN"
_DIGEST: Final = hashlib.sha256(b"of a benchmark").hexdigest()
_STARTED_AT: Final = datetime(2026, 11, 21, 10, 15, 3, tzinfo=UTC)


class Sale(NamedTuple):
    """What the outbox is given: the event, and the transaction id with the digest of its content."""

    event: OutboxEvent
    key: str
    digest: str


class Sales:
    """Sales as they come from a number of tills in turn: event ids rise over all of them, each till numbers its own."""

    def __init__(self, tills: int = 1, *, store_id: str = STORE_ID) -> None:
        self._tills = tills
        self._store_id = store_id
        self._templates: list[tuple[str, str]] = []
        shopper = Shopper(Random(SEED))
        while len(self._templates) < BASKETS:
            sold = _transaction(shopper, store_id)
            template = _event(sold, store_id).decode()
            if PAYLOAD_BYTES_MIN <= len(template) <= PAYLOAD_BYTES_MAX:
                self._templates.append((template, json.dumps(sold, ensure_ascii=False, separators=(",", ":"))))

    def events(self, first: int = 0) -> Iterator[Sale]:
        """As the gateway stores them, from number ``first`` on."""
        for number in count(first):
            sold, till = divmod(number, self._tills)
            event_id, terminal, text = _event_id(number), terminal_id(till), _number(sold)
            payload = self._templates[number % BASKETS][0]
            payload = payload.replace(_ID_HOLE, event_id, 1).replace(_TILL_HOLE, terminal).replace(_NUMBER_HOLE, text)
            event = OutboxEvent(event_id, StreamNames.TRANSACTIONS, f"{LANE}/{terminal}", EVENT_TYPE, payload.encode())
            yield Sale(event, f"{self._store_id}-{terminal}-{text}", _DIGEST)

    def transactions(self, till: int) -> Iterator[str]:
        """``params.transaction`` of the submits of one till, as JSON text."""
        for number in count():
            sold = self._templates[(number * self._tills + till) % BASKETS][1]
            yield sold.replace(_TILL_HOLE, terminal_id(till)).replace(_NUMBER_HOLE, _number(number))


def terminal_id(till: int) -> str:
    """``T001`` and so on; ``till`` counts from 0."""
    return f"T{till + 1:03d}"


def _transaction(shopper: Shopper, store_id: str) -> dict[str, Any]:
    basket = Basket()
    for wanted in shopper.shopping_list():
        basket.add(wanted.item, wanted.quantity)
    shopper.apply_discounts(basket)
    checkout = Checkout(
        transaction_id=f"{store_id}-{_TILL_HOLE}-{_NUMBER_HOLE}",
        store_id=store_id,
        lane=LANE,
        terminal_id=_TILL_HOLE,
        shift_id=f"{_TILL_HOLE}-1",
        operator_id="op-7",
        started_at=_STARTED_AT,
        completed_at=_STARTED_AT + timedelta(seconds=77),
    )
    return transaction(basket, shopper.pay(basket.gross, "bench"), checkout)


def _event(sold: dict[str, Any], store_id: str) -> bytes:
    """With holes for what differs from sale to sale."""
    return cloud_event(
        event_id=_ID_HOLE,
        source=device_source(store_id, _TILL_HOLE),
        event_type=EVENT_TYPE,
        time=_STARTED_AT,
        data={"device_id": _TILL_HOLE, "lane": LANE, "sequence": 1, "transaction": sold},
    )


def _event_id(number: int) -> str:
    """As UUIDv7: rising, but from a number instead of a clock, so that making it costs little."""
    milliseconds = f"{number >> 12:012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7{number & 0xFFF:03x}-8000-{number:012x}"


def _number(sold: int) -> str:
    return f"{sold:0{len(_NUMBER_HOLE)}d}"
