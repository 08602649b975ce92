"""OAuth 2.0 client credentials (RFC 6749, section 4.4): a bearer token, kept until shortly before it expires."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus, urlencode

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.settings_uplinks import OAuthSettings
from edge_gateway.uplinks.http_client import Answer, HttpClient

LIFETIME_S_DEFAULT: Final = 300.0
"""Where the answer has no expires_in."""

REFRESH_BEFORE_S: Final = 30.0
"""A token is replaced this long before it expires, or at nine tenths of a short life: it must outlast its request."""


class TokenSource:
    """One token for all streams. The secret is read when it is used, and goes nowhere but into the request."""

    def __init__(self, settings: OAuthSettings, client: HttpClient, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._token: str | None = None
        self._refresh_at = 0.0
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """Raises CloudTransientError."""
        async with self._asking:
            if self._token is None or self._clock.monotonic() >= self._refresh_at:
                self._token = None
                asked_at = self._clock.monotonic()
                token, lifetime_s = await self._ask()
                self._refresh_at = asked_at + max(lifetime_s - REFRESH_BEFORE_S, lifetime_s * 0.9)
                self._token = token
            return self._token

    def forget(self, token: str) -> None:
        """The cloud refused it. If another stream has a newer one by now, that one stays."""
        if self._token == token:
            self._token = None

    async def _ask(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"}
        if self._settings.scope is not None:
            form["scope"] = self._settings.scope
        headers = {
            "authorization": _basic(self._settings.client_id, _read_secret(self._settings.client_secret_file)),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return _parse(await self._client.post(self._settings.token_url, urlencode(form).encode(), headers))


def _read_secret(path: Path) -> str:
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CloudTransientError(f"cloud.oauth.client_secret_file {path} cannot be read: {words}") from None
    if not secret:
        raise CloudTransientError(f"cloud.oauth.client_secret_file {path} is empty")
    return secret


def _basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _parse(answer: Answer) -> tuple[str, float]:
    """Token and lifetime. The body of a refusal is not quoted: it may repeat what was sent."""
    if answer.status in (400, 401, 403):
        raise CloudTransientError(
            f"the token endpoint refuses this client ({answer.status}): check client id, secret and scope"
        )
    if answer.status != 200:
        raise CloudTransientError(f"the token endpoint answered {answer.status}: check cloud.oauth.token_url")
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise CloudTransientError("the token endpoint answered 200 without a usable access_token")
    lifetime_s = body.get("expires_in")
    if isinstance(lifetime_s, bool) or not isinstance(lifetime_s, int | float) or lifetime_s <= 0:
        lifetime_s = LIFETIME_S_DEFAULT
    return token, float(lifetime_s)
