"""The commands ``claim``, ``renew`` and ``release``: checked, done once for each request id, answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from edge_gateway.contracts.claims import ClaimParams, ClaimView, ReleaseParams, RenewParams
from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import SHARED_LANE, in_words
from edge_gateway.contracts.states import ReplyStatus

REPLIES_KEPT: Final = 1000
"""Of all devices together, for repeats: far more than a store's tills claim in the time they repeat. In memory, as the
claims are: after a restart there is none that a repeat could be about."""

ParamsT = TypeVar("ParamsT", bound=BaseModel)


class ClaimDesk(Protocol):
    """Who holds what. Methods raise RequestError: CLAIMED, NOT_CLAIMED."""

    def claim(self, device_id: str, owner: str, owner_lane: str, ttl_s: float, *, is_stealing: bool) -> str: ...

    def renew(self, device_id: str, token: str | None, ttl_s: float | None = None) -> ClaimView: ...

    def release(self, device_id: str, token: str | None) -> None: ...

    def view(self, device_id: str) -> ClaimView | None: ...

    def refusal(self, device_id: str, token: str | None, *, is_read: bool) -> RequestError | None: ...

    def using(self, device_id: str, token: str | None) -> AbstractContextManager[None]: ...


class ClaimRequests:
    """Synchronous: nothing comes between the look at a claim and its change."""

    def __init__(self, claims: ClaimDesk) -> None:
        self._claims = claims
        self._replies: OrderedDict[str, tuple[str, Reply]] = OrderedDict()

    def answer(self, request: Request, *, expired: RequestError | None) -> Reply:
        """A repeat gets the reply that was given before, also after its expiry. Raises RequestError, nothing done.

        A refusal is not kept: the same id, asked again later, may be granted.
        """
        key, digest = f"{request.target}/{request.id}", f"{request.digest()} {request.claim}"
        if (kept := self._replies.get(key)) is not None:
            if kept[0] != digest:
                raise RequestError(ErrorCode.CONFLICT, f"request id {request.id} was used with other content")
            return kept[1]
        if expired is not None:
            raise expired
        reply = Reply(request.id, ReplyStatus.COMPLETED, self._do(request))
        self._replies[key] = digest, reply
        if len(self._replies) > REPLIES_KEPT:
            self._replies.popitem(last=False)
        return reply

    def _do(self, request: Request) -> Mapping[str, Any]:
        if request.name == "claim":
            return self._claim(request, _read(ClaimParams, request))
        if request.name == "renew":
            wanted = _read(RenewParams, request)
            view = self._claims.renew(request.target, request.claim, wanted.ttl_s)
            return {"claim": request.claim, **_terms(view)}
        _read(ReleaseParams, request)
        self._claims.release(request.target, request.claim)
        return {}

    def _claim(self, request: Request, wanted: ClaimParams) -> Mapping[str, Any]:
        owner_lane = wanted.owner_lane or request.lane
        if request.lane not in (SHARED_LANE, owner_lane):
            words = f"owner_lane: {request.target} is of {request.lane}; only terminals of that lane claim it"
            raise RequestError(ErrorCode.INVALID_REQUEST, words)
        token = self._claims.claim(request.target, wanted.owner, owner_lane, wanted.ttl_s, is_stealing=wanted.steal)
        view = self._claims.view(request.target)
        assert view is not None
        return {"claim": token, **_terms(view)}


def _terms(view: ClaimView) -> Mapping[str, Any]:
    return {
        "owner": view.owner,
        "owner_lane": view.owner_lane,
        "ttl_s": view.ttl_s,
        "expires_at": rfc3339(view.expires_at),
    }


def _read(model: type[ParamsT], request: Request) -> ParamsT:
    """Raises RequestError(INVALID_REQUEST) with every problem."""
    try:
        return model.model_validate(dict(request.params))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {in_words(each)}" for each in found)
    raise RequestError(ErrorCode.INVALID_REQUEST, f"{request.name}: {problems}")
