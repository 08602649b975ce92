"""Tills as lean as can be: each on an MQTT connection of its own, a sale, its ``accepted``, the next sale.

One thread serves them all, so that a hundred tills cost the machine little beside the program they are to measure.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_gateway.bench import mqtt_wire
from edge_gateway.bench.sales import LANE, Sales, terminal_id
from edge_gateway.bus import mqtt_packets

ANSWER_TIMEOUT_S: Final = 30.0
ACCEPTED: Final = b'"accepted"'
_PUBLISH, _PUBLISH_MASK = 0x30, 0xF0


@dataclass(slots=True)
class _Till:
    link: socket.socket
    topic: str
    sales: Iterator[str]
    buffer: bytes = b""
    sent_at: float = 0.0
    request_id: bytes = b""
    transaction: str = ""
    number: int = 0


class Tills:
    """``close`` when done."""

    def __init__(self, port: int, store_id: str, count: int, *, first: int = 0) -> None:
        sales = Sales(first + count, store_id=store_id)
        self._selector = selectors.DefaultSelector()
        self._tills = [self._connect(port, store_id, till, sales) for till in range(first, first + count)]

    def close(self) -> None:
        for till in self._tills:
            till.link.close()
        self._selector.close()

    def sell(self, rounds: int) -> tuple[list[float], float]:
        """So many sales at each till, all tills at once: seconds from publish to ``accepted`` of each, and of it all.

        Raises RuntimeError if a sale is refused, or not answered in time.
        """
        latencies: list[float] = []
        start = time.perf_counter()
        left = dict.fromkeys((till.topic for till in self._tills), rounds)
        for till in self._tills:
            self._submit(till)
        waiting = len(self._tills)
        while waiting:
            ready = self._selector.select(ANSWER_TIMEOUT_S)
            if not ready:
                raise RuntimeError(f"{waiting} sales were not answered within {ANSWER_TIMEOUT_S} s")
            for key, _ in ready:
                answered: _Till = key.data
                if not self._is_answered(answered):
                    continue
                latencies.append(time.perf_counter() - answered.sent_at)
                left[answered.topic] -= 1
                if left[answered.topic]:
                    self._submit(answered)
                else:
                    waiting -= 1
        return latencies, time.perf_counter() - start

    def transaction_ids(self) -> list[str]:
        """Of the last sale of each till."""
        return [json.loads(till.transaction)["transaction_id"] for till in self._tills]

    def _connect(self, port: int, store_id: str, till: int, sales: Sales) -> _Till:
        base = f"edge/v1/{store_id}/{LANE}/pos/{terminal_id(till)}"
        link = mqtt_wire.connect(port, f"till-{store_id}-{till}")
        link.sendall(mqtt_packets.subscribe(f"{base}/reply"))
        connected = _Till(link, f"{base}/command/submit_transaction", sales.transactions(till))
        self._selector.register(link, selectors.EVENT_READ, connected)
        return connected

    def _submit(self, till: _Till) -> None:
        till.number += 1
        till.request_id = b"sale-%d" % till.number
        till.transaction = next(till.sales)
        payload = b'{"id":"%b","params":{"transaction":%b}}' % (till.request_id, till.transaction.encode())
        packet = mqtt_packets.publish(till.topic, payload, till.number % 65535 + 1)
        till.sent_at = time.perf_counter()
        till.link.sendall(packet)

    def _is_answered(self, till: _Till) -> bool:
        """Take what is there; whether the reply was among it."""
        data = till.link.recv(65536)
        if not data:
            raise RuntimeError(f"the broker hung up on {till.topic}")
        till.buffer += data
        is_answered = False
        while (found := mqtt_packets.split(till.buffer)) is not None:
            kind, body, till.buffer = found
            if kind & _PUBLISH_MASK == _PUBLISH and till.request_id in body:
                if ACCEPTED not in body:
                    raise RuntimeError(f"a sale was not accepted: {body.decode(errors='replace')}")
                is_answered = True
        return is_answered
