"""Refusals of a whole request, as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from simulators.cloud.models import Problem

PROBLEM_CONTENT_TYPE = "application/problem+json"

_RFC_9110 = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Names that Python has only since 3.13: the document must be the same on every version."""


class ProblemError(Exception):
    """Refuse the request. ``headers`` go into the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def _phrase(status: int) -> str:
    return _RFC_9110.get(status) or HTTPStatus(status).phrase


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The refusal as a response."""
    body = Problem(title=_phrase(status), status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, headers, media_type=PROBLEM_CONTENT_TYPE)


def problem_schema(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route, for the OpenAPI document."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _phrase(status), "content": {PROBLEM_CONTENT_TYPE: schema}} for status in statuses}


def install(app: FastAPI) -> None:
    """Answer every refusal of the application as a problem, the framework's own included."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return problem_response(error.status, error.detail, error.headers)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return problem_response(HTTPStatus.BAD_REQUEST, details)

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem_response(error.status_code, str(error.detail), dict(error.headers or {}))

    app.add_exception_handler(ProblemError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
