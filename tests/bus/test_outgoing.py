"""What gives way when the broker is away, and what is sent first when it is back."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.bus.outgoing import Outgoing, OutgoingQueue
from edge_gateway.contracts.bus import Urgency


def message(text: str, urgency: Urgency, source: str = "") -> Outgoing:
    return Outgoing(f"t/{urgency.name}/{source}", text.encode(), urgency=urgency, source=source)


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


def test_flooding_source_loses_its_own_oldest_and_nobody_else_anything() -> None:
    counters: Counter[str] = Counter()
    queue = OutgoingQueue(100, counters)
    for number in range(1000):
        queue.add(message(f"flood-{number}", Urgency.EVENT, "flooding"))
        if number % 50 == 0:
            queue.add(message(f"calm-{number}", Urgency.EVENT, "calm"))
            queue.add(message(f"quiet-{number}", Urgency.EVENT, "quiet"))
    assert queue.dropped == {"flooding": 940}
    assert counters == {"dropped:queue_full:event": 940}
    taken = drained(queue)
    for source in ("calm", "quiet"):
        mine = [text for text in taken if text.startswith(source)]
        assert mine == [f"{source}-{number}" for number in range(0, 1000, 50)]
        # In turns: behind a flood, the twentieth message of another is the sixtieth to go.
        assert taken.index(mine[-1]) < 60
    assert [text for text in taken if text.startswith("flood")] == [f"flood-{number}" for number in range(940, 1000)]


def test_sources_that_send_alike_share_the_loss() -> None:
    queue = OutgoingQueue(100, Counter())
    for number in range(500):
        for source in ("one", "two"):
            queue.add(message(f"{source}-{number}", Urgency.EVENT, source))
    assert queue.dropped == {"one": 450, "two": 450}


def test_what_was_in_flight_keeps_the_order_of_each_source_over_a_reconnect() -> None:
    queue = OutgoingQueue(100, Counter())
    for number in range(10):
        for source in ("one", "two"):
            queue.add(message(f"{source}-{number}", Urgency.EVENT, source))
    queue.requeue([found for found in (queue.next() for _ in range(7)) if found is not None])
    taken = drained(queue)
    for source in ("one", "two"):
        assert [text for text in taken if text.startswith(source)] == [f"{source}-{number}" for number in range(10)]
