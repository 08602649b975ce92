"""What gives way when the broker is away, and what is sent first when it is back."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.bus.outgoing import Outgoing, OutgoingQueue
from edge_gateway.contracts.bus import Urgency


def message(text: str, urgency: Urgency) -> Outgoing:
    return Outgoing(f"t/{urgency.name}", text.encode(), urgency=urgency)


def drained(queue: OutgoingQueue) -> list[str]:
    taken = []
    while (found := queue.next()) is not None:
        taken.append(found.payload.decode())
        queue.settle(found)
    return taken


def test_full_queue_drops_events_first_and_replies_last() -> None:
    counters: Counter[str] = Counter()
    queue = OutgoingQueue(4, counters)
    for text, urgency in [("e1", 1), ("r1", 0), ("e2", 1), ("e3", 1), ("e4", 1), ("r2", 0), ("r3", 0)]:
        queue.add(message(text, Urgency(urgency)))
    assert drained(queue) == ["r1", "r2", "r3", "e4"]
    assert counters == {"dropped:queue_full:event": 3}
    for text in ("r1", "r2", "r3", "r4", "r5"):
        queue.add(message(text, Urgency.REPLY))
    late = message("e9", Urgency.EVENT)
    assert queue.add(late) is late
    assert drained(queue) == ["r2", "r3", "r4", "r5"]


def test_queue_keeps_only_the_newest_of_a_retained_topic_and_one_in_flight() -> None:
    queue = OutgoingQueue(4, Counter())
    queue.retain("a", b"1")
    first = queue.next()
    assert first is not None
    queue.retain("a", b"2")
    queue.retain("a", b"3")
    assert queue.next() is None
    queue.settle(first)
    assert drained(queue) == ["3"]
    queue.republish_retained()
    assert drained(queue) == ["3"]


def test_queue_puts_back_what_was_in_flight_in_its_order() -> None:
    queue = OutgoingQueue(10, Counter())
    for number in range(5):
        queue.add(message(str(number), Urgency.EVENT))
    queue.retain("a", b"state")
    taken = [queue.next() for _ in range(4)]
    queue.requeue([found for found in taken if found is not None])
    assert drained(queue) == ["state", "0", "1", "2", "3", "4"]


@given(st.lists(st.tuples(st.sampled_from(list(Urgency)), st.booleans()), max_size=200), st.integers(1, 20))
def test_queue_never_holds_more_than_its_limit_and_counts_what_it_dropped(
    steps: list[tuple[Urgency, bool]], limit: int
) -> None:
    counters: Counter[str] = Counter()
    queue = OutgoingQueue(limit, counters)
    sent = 0
    for number, (urgency, is_taken) in enumerate(steps):
        queue.add(message(str(number), urgency))
        assert len(queue) <= limit
        if is_taken and (found := queue.next()) is not None:
            queue.settle(found)
            sent += 1
    assert sent + len(queue) + sum(counters.values()) == len(steps)
