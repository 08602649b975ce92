"""The HTTP interface of the status endpoint: read only, described by ``/openapi.json``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from edge_gateway import __version__
from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.fields import LEVEL_PATTERN
from edge_gateway.settings_parts import is_this_box
from edge_gateway.status.metrics import CONTENT_TYPE as METRICS_CONTENT_TYPE
from edge_gateway.status.metrics import MetricsPage
from edge_gateway.status.source import RawBytes, Snapshot, StatusSource

PROBLEM_CONTENT_TYPE = "application/problem+json"
SEQUENCE_MAX = 2**63 - 1
"""What every client can hold."""


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str


class Live(BaseModel):
    """The event loop turns."""

    status: str = "live"


class Ready(BaseModel):
    """The store is open and all parts run."""

    status: str = "ready"


def build_api(source: StatusSource) -> FastAPI:
    """The application; it asks the source at each request and keeps nothing."""
    metrics = MetricsPage(source)
    api = FastAPI(
        title="edge-gateway status",
        version=__version__,
        description="Health and state of one store's gateway. Read only.",
        docs_url=None,  # the page would load scripts from outside the store
        redoc_url=None,
    )

    @api.get("/livez", summary="Is the process alive?")
    async def livez() -> Live:
        return Live()

    @api.get(
        "/readyz",
        summary="Can transactions be taken?",
        description="Ready when the store is open and all parts run. A broker or cloud that is away degrades the "
        "health; it does not make the gateway unready.",
        responses={503: {"description": "Not ready", "content": {PROBLEM_CONTENT_TYPE: {"schema": _PROBLEM_REF}}}},
        response_model=Ready,
    )
    async def readyz() -> Response | Ready:
        if source.is_ready:
            return Ready()
        snapshot = source.snapshot()
        reasons = [reason.text for reason in snapshot.health.reasons if reason.part in {"gateway", "store"}]
        return problem(503, "; ".join(reasons) or f"the gateway is {snapshot.gateway.state}")

    @api.get("/status", summary="Everything: health with reasons, devices, bus, store, uplinks")
    async def status() -> Snapshot:
        return source.snapshot()

    @api.get("/devices/attached", summary="What is plugged in, configured or not, and why it is used or not")
    async def attached() -> AttachedReport:
        return source.attached()

    @api.get(
        "/metrics",
        summary="Prometheus metrics",
        response_class=Response,
        responses={200: {"description": "Text exposition format", "content": {"text/plain": {"schema": _TEXT}}}},
    )
    async def metrics_text() -> Response:
        return Response(metrics.render(), media_type=METRICS_CONTENT_TYPE)

    @api.get(
        "/devices/{device_id}/raw",
        summary="The last raw bytes of one device",
        description="What went over its wire in the last minutes, for support. Only for programs on the box itself. "
        "Bytes of devices that read cards are never kept.",
        responses={
            status: {"description": words, "content": {PROBLEM_CONTENT_TYPE: {"schema": _PROBLEM_REF}}}
            for status, words in ((403, "Not asked from the box itself"), (404, "No such device, or not kept"))
        },
        response_model=RawBytes,
    )
    async def raw(
        request: Request,
        device_id: Annotated[str, Path(description="Id of the device.", pattern=LEVEL_PATTERN)],
        after: Annotated[int, Query(ge=0, le=SEQUENCE_MAX, description="Only what came after this sequence.")] = 0,
        age_s_min: Annotated[float, Query(ge=0, le=3600, description="Only what is at least so old.")] = 0.0,
    ) -> Response | RawBytes:
        if request.client is None or not is_this_box(request.client.host):
            return problem(403, "raw bytes are told only on the box itself")
        found = source.raw_bytes(device_id, after, age_s_min)
        return found or problem(404, f"no device {device_id!r}, or one whose raw bytes are not kept")

    @api.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> Response:
        detail = f"{request.method} {request.url.path} is not part of this interface; see /openapi.json"
        return problem(error.status_code, detail, headers=dict(error.headers or {}))

    _add_head(api)
    _add_problem_schema(api)
    return api


def _add_head(api: FastAPI) -> None:
    """Probes ask with HEAD: answered as GET, without the body, which the server leaves out. Not in the description."""
    for route in [route for route in api.routes if isinstance(route, APIRoute)]:
        api.add_api_route(
            route.path,
            route.endpoint,
            methods=["HEAD"],
            response_model=route.response_model,
            response_class=route.response_class,
            include_in_schema=False,
        )


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as RFC 9457 wants it."""
    titles = {403: "Forbidden", 404: "Not found", 405: "Method not allowed", 503: "Not ready"}
    body = Problem(title=titles.get(status, "Error"), status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=PROBLEM_CONTENT_TYPE)


_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}


def _add_problem_schema(api: FastAPI) -> None:
    """FastAPI lists only models of JSON responses; problems have a media type of their own."""
    generate = api.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).setdefault(
            "Problem", Problem.model_json_schema()
        )
        return document

    api.openapi = openapi  # type: ignore[method-assign] # the documented way to extend the document
