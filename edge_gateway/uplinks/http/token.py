"""OAuth 2.0 client credentials (RFC 6749, section 4.4): a bearer token, replaced shortly before it expires."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus, urlencode

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.settings_uplinks import OAuthSettings
from edge_gateway.uplinks.http.http_client import Answer, HttpClient
from edge_gateway.uplinks.secret_file import read_secret

LIFETIME_S_DEFAULT: Final = 300.0
"""Where the answer has no expires_in."""

REFRESH_BEFORE_S: Final = 30.0
"""A token is replaced this long before it expires, or at nine tenths of a short life: it must outlast its request."""

REFRESH_INTERVAL_S: Final = 5.0
"""While the old token is good still, an endpoint that fails is asked no more often than this."""


class TokenSource:
    """One token for all requests. The secret is read when it is used, and goes nowhere but into the request.

    Whoever needs a token waits for the one attempt that is under way, and shares its failure: a token endpoint that
    stalls holds up all of them once, not one after the other. A token that is good still is used meanwhile.
    """

    section = "cloud.oauth"

    def __init__(self, settings: OAuthSettings, client: HttpClient, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._token: str | None = None
        self._refresh_at = self._expires_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def headers(self) -> Mapping[str, str]:
        now_s = self._clock.monotonic()
        if self._token is None or now_s >= self._expires_at:
            await asyncio.shield(self._ask())
        elif now_s >= self._refresh_at:
            self._refresh_at = now_s + REFRESH_INTERVAL_S
            self._ask()
        return {"authorization": f"Bearer {self._token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """If another request brought a newer token by now, that one stays."""
        if headers.get("authorization") == f"Bearer {self._token}":
            self._token = None
        return True

    async def close(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.wait([asking])

    def _ask(self) -> asyncio.Task[None]:
        """The attempt that is under way, or a new one."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._replace(), name="cloud token")
            self._asking.add_done_callback(self._asked)
        return self._asking

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # told by those who waited for it; if nobody did, the old token is good still

    async def _replace(self) -> None:
        asked_at = self._clock.monotonic()
        self._token, lifetime_s = _parse(await self._post())
        self._refresh_at = asked_at + max(lifetime_s - REFRESH_BEFORE_S, lifetime_s * 0.9)
        self._expires_at = asked_at + lifetime_s

    async def _post(self) -> Answer:
        settings = self._settings
        form = {"grant_type": "client_credentials"}
        if settings.scope is not None:
            form["scope"] = settings.scope
        secret = read_secret(settings.client_secret_file, "cloud.oauth.client_secret_file")
        headers = {
            "authorization": _basic(settings.client_id, secret),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return await self._client.post(settings.token_url, urlencode(form).encode(), headers)


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
