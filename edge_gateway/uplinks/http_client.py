"""One bounded HTTP request: deadlines for its parts and its whole, a limit on the answer, errors in our words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from edge_gateway import __version__
from edge_gateway.contracts.errors import CloudTransientError

ANSWER_BYTES_MAX: Final = 2_000_000
"""1,000 results of 2 kB: far above any honest answer, far below what would hurt a small box."""

CONNECTIONS_MAX: Final = 6
"""One per stream and one for tokens."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Connects when first used. Redirects are not followed: a batch of sales goes nowhere but where it was sent."""

    def __init__(self, *, ca_file: Path | None, connect_timeout_s: float, response_timeout_s: float) -> None:
        self._ca_file = ca_file
        self._connect_timeout_s = connect_timeout_s
        self._response_timeout_s = response_timeout_s
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises CloudTransientError for everything that keeps the answer from arriving whole and in time."""
        where = speakable(url)
        try:
            client = await self._open()
            # httpx2 limits each read and write; this limits their sum, so that a trickle cannot hold us for ever.
            async with asyncio.timeout(self._connect_timeout_s + self._response_timeout_s):
                return await _post(client, url, content, headers)
        except httpx2.ConnectTimeout as error:
            raise CloudTransientError(f"{where}: no connection in {self._connect_timeout_s:g} s") from error
        except (httpx2.TimeoutException, TimeoutError) as error:
            raise CloudTransientError(
                f"{where}: took the request and gave no whole answer in {self._response_timeout_s:g} s"
            ) from error
        except CloudTransientError:
            raise
        except Exception as error:
            raise CloudTransientError(f"{where}: {_words(error)}") from error

    async def probe(self, url: str) -> None:
        """Connect to where the address points, and hang up. Raises CloudTransientError."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
        except (OSError, TimeoutError) as error:
            raise CloudTransientError(f"{speakable(url)}: {_words(error)}") from error

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _open(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._client is None:
                # Reading the certificates takes milliseconds that a scan should not wait for.
                context = await asyncio.to_thread(_tls_context, self._ca_file)
                self._client = httpx2.AsyncClient(
                    verify=context,
                    trust_env=False,
                    timeout=httpx2.Timeout(self._response_timeout_s, connect=self._connect_timeout_s),
                    limits=httpx2.Limits(max_connections=CONNECTIONS_MAX),
                    headers={"user-agent": f"edge-gateway/{__version__}", "accept-encoding": "identity"},
                )
            return self._client


async def _post(client: httpx2.AsyncClient, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    async with client.stream("POST", url, content=content, headers=dict(headers)) as response:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise CloudTransientError(f"{speakable(url)}: the answer is longer than {ANSWER_BYTES_MAX} bytes")
        headers_received = {name.lower(): text for name, text in response.headers.items()}
        return Answer(response.status_code, headers_received, bytes(body))


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise CloudTransientError(f"cloud.ca_file {ca_file} cannot be used: {error.strerror or error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def speakable(url: str) -> str:
    """Address without credentials or query: it goes into logs."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the configured address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _words(error: Exception) -> str:
    """The deepest cause says it best: refused, unknown host, which certificate problem."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    text = str(cause) or str(error) or type(error).__name__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}; check cloud.ca_file and the box's clock"
    return text
