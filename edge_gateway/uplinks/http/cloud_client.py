"""Requests to the configured cloud: its address, its certificates, and who we are; a 401 is answered once with anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.settings_uplinks import HTTPS, CloudSettings
from edge_gateway.uplinks.http.answers import raise_for_status
from edge_gateway.uplinks.http.authorization import make_authorization
from edge_gateway.uplinks.http.certificates import Certificates
from edge_gateway.uplinks.http.clock_skew import skew_words
from edge_gateway.uplinks.http.http_client import Answer, HttpClient, speakable
from edge_gateway.uplinks.http.http_progress import Limits

CONNECTIONS_BESIDE: Final = 2
"""Beside those of the batches: one for tokens, one for commands."""


class CloudClient:
    """Shared by all who speak to the cloud of ``[cloud]``."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._base_url = settings.base_url.rstrip("/")
        self._clock = clock
        self._http = HttpClient(
            Certificates(
                "cloud",
                ca_file=settings.ca_file,
                certificate_file=settings.certificate_file,
                key_file=settings.key_file,
                version_min=settings.tls_version_min,
            ),
            Limits(
                connect_s=settings.connect_timeout_s,
                send_s=settings.send_timeout_s,
                first_byte_s=settings.first_byte_timeout_s,
                whole_s=settings.response_timeout_s,
            ),
            # As many batches again may hang on a dead line while new ones find out whether it is back.
            connections_max=2 * settings.batches_concurrent_max + CONNECTIONS_BESIDE,
            proxy=settings.proxy,
        )
        self._authorization = make_authorization(settings, self._http, clock)
        self.counters: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return HTTPS

    def where(self, path: str) -> str:
        """For messages."""
        return speakable(self._base_url + path)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """An answer that took the request. Raises CloudTransientError and CloudPermanentError."""
        url = self._base_url + path
        self.counters["bytes_sent"] += len(body)
        return await self._ask(url, lambda who: self._http.post(url, body, {**headers, **who}))

    async def get(self, path: str, *, wait_s: float = 0.0) -> Answer:
        """As ``post``; ``wait_s``: how long the cloud was asked to hold the request."""
        url = self._base_url + path
        accept = {"accept": "application/json"}
        return await self._ask(url, lambda who: self._http.get(url, {**accept, **who}, wait_s=wait_s))

    async def look(self) -> Answer:
        """What its address answers to anybody, whatever that is. Raises CloudTransientError."""
        return await self._http.get(self._base_url, {})

    async def credentials(self) -> str | None:
        """The section that says who we are, once it has given what it should; None: there is none.

        Raises CloudTransientError.
        """
        return self._authorization.section if await self._authorization.headers() else None

    async def probe(self) -> None:
        """Raises CloudTransientError."""
        await self._http.probe(self._base_url)

    async def close(self) -> None:
        await self._authorization.close()
        await self._http.close()

    async def _ask(self, url: str, send: Callable[[Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        """Send; if the cloud no longer takes what says who we are, once more with what is new."""
        answer = None
        for _ in range(2):
            who = await self._authorization.headers()
            self.counters["requests"] += 1
            answer = await send(who)
            self.counters[f"answers:{answer.status}"] += 1
            if answer.status != 401 or not self._authorization.refused(who):
                break
        assert answer is not None
        what = speakable(url)
        now = self._clock.now()
        if answer.status == 401 and (skew := skew_words(answer.headers.get("date"), now)) is not None:
            raise CloudTransientError(f"{what}: 401; {skew}")
        raise_for_status(
            answer.status, answer.headers.get("retry-after"), answer.body, now, what, self._authorization.section
        )
        return answer
