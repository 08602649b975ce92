"""One bounded HTTP request: deadlines for its parts and its whole, a limit on the answer, errors in our words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2
import structlog

from edge_gateway import __version__
from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.foreign_words import foreign_words
from edge_gateway.uplinks.http.certificates import Certificates, Stamp
from edge_gateway.uplinks.http.http_progress import CONNECT_SHARES, Limits, Progress, Step
from edge_gateway.uplinks.reachable import reach

ANSWER_BYTES_MAX: Final = 2_000_000
"""1,000 results of 2 kB: far above any honest answer, far below what would hurt a small box."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Session:
    """Connections made with one reading of the certificates; closed when it is neither the newest nor in use."""

    client: httpx2.AsyncClient
    users: int = 0
    is_retired: bool = False


class HttpClient:
    """Connects when first used. Redirects are not followed: a batch of sales goes nowhere but where it was sent."""

    def __init__(
        self, certificates: Certificates, limits: Limits, *, connections_max: int, proxy: str | None = None
    ) -> None:
        self._certificates = certificates
        self._limits = limits
        self._connections_max = connections_max
        self._proxy = proxy
        self._session: _Session | None = None
        self._stamp: Stamp | None = None
        self._opening = asyncio.Lock()

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises CloudTransientError for everything that keeps the answer from arriving whole and in time."""
        return await self._request("POST", url, content, headers, self._limits)

    async def get(self, url: str, headers: Mapping[str, str], *, wait_s: float = 0.0) -> Answer:
        """``wait_s``: how long the far end was asked to hold the request. Raises as ``post``."""
        return await self._request("GET", url, None, headers, self._limits.patient(wait_s))

    async def probe(self, url: str) -> None:
        """Connect to where the address points, through the proxy if there is one, and hang up. Raises as ``post``."""
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await reach(url, self._proxy, self._certificates.context)
        except TimeoutError:
            raise CloudTransientError(f"{speakable(url)}: no connection in {self._limits.connect_s:g} s") from None
        except OSError as error:
            raise CloudTransientError(f"{speakable(url)}: {self._words(error)}") from error

    async def close(self) -> None:
        session, self._session, self._stamp = self._session, None, None
        if session is not None:
            await session.client.aclose()

    async def _request(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> Answer:
        where = speakable(url)
        session = await self._open()
        session.users += 1
        progress = None
        try:
            async with asyncio.timeout(limits.connect_s * CONNECT_SHARES) as timeout:
                progress = Progress(limits, timeout)
                request = session.client.build_request(
                    method, url, content=content, headers=dict(headers), extensions={"trace": progress.trace}
                )
                return await _exchange(session.client, request, progress)
        except (TimeoutError, httpx2.ConnectTimeout) as error:
            words = progress.words() if progress is not None else "no connection"
            raise CloudTransientError(f"{where}: {words}") from error
        except CloudTransientError:
            raise
        except Exception as error:  # whatever a library below makes of a broken line, of nonsense or of an address
            is_at_proxy = self._proxy is not None and progress is not None and progress.step in _ON_THE_WAY
            by_proxy = f"the way through the proxy {self._proxy}: " if is_at_proxy else ""
            raise CloudTransientError(f"{where}: {by_proxy}{self._words(error)}") from error
        finally:
            session.users -= 1
            await _close_if_done(session)

    async def _open(self) -> _Session:
        """The connections with the certificates as they are now; with the ones before if the new ones are of no use."""
        async with self._opening:
            stamp = self._certificates.stamp()
            if self._session is not None and stamp == self._stamp:
                return self._session
            try:
                # Reading the certificates takes milliseconds that a scan should not wait for.
                context = await asyncio.to_thread(self._certificates.context)
            except CloudTransientError as error:
                if self._session is None:
                    raise
                self._stamp = stamp
                _log.warning(log_events.CERTIFICATES_REFUSED, reason=str(error))
                return self._session
            retired, self._session, self._stamp = self._session, _Session(self._make_client(context)), stamp
            session = self._session
        if retired is not None:
            retired.is_retired = True
            await _close_if_done(retired)
        return session

    def _make_client(self, context: ssl.SSLContext) -> httpx2.AsyncClient:
        proxy = None
        if self._proxy is not None:
            # The library takes a context only for a proxy that speaks TLS itself.
            proxy = httpx2.Proxy(self._proxy, ssl_context=context if self._proxy.startswith("https:") else None)
        return httpx2.AsyncClient(
            verify=context,
            proxy=proxy,
            trust_env=False,
            timeout=httpx2.Timeout(None, connect=self._limits.connect_s),  # Progress has deadlines for the rest
            limits=httpx2.Limits(max_connections=self._connections_max),
            headers={"user-agent": f"edge-gateway/{__version__}", "accept-encoding": "identity"},
        )

    def _words(self, error: BaseException) -> str:
        """The deepest cause says it best: refused, unknown host, which certificate problem."""
        cause: BaseException = error
        while (deeper := cause.__cause__ or cause.__context__) is not None:
            cause = deeper
        if isinstance(cause, ssl.SSLError):
            return self._certificates.words(cause)
        return foreign_words(str(cause) or str(error)) or type(error).__name__


_ON_THE_WAY: Final = (Step.CONNECT, Step.PROXY)


async def _exchange(client: httpx2.AsyncClient, request: httpx2.Request, progress: Progress) -> Answer:
    response = await client.send(request, stream=True)
    try:
        progress.answer_began()
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                url = speakable(str(request.url))
                raise CloudTransientError(f"{url}: the answer is longer than {ANSWER_BYTES_MAX} bytes")
        headers = {name.lower(): text for name, text in response.headers.items()}
        return Answer(response.status_code, headers, bytes(body))
    finally:
        await response.aclose()


async def _close_if_done(session: _Session) -> None:
    if session.is_retired and session.users == 0:
        await session.client.aclose()


def speakable(url: str) -> str:
    """Address without credentials or query: it goes into logs."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the configured address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
