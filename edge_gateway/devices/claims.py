"""Who holds which device: one at a time, for as long as it goes on asking. In memory: a restart ends all claims."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from edge_gateway.contracts.claims import ClaimView, LostClaim
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.states import ClaimEnd
from edge_gateway.contracts.waiting import within


@dataclass(slots=True)
class _Claim:
    """``idle_since_s`` (monotonic): its last use. ``in_use``: requests under it that are being handled."""

    token: str
    owner: str
    owner_lane: str
    ttl_s: float
    claimed_at_s: float
    idle_since_s: float
    in_use: int = 0

    def remaining_s(self, now_s: float) -> float:
        return self.ttl_s if self.in_use else self.idle_since_s + self.ttl_s - now_s


class Claims:
    """Of all devices. ``stealable``: ids of those that may be taken over. ``run`` ends what nobody renews.

    ``on_change`` is told the id of a device that has another holder, or none; ``on_lost`` comes just before it where a
    claim ended without its owner's doing.
    """

    def __init__(
        self,
        clock: Clock,
        make_token: Callable[[], str],
        *,
        stealable: Collection[str] = (),
        on_change: Callable[[str], None] = lambda device_id: None,
        on_lost: Callable[[str, LostClaim], None] = lambda device_id, lost: None,
    ) -> None:
        self._clock = clock
        self._make_token = make_token
        self._stealable = frozenset(stealable)
        self._on_change = on_change
        self._on_lost = on_lost
        self._claims: dict[str, _Claim] = {}
        self._changed = asyncio.Event()

    def claim(self, device_id: str, owner: str, owner_lane: str, ttl_s: float, *, is_stealing: bool) -> str:
        """Returns the token. The same owner gets a new one at once, and the old one is void. Raises RequestError."""
        former = self._current(device_id)
        is_same = former is not None and (former.owner, former.owner_lane) == (owner, owner_lane)
        if former is not None and not is_same:
            if not is_stealing:
                raise self._claimed(device_id, former)
            if device_id not in self._stealable:
                raise self._claimed(device_id, former, "; its configuration does not let a claim be stolen")
        now_s = self._clock.monotonic()
        taken = _Claim(self._make_token(), owner, owner_lane, ttl_s, now_s, now_s)
        if former is not None and not is_same:
            self._end(device_id, former, ClaimEnd.STOLEN, taken)
        else:
            self._claims[device_id] = taken
        self._told(device_id)
        return taken.token

    def renew(self, device_id: str, token: str | None, ttl_s: float | None = None) -> ClaimView:
        """From now on. Raises RequestError(NOT_CLAIMED)."""
        claim = self._held(device_id, token)
        claim.idle_since_s = self._clock.monotonic()
        if ttl_s is not None and ttl_s != claim.ttl_s:
            claim.ttl_s = ttl_s
            self._told(device_id)
        return self._view(claim)

    def release(self, device_id: str, token: str | None) -> None:
        """Raises RequestError(NOT_CLAIMED)."""
        self._held(device_id, token)
        del self._claims[device_id]
        self._told(device_id)

    def refusal(self, device_id: str, token: str | None, *, is_read: bool) -> RequestError | None:
        """Why a request is not to be begun now: somebody else holds the device, or its token is not (any more) good."""
        claim = self._current(device_id)
        if token is not None:
            return None if _is_of(claim, token) else self._not_claimed(device_id, claim)
        return None if claim is None or is_read else self._claimed(device_id, claim)

    @contextmanager
    def using(self, device_id: str, token: str | None) -> Iterator[None]:
        """While a request under the token is handled its claim does not expire; afterwards it is as good as new."""
        claim = self._current(device_id)
        if token is None or claim is None or not _is_of(claim, token):
            yield
            return
        claim.in_use += 1
        try:
            yield
        finally:
            claim.in_use -= 1
            claim.idle_since_s = self._clock.monotonic()
            self._changed.set()

    def terminal_gone(self, lane: str, terminal: str) -> None:
        """All that it held is free."""
        for device_id, claim in list(self._claims.items()):
            if (claim.owner_lane, claim.owner) == (lane, terminal):
                self._end(device_id, claim, ClaimEnd.OWNER_OFFLINE)
                self._told(device_id)

    def view(self, device_id: str) -> ClaimView | None:
        """Who holds it, as everybody may see it."""
        claim = self._current(device_id)
        return None if claim is None else self._view(claim)

    async def run(self) -> None:
        """Until cancelled: end each claim when its time is up, so that it is told also where nobody asks."""
        while True:
            self._changed.clear()
            now_s = self._clock.monotonic()
            left = [claim.remaining_s(now_s) for claim in self._claims.values() if not claim.in_use]
            if left:
                await within(self._clock, min(left), self._changed.wait())
            else:
                await self._changed.wait()
            for device_id in list(self._claims):
                self._current(device_id)

    def _current(self, device_id: str) -> _Claim | None:
        claim = self._claims.get(device_id)
        if claim is not None and claim.remaining_s(self._clock.monotonic()) <= 0:
            self._end(device_id, claim, ClaimEnd.EXPIRED)
            self._told(device_id)
            return None
        return claim

    def _held(self, device_id: str, token: str | None) -> _Claim:
        claim = self._current(device_id)
        if claim is None or token is None or not _is_of(claim, token):
            raise self._not_claimed(device_id, claim)
        return claim

    def _end(self, device_id: str, claim: _Claim, why: ClaimEnd, successor: _Claim | None = None) -> None:
        if successor is None:
            del self._claims[device_id]
        else:
            self._claims[device_id] = successor
        self._on_lost(device_id, LostClaim(self._view(claim), why, successor.owner if successor else None))

    def _told(self, device_id: str) -> None:
        self._changed.set()
        self._on_change(device_id)

    def _view(self, claim: _Claim) -> ClaimView:
        now, now_s = self._clock.now(), self._clock.monotonic()
        return ClaimView(
            owner=claim.owner,
            owner_lane=claim.owner_lane,
            claimed_at=now - timedelta(seconds=now_s - claim.claimed_at_s),
            expires_at=now + timedelta(seconds=claim.remaining_s(now_s)),
            ttl_s=claim.ttl_s,
        )

    def _claimed(self, device_id: str, claim: _Claim, why: str = "") -> RequestError:
        left_s = claim.remaining_s(self._clock.monotonic())
        words = f"{device_id} is held by terminal {claim.owner} for {left_s:.1f} s more at least{why}"
        return RequestError(ErrorCode.CLAIMED, words, details=self._holder(claim))

    def _not_claimed(self, device_id: str, claim: _Claim | None) -> RequestError:
        held = f"terminal {claim.owner} holds {device_id}" if claim else f"nobody holds {device_id}"
        words = f"claim: this token is of no claim that lasts; {held}: claim it (anew), then ask under a new id"
        return RequestError(ErrorCode.NOT_CLAIMED, words, details=None if claim is None else self._holder(claim))

    def _holder(self, claim: _Claim) -> dict[str, str | float]:
        left_s = round(claim.remaining_s(self._clock.monotonic()), 3)
        return {"owner": claim.owner, "owner_lane": claim.owner_lane, "remaining_s": left_s}


def _is_of(claim: _Claim | None, token: str) -> bool:
    return claim is not None and compare_digest(claim.token.encode(), token.encode("utf-8", "surrogatepass"))
