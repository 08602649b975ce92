"""What is in memory of a stream: the order of each source, whatever becomes of its batches."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Pending
from edge_gateway.uplinks.couriers.window import ALONE_AFTER, SHARE_EVENTS_MIN, Batch, Window

BYTES_MAX = 1_000_000


def pending(sequence: int, source: str = "a", size: int = 10) -> Pending:
    return Pending(sequence, OutboxEvent(f"e{sequence}", "transactions", source, "t", b"x" * size))


def window_of(*events: Pending, horizon: int = 0, events_max: int = 1000) -> Window:
    window = Window(events_max=events_max, bytes_max=BYTES_MAX)
    window.horizon = horizon
    window.add_backlog(window.begin_read(), events)
    return window


def sequences(batch: Batch | None) -> list[int]:
    assert batch is not None
    return [each.sequence for each in batch.events]


def take(
    window: Window, events_max: int = 100, bytes_max: int = BYTES_MAX, *, now_s: float = 0.0, parts: int = 1
) -> Batch:
    batch = window.take(now_s, events_max, bytes_max, parts=parts)
    assert batch is not None
    return batch


def test_window_gives_no_source_twice_while_it_is_in_flight() -> None:
    window = window_of(*(pending(number, "ab"[number % 2]) for number in range(1, 9)))
    first = take(window, 3)
    assert sequences(first) == [1, 3, 5]
    assert sequences(take(window, 10)) == [2, 4, 6, 8]
    assert not window.can_send(0.0)
    window.release(first, {1, 3, 5})
    assert sequences(take(window)) == [7]


def test_window_puts_what_was_not_answered_back_to_the_head_of_its_source() -> None:
    window = window_of(*(pending(number) for number in range(1, 6)))
    window.release(take(window, 4), {1, 3})
    assert sequences(take(window)) == [2, 4, 5]


def test_window_keeps_a_batch_within_its_bytes_but_sends_a_large_event_alone() -> None:
    window = window_of(pending(1, size=40), pending(2, size=40), pending(3, size=500), pending(4, size=1))
    batches = []
    while window.can_send(0.0):
        batch = take(window, 100, 100)
        batches.append(sequences(batch))
        window.release(batch, {each.sequence for each in batch.events})
    assert batches == [[1, 2], [3], [4]]


def test_window_spreads_sources_over_the_batches_that_can_go_at_once() -> None:
    count = SHARE_EVENTS_MIN * 2
    window = window_of(*(pending(number, f"s{number % 3}") for number in range(3 * count)))
    batches = [take(window, 1000, parts=parts) for parts in (3, 2, 1)]
    assert [len(batch.events) for batch in batches] == [count] * 3
    assert sorted(source for batch in batches for source in batch.sources) == ["s0", "s1", "s2"]


def test_window_does_not_split_a_few_events_over_many_requests() -> None:
    window = window_of(*(pending(number, f"s{number}") for number in range(10)))
    assert len(take(window, parts=4).events) == 10


def test_window_sends_live_sources_before_the_backlog_unless_it_is_the_share_of_the_backlog() -> None:
    window = window_of(pending(1, "old"), pending(11, "live"), horizon=10)
    live = window.take(0.0, 1, BYTES_MAX)
    assert sequences(live) == [11]
    assert live is not None
    window.release(live, ())
    assert sequences(window.take(0.0, 1, BYTES_MAX, is_backlog_first=True)) == [1]
    assert sequences(window.take(0.0, 5, BYTES_MAX, is_live=True)) == [11]
    assert window.take(0.0, 5, BYTES_MAX, is_live=True) is None


def test_source_that_has_a_backlog_is_not_live() -> None:
    window = window_of(pending(1, "a"), pending(11, "a"), horizon=10)
    assert not window.can_send(0.0, is_live=True)


def test_window_merges_backlog_and_live_events_without_doubles() -> None:
    window = window_of(pending(1, "a"), pending(2, "b"))
    assert window.add_live(window.begin_read(), [pending(7, "c"), pending(8, "c")]) == 2
    assert window.after == 2, "live events move no place in the backlog"
    assert window.add_backlog(window.begin_read(), [pending(3, "a"), pending(7, "c"), pending(9, "c")]) == 2
    assert (len(window), window.after) == (6, 9)
    assert sequences(take(window)) == [1, 2, 3, 7, 8, 9]


def test_window_does_not_take_in_again_what_was_settled_while_it_was_read() -> None:
    window = window_of(pending(1), pending(2))
    batch = take(window, 1)
    reading = window.begin_read()
    window.release(batch, {1})
    assert window.add_live(reading, [pending(1), pending(2), pending(3)]) == 1
    assert sequences(take(window)) == [2, 3]


def test_window_rewinds_without_doubles_and_ignores_a_read_from_before() -> None:
    window = window_of(pending(5), pending(6))
    in_flight = take(window, 1)
    stale = window.begin_read()
    window.rewind()
    assert window.add_backlog(stale, [pending(9)]) == 0
    assert window.after == 0
    window.add_backlog(window.begin_read(), [pending(2), pending(5), pending(6), pending(7)])
    assert window.after == 7
    window.release(in_flight, ())
    assert sequences(take(window)) == [2, 5, 6, 7]


def test_window_is_bounded_and_keeps_room_for_live_events() -> None:
    window = Window(events_max=8, bytes_max=BYTES_MAX)
    assert (window.room(), window.room(is_live=True)) == (6, 8)
    window.add_backlog(window.begin_read(), [pending(number) for number in range(1, 7)])
    assert (window.room(), window.room(is_live=True)) == (0, 2)
    small = Window(events_max=8, bytes_max=300)
    small.add_backlog(small.begin_read(), [pending(1)])
    assert small.room(is_live=True) == 0
    small.release(take(small), {1})
    assert small.room() == 6


def test_source_that_fails_again_and_again_goes_alone_and_last_in_ever_smaller_batches() -> None:
    window = window_of(*(pending(number, "bad") for number in range(1, 9)), pending(9, "good"))
    for _ in range(ALONE_AFTER):
        batch = take(window, 4)
        assert "bad" in batch.sources
        window.release(batch, (), is_failed=True)
    assert window.stuck(ALONE_AFTER) == ("bad",)
    good = take(window)
    assert good.sources == ("good",)
    bad = take(window, 8)
    assert sequences(bad) == [1, 2, 3, 4]
    window.release(bad, (), is_failed=True, held_until_s=5.0)
    assert not window.can_send(4.9)
    assert window.held_for_s(4.0) == 1.0
    assert sequences(take(window, 8, now_s=5.0)) == [1, 2]


def test_window_forgives_what_an_outage_did() -> None:
    window = window_of(pending(1), pending(2))
    window.release(take(window), (), is_failed=True, held_until_s=60.0)
    window.forgive()
    assert sequences(take(window)) == [1, 2]


class WindowMachine(RuleBasedStateMachine):
    """The model: a store of what is kept, and for each source what the far end got. Sequences rise over all sources."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[int, str] = {}
        self.newest = 0
        self.window = Window(events_max=12, bytes_max=BYTES_MAX)
        self.batches: list[Batch] = []
        self.arrived: dict[str, list[int]] = {}
        self.replayed: set[int] = set()
        self.gone: list[tuple[int, str]] = []
        self.now_s = 0.0

    @rule(sources=st.lists(st.sampled_from("abcd"), min_size=1, max_size=6))
    def append(self, sources: list[str]) -> None:
        for source in sources:
            self.newest += 1
            self.kept[self.newest] = source

    @rule()
    def mark_all_as_backlog(self) -> None:
        self.window.horizon = self.newest

    @rule(limit=st.integers(1, 5), settles=st.booleans())
    def read_backlog(self, limit: int, settles: bool) -> None:
        reading = self.window.begin_read()
        found = [pending(number, self.kept[number]) for number in sorted(self.kept) if number > self.window.after]
        if settles and self.batches:
            self.end(self.batches[0], 99, [])
        self.window.add_backlog(reading, found[: min(limit, self.window.room())])

    @rule(limit=st.integers(1, 8), is_behind_the_window=st.booleans())
    def read_live(self, limit: int, is_behind_the_window: bool) -> None:
        beyond = self.window.after if is_behind_the_window else self.window.beyond
        held_up = {source for number, source in self.kept.items() if number <= beyond}
        found = [pending(number, source) for number, source in sorted(self.kept.items()) if source not in held_up]
        if room := self.window.room(is_live=True):
            self.window.add_live(self.window.begin_read(), found[: min(limit, room)])

    @rule(events_max=st.integers(1, 6), parts=st.integers(1, 3), flags=st.tuples(st.booleans(), st.booleans()))
    def take(self, events_max: int, parts: int, flags: tuple[bool, bool]) -> None:
        is_live, is_backlog_first = flags
        can_send = self.window.can_send(self.now_s, is_live=is_live)
        batch = self.window.take(
            self.now_s, events_max, BYTES_MAX, parts=parts, is_live=is_live, is_backlog_first=is_backlog_first
        )
        assert (batch is not None) == can_send
        if batch is None:
            return
        assert 1 <= len(batch.events) <= events_max
        for other in self.batches:
            assert not set(other.sources) & set(batch.sources), "a source is in two batches"
        self.batches.append(batch)

    @precondition(lambda self: self.batches)
    @rule(index=st.integers(0, 5), prefix=st.integers(0, 6), refused=st.lists(st.integers(0, 5), max_size=2))
    def answer(self, index: int, prefix: int, refused: list[int]) -> None:
        self.end(self.batches[index % len(self.batches)], prefix, refused)

    @precondition(lambda self: self.batches)
    @rule(index=st.integers(0, 5), hold_s=st.sampled_from([0.0, 3.0]))
    def fail(self, index: int, hold_s: float) -> None:
        batch = self.batches.pop(index % len(self.batches))
        self.window.release(batch, (), is_failed=True, held_until_s=self.now_s + hold_s)
        self.now_s += 1.0

    def end(self, batch: Batch, prefix: int, refused: Iterable[int]) -> None:
        """Of each source the far end has its first so many; what is refused counts as well."""
        self.batches.remove(batch)
        settled: set[int] = set()
        counts: dict[str, int] = {}
        for position, each in enumerate(batch.events):
            source = each.event.source
            counts[source] = counts.get(source, 0) + 1
            if counts[source] > prefix:
                continue
            settled.add(each.sequence)
            if position in refused:
                self.gone.append((each.sequence, source))
            else:
                self.arrived.setdefault(source, []).append(each.sequence)
            del self.kept[each.sequence]
        self.window.release(batch, settled)

    @precondition(lambda self: self.gone)
    @rule()
    def replay(self) -> None:
        """A dead letter comes back in its old place."""
        sequence, source = self.gone.pop()
        self.kept[sequence] = source
        self.replayed.add(sequence)
        self.window.rewind()

    @invariant()
    def each_source_arrives_in_order_and_once(self) -> None:
        for source, got in self.arrived.items():
            in_turn = [number for number in got if number not in self.replayed]
            assert in_turn == sorted(set(in_turn)), f"{source}: {got}"
            assert len(got) == len(set(got)), f"{source} has doubles: {got}"

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.window) <= 12

    def teardown(self) -> None:
        """Whatever happened: all that is kept can still be delivered."""
        for batch in list(self.batches):
            self.end(batch, 99, [])
        self.window.forgive()
        for _ in range(10 * (len(self.kept) + 1)):
            self.read_backlog(5, False)
            batch = self.window.take(self.now_s, 5, BYTES_MAX)
            if batch is not None:
                self.batches.append(batch)
                self.end(batch, 99, [])
        assert self.kept == {}
        self.each_source_arrives_in_order_and_once()


TestWindowAgainstItsModel = WindowMachine.TestCase
TestWindowAgainstItsModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
