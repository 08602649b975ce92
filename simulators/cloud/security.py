"""The token endpoint, and the check of who a request comes from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, OAuth2

from simulators.cloud.core import cloud_of
from simulators.cloud.models import OAuthError, Token
from simulators.cloud.problems import ProblemError
from simulators.cloud.tokens import TokenRefusedError

_FORM_BYTES_MAX = 10_000
_flow = OAuthFlowClientCredentials(tokenUrl="oauth/token", scopes={})
_oauth = OAuth2(flows=OAuthFlows(clientCredentials=_flow), scheme_name="client_credentials", auto_error=False)
_api_key = APIKeyHeader(name="X-API-Key", scheme_name="api_key", auto_error=False, description="A fixed key.")
_signed_token = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="signed_token",
    auto_error=False,
    description="A token (RFC 7519) that the gateway signs: RS256, ES256 or EdDSA; iss, aud, iat, exp and jti.",
)


def _any_of_these(
    _token: Annotated[str | None, Security(_oauth)],
    _key: Annotated[str | None, Security(_api_key)],
    _signed: Annotated[HTTPAuthorizationCredentials | None, Security(_signed_token)],
) -> None:
    """For the OpenAPI document."""


TOKEN_SCHEME = Annotated[None, Depends(_any_of_these)]
"""Marks a route as protected in the OpenAPI document; ``require_token`` does the check."""

router = APIRouter(tags=["security"])
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "const": "client_credentials"},
        "client_id": {"type": "string", "description": "Here, or in a Basic header."},
        "client_secret": {"type": "string", "format": "password", "description": "Here, or in a Basic header."},
        "scope": {"type": "string"},
    },
}
_FORM_BODY = {
    "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM_SCHEMA}}}
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthError, "description": "Malformed request"},
    401: {"model": OAuthError, "description": "Unknown client, or wrong secret"},
}


@router.post("/oauth/token", response_model=Token, responses=_ERRORS, openapi_extra=_FORM_BODY)
async def give_token(request: Request) -> Response:
    """A short-lived bearer token for client credentials (RFC 6749, section 4.4)."""
    body = await request.body()
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type != "application/x-www-form-urlencoded" or len(body) > _FORM_BYTES_MAX:
            raise TokenRefusedError("invalid_request", "expected application/x-www-form-urlencoded, 10 kB at most")
        form = body.decode("ascii", errors="replace")
        token = cloud_of(request).tokens.grant(form, request.headers.get("authorization"))
    except TokenRefusedError as error:
        headers = {"Cache-Control": "no-store"}
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="cloud"'
        return JSONResponse(
            OAuthError(error=error.error, error_description=str(error)).model_dump(), error.status, headers
        )
    return JSONResponse(token.model_dump(exclude_none=True), headers={"Cache-Control": "no-store"})


def require_token(request: Request) -> None:
    """Raises ProblemError 401 if the request says not, or not well, who it comes from, and the cloud wants to know."""
    refusal = cloud_of(request).access.refusal(request.headers)
    if refusal is None:
        return
    challenge = 'Bearer realm="cloud"'
    if "authorization" in request.headers:
        challenge += ', error="invalid_token", error_description="unknown or expired"'
    raise ProblemError(401, refusal, {"WWW-Authenticate": challenge})
