"""Who the gateway says it is, in the headers of a request: OAuth, a fixed key, a signed token, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.settings_uplinks import ApiKeySettings, CloudSettings
from edge_gateway.uplinks.http.http_client import HttpClient
from edge_gateway.uplinks.http.signed_token import SignedTokens
from edge_gateway.uplinks.http.token import TokenSource
from edge_gateway.uplinks.secret_file import read_secret


class Authorization(Protocol):
    """``section``: of the configuration, for messages."""

    section: str

    async def headers(self) -> Mapping[str, str]:
        """For one request. Raises CloudTransientError."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The cloud answered 401 to these: whether others will be had by asking again."""
        ...

    async def close(self) -> None: ...


class NoAuthorization:
    """Nothing, or nothing beyond the client certificate of the connection."""

    section = "cloud: one of oauth, api_key, jwt, certificate_file"

    async def headers(self) -> Mapping[str, str]:
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False

    async def close(self) -> None:
        return None


class ApiKey:
    """A key in a header. Read for each request: a new one needs no restart, and a refused one no second try."""

    section = "cloud.api_key"

    def __init__(self, settings: ApiKeySettings) -> None:
        self._settings = settings

    async def headers(self) -> Mapping[str, str]:
        key = read_secret(self._settings.key_file, "cloud.api_key.key_file")
        if not (key.isascii() and key.isprintable()):
            raise CloudTransientError(
                f"cloud.api_key.key_file {self._settings.key_file} holds no key: expected one line of ASCII text"
            )
        return {self._settings.header.lower(): key}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False

    async def close(self) -> None:
        return None


def make_authorization(settings: CloudSettings, client: HttpClient, clock: Clock) -> Authorization:
    """The one that is configured; the configuration allows no two."""
    if settings.oauth is not None:
        return TokenSource(settings.oauth, client, clock)
    if settings.jwt is not None:
        return SignedTokens(settings.jwt, clock)
    if settings.api_key is not None:
        return ApiKey(settings.api_key)
    return NoAuthorization()
