"""What the store is promised, looked at each evening: sales in the cloud once, equal and in order; scans on the bus."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from tests.sim.cloud import Arrival, hash_of
from tests.sim.faults import Excuse
from tests.sim.lane import ScanDone, SimulatedLane
from tests.sim.store import SimulatedStore


class BrokenPromiseError(AssertionError):
    """Says which."""


class SalesAt:
    """The sales at one cloud."""

    def __init__(self, cloud: str) -> None:
        self.known: set[str] = set()
        self.owed: set[str] = set()
        """Accepted, and not here yet."""
        self._cloud = cloud
        self._submitted: dict[str, int] = {}
        """Not here yet: transaction id to the hash of what the till sent."""
        self._newest: dict[str, str] = {}

    def submitted(self, sale: dict[str, Any]) -> None:
        """By a till; perhaps again."""
        if sale["transaction_id"] not in self.known:
            self._submitted[sale["transaction_id"]] = _content(sale)

    def arrived(self, arrival: Arrival) -> None:
        """Raises BrokenPromiseError."""
        event = json.loads(arrival.payload)
        sale = event["subject"]
        _check(sale not in self.known, f"sale {sale} is at {self._cloud} under two ids")
        _check(sale in self._submitted, f"sale {sale} came to {self._cloud} from nowhere")
        _check(self._submitted.pop(sale) == _content(event["data"]["transaction"]), f"sale {sale} has other content")
        _check(sale > self._newest.get(arrival.source, ""), f"sale {sale} came after a later one of its till")
        self._newest[arrival.source] = sale
        self.known.add(sale)
        self.owed.discard(sale)


class Promises:
    """Looks at what happened since it last looked, and forgets it: a year fits into memory."""

    def __init__(self, store: SimulatedStore) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._sales = {name: SalesAt(name) for name in store.clouds}
        self._digest = blake2b(digest_size=8)

    @property
    def owed(self) -> int:
        """Accepted sales that some cloud does not have yet."""
        return max(len(sales.owed) for sales in self._sales.values())

    @property
    def digest(self) -> str:
        """Of all that happened so far."""
        return self._digest.hexdigest()

    def look(self, excuses: Sequence[Excuse]) -> None:
        """Raises BrokenPromiseError."""
        self._note_submitted()
        for lane in self._store.lanes:
            self._note_accepted(lane)
            self._look_at_scans(lane, excuses)
            _check(not lane.statistics.refused, f"{lane.name}: sales were refused for good: {lane.statistics.refused}")
        for name, cloud in self._store.clouds.items():
            for arrival in cloud.arrivals:
                self._digest.update(arrival.payload)
                self.counters[f"arrived:{name}:{arrival.stream}"] += 1
                if arrival.stream == "transactions":
                    self._sales[name].arrived(arrival)
            _check(not cloud.conflicts, f"{name} got other content under the same id: {cloud.conflicts}")
            _check(not cloud.out_of_order, f"out of order at {name}: {cloud.out_of_order}")
        self._forget()

    def look_at_the_end(self) -> None:
        """Nothing may be owed any more. Raises BrokenPromiseError."""
        for name, sales in self._sales.items():
            _check(not sales.owed, f"accepted, and not at {name}: {sorted(sales.owed)}")

    def _note_submitted(self) -> None:
        for message in self._store.broker.sent:
            if message.topic.endswith("/submit_transaction"):
                sale = json.loads(message.payload)["params"]["transaction"]
                for sales in self._sales.values():
                    sales.submitted(sale)

    def _note_accepted(self, lane: SimulatedLane) -> None:
        self.counters["accepted"] += len(lane.statistics.accepted)
        for sales in self._sales.values():
            sales.owed |= lane.statistics.accepted.keys() - sales.known
        lane.statistics.accepted.clear()

    def _look_at_scans(self, lane: SimulatedLane, excuses: Sequence[Excuse]) -> None:
        device = lane.devices["scanner"]
        events = []
        for each in self._store.broker.journal:
            if each.topic.endswith(f"/scanner/{device}/event/barcode_scanned"):
                if each.is_repeat:
                    self.counters["scans_repeated"] += 1
                else:
                    events.append((each.at_s, json.loads(each.payload)["data"]["text"]))
        missing, unknown = _unmatched(lane.scans, events)
        _check(not unknown, f"{device}: more events than scans: {unknown}")
        lost = [scan for scan in missing if not any(each.covers(device, scan.at_s) for each in excuses)]
        _check(not lost, f"{device}: scans without an event, and without an excuse: {lost}")
        self.counters["scans"] += len(lane.scans)
        self.counters["scans_excused"] += len(missing)

    def _forget(self) -> None:
        for published in self._store.broker.journal:
            self._digest.update(published.payload)
        self._store.broker.journal.clear()
        self._store.broker.sent.clear()
        for cloud in self._store.clouds.values():
            cloud.arrivals.clear()
        for lane in self._store.lanes:
            lane.scans.clear()


def _unmatched(
    scans: Sequence[ScanDone], events: Sequence[tuple[float, str]]
) -> tuple[list[ScanDone], list[tuple[float, str]]]:
    """Scans without an event, events without a scan. Each event belongs to the latest scan that it can belong to."""
    missing, unknown, left = [], [], list(scans)
    for at_s, text in reversed(events):
        while left and not (left[-1].text == text and left[-1].at_s <= at_s):
            missing.append(left.pop())
        if left:
            left.pop()
        else:
            unknown.append((at_s, text))
    return [*left, *reversed(missing)], unknown


def _content(sale: dict[str, Any]) -> int:
    return hash_of(json.dumps(sale, sort_keys=True).encode())


def _check(is_kept: bool, words: str) -> None:
    if not is_kept:
        raise BrokenPromiseError(words)
