"""Where events arrive: orders, inventory, all others. Faults on demand strike here only."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from simulators.cloud.batches import BATCH_CONTENT_TYPE, BATCH_EVENTS_MAX, read_batch
from simulators.cloud.core import Cloud, cloud_of
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
    events = await read_batch(request)
    for event in events:
        cloud.ledger.receive(event)
    fault = cloud.faults.strike()
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
        case FaultMode.PARTIAL:
            return _answer(_take_some(cloud, events, endpoint))
        case FaultMode.LOST_REPLY:
            for event in events:
                cloud.ledger.take(event, endpoint)
            return await _drop(request)
        case _:
            await cloud.pause(fault.delay_s)
            return _answer([cloud.ledger.take(event, endpoint) for event in events])


def _take_some(cloud: Cloud, events: list[Any], endpoint: str) -> list[EventResult]:
    """Answer for fewer events than came. Half of the others are applied all the same: only their answer is lost."""
    answered_count = cloud.faults.random.randrange(len(events)) if events else 0
    answered = set(cloud.faults.random.sample(range(len(events)), answered_count))
    results = []
    for index, event in enumerate(events):
        if index in answered:
            results.append(cloud.ledger.take(event, endpoint))
        elif cloud.faults.random.random() < 0.5:
            cloud.ledger.take(event, endpoint)
    return results


async def _drop(request: Request) -> Response:
    """End the connection without a byte of an answer."""
    request.scope[ABORT]()
    message = await request.receive()
    while message["type"] != "http.disconnect":
        message = await request.receive()
    return Response(status_code=500)


def _answer(results: list[EventResult]) -> Response:
    return JSONResponse(BatchAnswer(results=results).model_dump(mode="json"))
