"""Whose turn, how fast, how much at once, and when to try again: the pure parts of a courier."""

from __future__ import annotations

from math import inf
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.store import StreamNames
from edge_gateway.uplinks.couriers.batch_size import QUICK_S, SLOW_S, START_EVENTS, BatchSize
from edge_gateway.uplinks.couriers.breaker import FAILURES_MAX, PROBE_APART_S_MAX, Breaker, BreakerState
from edge_gateway.uplinks.couriers.bucket import TokenBucket
from edge_gateway.uplinks.couriers.places import HANGING_AFTER_S, Places
from edge_gateway.uplinks.couriers.priority import SHARE, Turns, by_priority
from edge_gateway.uplinks.couriers.refusals import REFUSALS_IN_A_ROW_MAX, Refusals

STREAMS = st.sets(st.sampled_from(list(StreamNames)), min_size=1)


def test_turns_go_to_the_higher_stream_first() -> None:
    assert by_priority(StreamNames) == ["transactions", "inventory", "device_events", "audit", "telemetry"]
    turns = Turns()
    served = [turns.next(["telemetry", "transactions"]) for _ in range(2 * SHARE)]
    assert served == [*["transactions"] * (SHARE - 1), "telemetry"] * 2


@settings(deadline=None)
@given(rounds=st.lists(STREAMS, min_size=1, max_size=60), asking=st.sampled_from(list(StreamNames)))
def test_turns_never_starve_a_stream_that_keeps_asking(rounds: list[set[str]], asking: str) -> None:
    turns, waited = Turns(), 0
    for others in rounds:
        chosen = turns.next(others | {asking})
        assert chosen in others | {asking}
        waited = 0 if chosen == asking else waited + 1
        assert waited <= SHARE * len(StreamNames)


def test_breaker_opens_after_failures_in_a_row_and_closes_with_the_first_answer() -> None:
    breaker = Breaker(0.5, 30.0, Random(1))
    for _ in range(FAILURES_MAX - 1):
        breaker.failed(100.0)
        assert breaker.state is BreakerState.CLOSED
        assert 0 < breaker.wait_s(100.0) <= PROBE_APART_S_MAX, "a pause after each"
    assert not breaker.succeeded()
    assert breaker.wait_s(100.0) == 0
    for _ in range(FAILURES_MAX):
        breaker.failed(100.0)
    assert breaker.state is BreakerState.OPEN
    breaker.begin_probe()
    assert (breaker.state, breaker.wait_s(999.0)) == (BreakerState.HALF_OPEN, inf)
    breaker.failed(200.0)
    assert breaker.state is BreakerState.OPEN
    breaker.begin_probe()
    assert breaker.succeeded()
    assert (breaker.state, breaker.wait_s(200.0)) == (BreakerState.CLOSED, 0.0)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), failures=st.integers(1, 400))
def test_breaker_probes_are_never_far_apart_even_after_hours(seed: int, failures: int) -> None:
    breaker, now_s = Breaker(0.5, 30.0, Random(seed)), 0.0
    for _ in range(failures):
        breaker.failed(now_s)
        assert breaker.wait_s(now_s) <= PROBE_APART_S_MAX
        now_s += breaker.wait_s(now_s)
        breaker.begin_probe()


def test_breaker_probes_at_once_when_told_so_or_when_a_probe_said_nothing() -> None:
    breaker = Breaker(5.0, 30.0, Random(3))
    for _ in range(FAILURES_MAX):
        breaker.failed(0.0)
    assert breaker.wait_s(0.0) > 0
    breaker.hurry(0.0)
    assert breaker.wait_s(0.0) == 0
    breaker.begin_probe()
    breaker.undecided(1.0)
    assert (breaker.state, breaker.wait_s(1.0)) == (BreakerState.OPEN, 0.0)


@settings(deadline=None)
@given(limit=st.integers(1, 2000), pauses=st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=300))
def test_bucket_gives_no_minute_more_than_the_limit(limit: int, pauses: list[float]) -> None:
    bucket, now_s = TokenBucket(limit), 0.0
    taken: list[float] = []
    for pause_s in pauses:
        now_s += pause_s
        while bucket.take(now_s) and len(taken) < 5000:
            taken.append(now_s)
    for first_s, too_many_s in zip(taken, taken[limit:], strict=False):
        assert too_many_s - first_s >= 60.0 - 1e-6


@settings(deadline=None)
@given(limit=st.integers(1, 100_000))
def test_bucket_keeps_its_word_about_when_there_is_a_token(limit: int) -> None:
    bucket, now_s = TokenBucket(limit), 1.0
    for _ in range(50):
        now_s += bucket.wait_s(now_s)
        assert bucket.take(now_s)


def test_bucket_lets_the_limit_through_in_the_long_run() -> None:
    bucket, taken = TokenBucket(1000), 0
    for tick in range(60_0):
        while bucket.take(tick / 10):
            taken += 1
    assert 950 <= taken <= 1000


def test_batch_size_grows_on_quick_answers_and_halves_when_it_was_too_much() -> None:
    size = BatchSize(500)
    assert size.events == START_EVENTS
    size.answered(10, QUICK_S)
    assert size.events == START_EVENTS, "a small batch proves nothing"
    for _ in range(10):
        size.answered(size.events, QUICK_S)
    assert size.events == 500
    size.answered(500, (QUICK_S + SLOW_S) / 2)
    assert size.events == 500
    size.answered(500, SLOW_S + 1)
    assert size.events == 250
    for _ in range(20):
        size.was_too_large(size.events)
    assert size.events == 1
    assert BatchSize(3).events == 3


def test_refusals_are_final_until_too_many_come_in_a_row() -> None:
    refusals = Refusals()
    assert all(refusals.is_final(number) for number in range(REFUSALS_IN_A_ROW_MAX))
    assert not refusals.is_final(77)
    assert refusals.is_final(77), "refused again, one back-off later"
    assert not refusals.is_final(78)
    refusals.answered()
    assert refusals.is_final(79)


def test_places_of_batches_that_hang_are_given_again_but_not_without_end() -> None:
    places = Places(2)
    places.take("a", 0.0)
    places.take("b", 1.0)
    assert (places.free(5.0), places.waits_s(5.0)) == (0, [3.0, 4.0])
    assert places.free(HANGING_AFTER_S) == 1
    for number in range(2):
        places.take(number, 10.0)
    assert places.free(10.0) == 0
    assert places.free(99.0) == 0, "four at most"
    places.give_back("a")
    assert places.free(99.0) == 1
