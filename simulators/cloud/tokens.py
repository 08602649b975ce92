"""OAuth 2.0 client credentials (RFC 6749, section 4.4): short-lived bearer tokens, forgotten on restart."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs, unquote_plus

from simulators.cloud.models import Token

DEFAULT_CLIENT_ID = "edge-gateway"
DEFAULT_CLIENT_SECRET = "edge-gateway-test-secret"  # noqa: S105 - of the simulator, known to everyone
TOKEN_LIFETIME_S = 300.0
TOKENS_MAX = 1000
"""Valid tokens at once; the oldest give way, so that a client that asks for one per request leaks nothing."""


class TokenRefusedError(Exception):
    """No token. ``error``: the code of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class Tokens:
    """Gives tokens to one client and knows which are still valid."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        client_id: str = DEFAULT_CLIENT_ID,
        client_secret: str = DEFAULT_CLIENT_SECRET,
        lifetime_s: float = TOKEN_LIFETIME_S,
    ) -> None:
        self._monotonic = monotonic
        self._client_id = client_id
        self._client_secret = client_secret
        self.lifetime_s = lifetime_s
        self._valid_until: dict[str, float] = {}
        self.issued = 0

    def grant(self, body: str, authorization: str | None) -> Token:
        """A new token for a token request: a form, with the credentials in it or in a Basic header."""
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        if "grant_type" not in form:
            raise TokenRefusedError("invalid_request", "grant_type: missing")
        if form["grant_type"] != "client_credentials":
            raise TokenRefusedError("unsupported_grant_type", "only client_credentials is supported")
        client_id, client_secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        is_known = secrets.compare_digest(client_id.encode(), self._client_id.encode())
        if not is_known or not secrets.compare_digest(client_secret.encode(), self._client_secret.encode()):
            raise TokenRefusedError("invalid_client", "unknown client, or wrong secret", status=401)
        return self._issue(form.get("scope"))

    def is_valid(self, authorization: str | None) -> bool:
        """Whether an Authorization header holds a bearer token that was given and has not expired."""
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._valid_until.get(token.strip(), 0.0) > self._monotonic()

    def forget_all(self) -> None:
        """Make every token invalid at once."""
        self._valid_until.clear()

    def _issue(self, scope: str | None) -> Token:
        token = secrets.token_urlsafe(32)
        self._valid_until[token] = self._monotonic() + self.lifetime_s
        while len(self._valid_until) > TOKENS_MAX:
            del self._valid_until[next(iter(self._valid_until))]
        self.issued += 1
        return Token(access_token=token, expires_in=int(self.lifetime_s), scope=scope)


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenRefusedError("invalid_request", "Authorization: not a Basic header") from None
    return unquote_plus(client_id), unquote_plus(client_secret)
