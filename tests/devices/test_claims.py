"""Claims: one holder at a time, whatever terminals do and however time goes."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_gateway.contracts.claims import LostClaim
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.devices.claims import Claims
from tests.support.clock import FakeClock

STEALABLE, FIRM = "printer-1", "scale-1"
LANE = "lane-1"


class Bench:
    """Claims on a clock that the test moves, and what they told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        tokens = count(1)
        self.lost: list[tuple[str, str, str, str | None]] = []
        self.changed: list[str] = []
        self.claims = Claims(
            self.clock,
            lambda: f"token-{next(tokens)}",
            stealable=[STEALABLE],
            on_change=self.changed.append,
            on_lost=self._on_lost,
        )

    def _on_lost(self, device_id: str, lost: LostClaim) -> None:
        self.lost.append((device_id, lost.view.owner, lost.why.value, lost.new_owner))

    def claim(self, device_id: str, owner: str, *, ttl_s: float = 30.0, is_stealing: bool = False) -> str:
        return self.claims.claim(device_id, owner, LANE, ttl_s, is_stealing=is_stealing)

    def code(self, device_id: str, token: str | None, *, is_read: bool = False) -> ErrorCode | None:
        refusal = self.claims.refusal(device_id, token, is_read=is_read)
        return None if refusal is None else refusal.code


async def test_claim_keeps_others_out_and_lets_them_read() -> None:
    bench = Bench()
    assert bench.code(FIRM, None) is None, "nobody holds it: it serves everybody"
    token = bench.claim(FIRM, "T1")
    assert bench.code(FIRM, token) is None
    assert bench.code(FIRM, None) is ErrorCode.CLAIMED
    assert bench.code(FIRM, None, is_read=True) is None
    assert bench.code(FIRM, "of an earlier life") is ErrorCode.NOT_CLAIMED
    assert bench.code(FIRM, "of an earlier life", is_read=True) is ErrorCode.NOT_CLAIMED
    bench.claims.release(FIRM, token)
    assert bench.code(FIRM, None) is None
    assert bench.code(FIRM, token) is ErrorCode.NOT_CLAIMED
    assert bench.changed == [FIRM, FIRM]
    assert bench.lost == []


async def test_claim_refusal_names_the_owner_and_the_time_that_is_left() -> None:
    bench = Bench()
    bench.claim(FIRM, "T1", ttl_s=30)
    await bench.clock.advance(12.5)
    with pytest.raises(RequestError, match=r"scale-1 is held by terminal T1 for 17\.5 s more") as caught:
        bench.claim(FIRM, "T2")
    assert (caught.value.code, caught.value.is_retryable) == (ErrorCode.CLAIMED, True)
    assert caught.value.details == {"owner": "T1", "owner_lane": LANE, "remaining_s": 17.5}


async def test_claim_of_the_same_owner_gives_a_new_token_and_voids_the_old_one() -> None:
    bench = Bench()
    first = bench.claim(FIRM, "T1")
    second = bench.claim(FIRM, "T1")
    assert (bench.code(FIRM, first), bench.code(FIRM, second)) == (ErrorCode.NOT_CLAIMED, None)
    assert bench.lost == []


async def test_claim_is_stolen_only_where_configuration_allows_it_and_the_former_owner_is_told() -> None:
    bench = Bench()
    first = bench.claim(STEALABLE, "T1")
    with pytest.raises(RequestError, match="held by terminal T1"):
        bench.claim(STEALABLE, "T2")
    second = bench.claim(STEALABLE, "T2", is_stealing=True)
    assert (bench.code(STEALABLE, first), bench.code(STEALABLE, second)) == (ErrorCode.NOT_CLAIMED, None)
    assert bench.lost == [(STEALABLE, "T1", "stolen", "T2")]
    bench.claim(FIRM, "T1")
    with pytest.raises(RequestError, match="does not let a claim be stolen"):
        bench.claim(FIRM, "T2", is_stealing=True)


async def test_claim_expires_and_is_told_also_where_nobody_asks() -> None:
    bench = Bench()
    running = asyncio.create_task(bench.claims.run())
    await bench.clock.settle()
    bench.claim(FIRM, "T1", ttl_s=30)
    bench.claim(STEALABLE, "T2", ttl_s=10)
    await bench.clock.advance(9.9)
    assert bench.lost == []
    await bench.clock.advance(0.2)
    assert bench.lost == [(STEALABLE, "T2", "expired", None)]
    await bench.clock.advance(20)
    assert bench.lost[1:] == [(FIRM, "T1", "expired", None)]
    assert bench.claims.view(FIRM) is None
    assert bench.clock.sleeper_count == 0, "nothing to wait for"
    running.cancel()


async def test_claim_lives_while_it_is_used_and_renewed() -> None:
    bench = Bench()
    token = bench.claim(FIRM, "T1", ttl_s=10)
    for _ in range(5):
        await bench.clock.advance(8)
        with bench.claims.using(FIRM, token):
            pass
    await bench.clock.advance(8)
    bench.claims.renew(FIRM, token, 60)
    await bench.clock.advance(59)
    with bench.claims.using(FIRM, token):
        await bench.clock.advance(90)  # a long receipt
        assert bench.code(FIRM, None) is ErrorCode.CLAIMED
    assert bench.code(FIRM, token) is None
    await bench.clock.advance(60)
    with pytest.raises(RequestError) as caught:
        bench.claims.renew(FIRM, token)
    assert caught.value.code is ErrorCode.NOT_CLAIMED


