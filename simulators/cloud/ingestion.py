"""Where events arrive: orders, inventory, all others. Faults on demand strike here only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from simulators.cloud.batches import BATCH_CONTENT_TYPE, BATCH_EVENTS_MAX, read_batch
from simulators.cloud.core import Cloud, cloud_of
from simulators.cloud.event_reading import text_of
from simulators.cloud.faults import STALL_S_MAX, Fault, FaultMode
from simulators.cloud.models import BatchAnswer, EventResult
from simulators.cloud.problems import ProblemError, problem_response, problem_schema
from simulators.cloud.security import TOKEN_SCHEME, require_token
from simulators.cloud.server import ABORT

router = APIRouter(tags=["events"])
_REFUSALS = problem_schema(400, 401, 413, 415, 429, 500)
_BATCH_SCHEMA = {"type": "array", "maxItems": BATCH_EVENTS_MAX, "items": {"$ref": "#/components/schemas/CloudEvent"}}
_BATCH_BODY = {"requestBody": {"required": True, "content": {BATCH_CONTENT_TYPE: {"schema": _BATCH_SCHEMA}}}}


@router.post("/v1/orders/events", response_model=BatchAnswer, responses=_REFUSALS, openapi_extra=_BATCH_BODY)
async def take_order_events(request: Request, _: TOKEN_SCHEME) -> Response:
    """A batch of sales, refunds, returns and voids. gzip is taken. An event is done when its id is answered."""
    return await _take(request, "/v1/orders/events")


@router.post("/v1/inventory/events", response_model=BatchAnswer, responses=_REFUSALS, openapi_extra=_BATCH_BODY)
async def take_inventory_events(request: Request, _: TOKEN_SCHEME) -> Response:
    """A batch of stock movements. gzip is taken. An event is done when its id is answered."""
    return await _take(request, "/v1/inventory/events")


@router.post("/v1/events", response_model=BatchAnswer, responses=_REFUSALS, openapi_extra=_BATCH_BODY)
async def take_events(request: Request, _: TOKEN_SCHEME) -> Response:
    """A batch of all other events: devices, telemetry, audit. gzip is taken. Done when its id is answered."""
    return await _take(request, "/v1/events")


async def _take(request: Request, endpoint: str) -> Response:
    cloud = cloud_of(request)
    try:
        require_token(request)
    except ProblemError:
        await request.body()  # unread, it would reset the connection under a sender that still writes
        raise
    fault = cloud.faults.strike()
    if fault is not None and fault.mode is FaultMode.RESET_MID_BODY:
        return await _drop(request)
    events = await read_batch(request)
    for event in events:
        cloud.ledger.receive(event)
    if fault is None:
        return _answer([cloud.ledger.take(event, endpoint) for event in events])
    return await _misbehave(request, cloud, fault, events, endpoint)


async def _misbehave(request: Request, cloud: Cloud, fault: Fault, events: list[Any], endpoint: str) -> Response:
    match fault.mode:
        case FaultMode.ERROR_500:
            return problem_response(500, "fault on demand")
        case FaultMode.TOO_MANY_REQUESTS:
            return problem_response(429, "fault on demand", {"Retry-After": str(fault.retry_after_s)})
        case FaultMode.UNAUTHORIZED:
            cloud.tokens.forget_all()
            return problem_response(401, "fault on demand", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        case FaultMode.GARBAGE:
            return HTMLResponse("<html><body>Please sign in to the guest network.</body></html>")
        case FaultMode.STALL:
            await cloud.pause(STALL_S_MAX)
            return await _drop(request)
        case FaultMode.UNANSWERED:
            return _answer([])
        case FaultMode.PARTIAL:
            return _answer(_take_some(cloud, events, endpoint))
        case FaultMode.REJECTED:
            return _answer(_reject_one(cloud, events, endpoint))
        case FaultMode.LATENCY:
            await cloud.pause(fault.delay_s)
    answer = _answer([cloud.ledger.take(event, endpoint) for event in events])
    match fault.mode:
        case FaultMode.LOST_REPLY:
            return await _drop(request)
        case FaultMode.SLOW_FIRST_BYTE:
            await cloud.pause(fault.delay_s)
        case FaultMode.STALL_MID_ANSWER:
            return StreamingResponse(_begin(cloud, bytes(answer.body)), media_type="application/json")
    return answer


def _take_some(cloud: Cloud, events: list[Any], endpoint: str) -> list[EventResult]:
    """As the contract has it: of each source a prefix is applied, and a prefix of that is answered; never all of it."""
    random = cloud.faults.random
    by_source: dict[str | None, list[int]] = {}
    for index, event in enumerate(events):
        by_source.setdefault(text_of(event, "source"), []).append(index)
    struck = random.choice(list(by_source)) if by_source else None
    applied: set[int] = set()
    answered: set[int] = set()
    for source, indexes in by_source.items():
        applied_count = random.randint(0, len(indexes))
        answered_count_max = min(applied_count, len(indexes) - 1) if source == struck else applied_count
        applied.update(indexes[:applied_count])
        answered.update(indexes[: random.randint(0, answered_count_max)])
    taken = {index: cloud.ledger.take(events[index], endpoint) for index in sorted(applied)}
    return [result for index, result in taken.items() if index in answered]


def _reject_one(cloud: Cloud, events: list[Any], endpoint: str) -> list[EventResult]:
    struck = cloud.faults.random.randrange(len(events)) if events else 0
    return [
        cloud.ledger.reject(event) if index == struck else cloud.ledger.take(event, endpoint)
        for index, event in enumerate(events)
    ]


async def _begin(cloud: Cloud, answer: bytes) -> AsyncIterator[bytes]:
    """Half of the answer, and never the rest."""
    yield answer[: len(answer) // 2]
    await cloud.pause(STALL_S_MAX)


async def _drop(request: Request) -> Response:
    """End the connection without a byte of an answer."""
    request.scope[ABORT]()
    message = await request.receive()
    while message["type"] != "http.disconnect":
        message = await request.receive()
    return Response(status_code=500)


def _answer(results: list[EventResult]) -> Response:
    return JSONResponse(BatchAnswer(results=results).model_dump(mode="json"))
