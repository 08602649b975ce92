"""The HTTP application of the cloud, and its OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from simulators.cloud import downlink, ingestion, oracle, problems, security
from simulators.cloud.core import Cloud
from simulators.cloud.models import CloudEvent, Problem

API_VERSION = "1.0.0"
DESCRIPTION = """\
What edge-gateway asks of the central cloud. The cloud's builders implement this; the simulator serves it to tests.

Events arrive in batches, at least once: after a time-out, a lost answer or a restart the same event comes again.
Its `id` is its idempotency key for good: answer `duplicate` when you have it with this content, `rejected` when you
have it with other content. An event is done when its id is in the answer; one that is missing there is sent again.

Events of one source are in order, and are to be applied in that order: `data.epoch` and then `data.sequence` rise.
An event that is neither applied nor rejected holds back the later ones of its source in the same batch: of each source
the events that are applied are the first ones of the batch, and those that are answered are the first ones of these.
Different sources wait for one another in nothing.

A gateway says who it is by one of the security schemes below, or by the client certificate of its TLS connection.
"""


def make_app(cloud: Cloud | None = None) -> FastAPI:
    """The application; without a cloud it only describes itself."""
    app = FastAPI(title="Cloud of an edge-gateway fleet", version=API_VERSION, docs_url=None, redoc_url=None)
    app.state.cloud = cloud
    problems.install(app)
    for module in (security, ingestion, downlink, oracle):
        app.include_router(module.router)

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to change the document
    return app


def openapi_document() -> dict[str, Any]:
    """The published document: what a real cloud serves, without the oracle."""
    return make_app().openapi()


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    schemas: dict[str, Any] = document["components"]["schemas"]
    _, extra = models_json_schema(
        [(CloudEvent, "validation"), (Problem, "validation")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(extra["$defs"])
    # The framework documents a 422 of its own; here what is not valid is answered as a problem, 400.
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document