async def test_claims_of_a_terminal_that_is_gone_end_and_those_of_its_namesake_elsewhere_do_not() -> None:
    bench = Bench()
    for device_id in (FIRM, STEALABLE):
        bench.claim(device_id, "T1")
    bench.claims.terminal_gone("lane-2", "T1")
    bench.claims.terminal_gone(LANE, "T2")
    assert bench.lost == []
    bench.claims.terminal_gone(LANE, "T1")
    assert bench.lost == [(FIRM, "T1", "owner_offline", None), (STEALABLE, "T1", "owner_offline", None)]
    assert bench.code(FIRM, None) is None


async def test_claim_outlives_a_wall_clock_that_jumps() -> None:
    bench = Bench()
    token = bench.claim(FIRM, "T1", ttl_s=30)
    bench.clock.jump_wall_clock(86_400 * 365)
    assert bench.code(FIRM, token) is None
    view = bench.claims.view(FIRM)
    assert view is not None
    assert (view.expires_at - bench.clock.now()).total_seconds() == 30


class ClaimMachine(RuleBasedStateMachine):
    """Three terminals and two devices. The model: the one token of each device that is good, and until when."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.now_s = 0.0
        self.tokens: dict[str, list[str]] = {FIRM: [], STEALABLE: []}
        self.holder: dict[str, tuple[str, str, float, float]] = {}
        """By device: owner, token, time to live, last use."""
        self.uses: list[tuple[str, str, AbstractContextManager[Any]]] = []

    devices = st.sampled_from([FIRM, STEALABLE])
    owners = st.sampled_from(["T1", "T2", "T3"])
    ttls = st.sampled_from([1.0, 5.0, 30.0])

    def _model(self, device_id: str) -> tuple[str, str, float, float] | None:
        """The holder, unless its time is up."""
        found = self.holder.get(device_id)
        if found is not None and found[3] + found[2] <= self.now_s and not self._is_in_use(device_id, found[1]):
            del self.holder[device_id]
            return None
        return found

    def _is_in_use(self, device_id: str, token: str) -> bool:
        return any((device, used) == (device_id, token) for device, used, _ in self.uses)

    @rule(device_id=devices, owner=owners, ttl_s=ttls, is_stealing=st.booleans())
    def claim(self, device_id: str, owner: str, ttl_s: float, is_stealing: bool) -> None:
        former = self._model(device_id)
        is_free = former is None or former[0] == owner or (is_stealing and device_id == STEALABLE)
        if not is_free:
            with pytest.raises(RequestError, match="is held by terminal"):
                self.bench.claim(device_id, owner, ttl_s=ttl_s, is_stealing=is_stealing)
            return
        token = self.bench.claim(device_id, owner, ttl_s=ttl_s, is_stealing=is_stealing)
        self.tokens[device_id].append(token)
        self.holder[device_id] = (owner, token, ttl_s, self.now_s)

    @precondition(lambda self: any(self.tokens.values()))
    @rule(device_id=devices, which=st.integers(0), is_release=st.booleans())
    def renew_or_release(self, device_id: str, which: int, is_release: bool) -> None:
        if not self.tokens[device_id]:
            return
        token = self.tokens[device_id][which % len(self.tokens[device_id])]
        held = self._model(device_id)
        act = self.bench.claims.release if is_release else self.bench.claims.renew
        if held is None or held[1] != token:
            with pytest.raises(RequestError, match="no claim that lasts"):
                act(device_id, token)
            return
        act(device_id, token)
        if is_release:
            del self.holder[device_id]
        else:
            self.holder[device_id] = (*held[:3], self.now_s)

    @precondition(lambda self: any(self.tokens.values()))
    @rule(device_id=devices, which=st.integers(0))
    def begin_use(self, device_id: str, which: int) -> None:
        """A request, with any token that was ever given out: begun only with the one that is good."""
        if not self.tokens[device_id]:
            return
        token = self.tokens[device_id][which % len(self.tokens[device_id])]
        held = self._model(device_id)
        if self.bench.code(device_id, token) is None:
            assert held is not None
            assert held[1] == token
            context = self.bench.claims.using(device_id, token)
            context.__enter__()
            self.uses.append((device_id, token, context))

    @precondition(lambda self: self.uses)
    @rule(which=st.integers(0))
    def end_use(self, which: int) -> None:
        device_id, token, context = self.uses.pop(which % len(self.uses))
        context.__exit__(None, None, None)
        held = self.holder.get(device_id)
        if held is not None and held[1] == token:
            self.holder[device_id] = (*held[:3], self.now_s)

    @rule(owner=owners)
    def terminal_gone(self, owner: str) -> None:
        self.bench.claims.terminal_gone(LANE, owner)
        self.holder = {device: held for device, held in self.holder.items() if held[0] != owner}

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.5, 29.5, 30.0]))
    def time_passes(self, seconds: float) -> None:
        asyncio.run(self.bench.clock.advance(seconds))
        self.now_s += seconds

    @invariant()
    def no_token_but_the_holders_is_good(self) -> None:
        for device_id, tokens in self.tokens.items():
            held = self._model(device_id)
            good = [token for token in tokens if self.bench.code(device_id, token) is None]
            assert good == ([] if held is None else [held[1]])
            assert (self.bench.code(device_id, None) is None) is (held is None)
            assert self.bench.code(device_id, None, is_read=True) is None
            view = self.bench.claims.view(device_id)
            assert (None if view is None else view.owner) == (None if held is None else held[0])


TestClaimMachine = ClaimMachine.TestCase
TestClaimMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
