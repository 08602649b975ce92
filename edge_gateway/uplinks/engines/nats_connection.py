"""One connection to a NATS server, without nats-py's own reconnecting: what it would send again it would send behind
what came later. Imports nats-py: imported only when such an uplink connects."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections import Counter
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED

PING_INTERVAL_S: Final = 10
PINGS_OUTSTANDING_MAX: Final = 2
"""An idle link that died is noticed within half a minute; one that is used, by the answers that do not come."""

HEADER_OVERHEAD_BYTES: Final = 160
"""Names, version line and line ends of our headers: they count towards the server's max_payload."""

CLOSE_S_MAX: Final = 0.5
"""nats-py waits for ever for the end of a connection whose TLS failed; its socket is closed by then."""

NO_RESPONDERS: Final = "503"
"""Status of the server's own reply to a publish that reached nobody."""
MESSAGE_TOO_LARGE: Final = 10054
HEADERS_TOO_LARGE: Final = 10097
"""JetStream's err_code where this one event is at fault; all others are the stream's or the cluster's trouble."""

logging.getLogger("nats").setLevel(logging.CRITICAL + 1)  # it logs tracebacks of what the uplink tells in words


class NatsConnection:
    """Implements ``carriage.EngineConnection``. ``subject``: of the store, the stream's name is added."""

    def __init__(self, where: str, subject: str, counters: Counter[str]) -> None:
        self._where = where
        self._subject = subject
        self._counters = counters
        self._client = _Client()
        self._inbox = ""
        self._numbers = count()
        self._in_flight: dict[str, tuple[str, asyncio.Future[str]]] = {}

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def open(
        self,
        host: str,
        port: int,
        *,
        name: str,
        connect_timeout_s: float,
        tls: ssl.SSLContext | None,
        username: str | None,
        password: str | None,
        credentials_file: Path | None,
    ) -> None:
        """Raises what nats-py raises, and CloudTransientError."""
        options: dict[str, Any] = {}
        if tls is not None:
            options["tls"] = tls
        if credentials_file is not None:
            options["user_credentials"] = str(credentials_file)
        try:
            await self._client.connect(
                f"nats://{f'[{host}]' if ':' in host else host}:{port}",
                name=name,
                allow_reconnect=False,
                connect_timeout=connect_timeout_s,  # type: ignore[arg-type]  # nats-py says int and takes any number
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=PINGS_OUTSTANDING_MAX,
                user=username,
                password=password,
                error_cb=self._told,
                closed_cb=self._closed,
                **options,
            )
            self._inbox = self._client.new_inbox()
            await self._client.subscribe(f"{self._inbox}.*", cb=self._replied)
        except BaseException as error:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S_MAX):
                    await self._client.close()
            if isinstance(error, nats.errors.Error) and "authorization" in str(error).lower():
                raise CloudTransientError(
                    f"{self._where}: the server refuses this user; check username, password_file or credentials_file"
                ) from None
            raise

    async def send(self, stream: str, event: OutboxEvent) -> asyncio.Future[str]:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        subject = f"{self._subject}.{stream}"
        headers = {
            "Nats-Msg-Id": event.id,
            "content-type": CONTENT_TYPE,
            "ce-id": event.id,
            "ce-type": event.type,
            "ce-source": event.source,
        }
        size = len(event.payload) + sum(map(len, headers.values())) + HEADER_OVERHEAD_BYTES
        if size > self._client.max_payload:
            outcome.set_result(f"{size} bytes with headers: the NATS server takes at most {self._client.max_payload}")
            return outcome
        reply = f"{self._inbox}.{next(self._numbers)}"
        self._in_flight[reply] = (subject, outcome)
        outcome.add_done_callback(lambda _: self._in_flight.pop(reply, None))
        try:
            await self._client.publish(subject, event.payload, reply=reply, headers=headers)
        except (nats.errors.Error, OSError) as error:
            outcome.cancel()
            raise CloudTransientError(f"{self._where}: {self._why(error)}") from error
        return outcome

    async def check(self) -> None:
        try:
            await self._client.flush()
        except (nats.errors.Error, OSError) as error:
            raise CloudTransientError(f"{self._where}: {self._why(error)}") from error

    async def close(self) -> None:
        self._fail(f"{self._where}: the connection was closed")
        await self._client.close()

    async def _replied(self, message: Msg) -> None:
        """A PubAck. nats-py has this too, and loses replies whose error has a code that it raises for."""
        subject, outcome = self._in_flight.get(message.subject, ("", None))
        if outcome is None or outcome.done():
            return
        if (message.headers or {}).get("Status") == NO_RESPONDERS:
            outcome.set_exception(CloudTransientError(f"{self._where}: {no_stream_words(subject)}"))
            return
        try:
            answer = json.loads(message.data)
        except (ValueError, RecursionError):
            answer = None
        match answer:
            case {"error": {"err_code": int(number), "description": str(words)}}:
                if number in (MESSAGE_TOO_LARGE, HEADERS_TOO_LARGE):
                    outcome.set_result(f"refused by the stream: {words} ({number})")
                else:
                    reason = f"{self._where}: the stream takes no events now: {words} ({number})"
                    outcome.set_exception(CloudTransientError(reason))
            case {"stream": str(), "seq": int()}:
                self._counters["duplicates"] += answer.get("duplicate") is True
                outcome.set_result(DELIVERED)
            case _:
                reason = f"{self._where}: something other than a stream answered for {subject}"
                outcome.set_exception(CloudTransientError(reason))

    async def _told(self, error: Exception) -> None:
        """An error that belongs to no call. That a subject may not be used comes this way, and no acknowledgement."""
        if "permissions violation" in str(error).lower():
            self._fail(f"{self._where}: this user may not do it: {str(error).removeprefix('nats: ')}")

    async def _closed(self) -> None:
        self._fail(f"{self._where}: {self._why(self._client.last_error)}")

    def _fail(self, words: str) -> None:
        for _, outcome in list(self._in_flight.values()):
            if not outcome.done():
                outcome.set_exception(CloudTransientError(words))

    def _why(self, error: Exception | None) -> str:
        cause = self._client.last_error or error
        return "the connection was cut" if cause is None else str(cause).removeprefix("nats: ") or type(cause).__name__


class _Client(Client):
    """Hooks of nats-py 2.16: it tries again and again what failed, and goes by the server's greeting whether there is
    TLS: credentials would go in clear to whoever says so."""

    async def _select_next_server(self) -> None:
        server = self._server_pool[0]
        await self._connect_to_server(server)
        self._current_server = server

    def _connect_command(self) -> bytes:
        if "tls" in self.options and not self._server_info.get("tls_required"):
            raise nats.errors.Error(
                "the server speaks no TLS on this port, and nothing is sent in clear to another box"
            )
        return super()._connect_command()


def no_stream_words(subject: str) -> str:
    return (
        f"no JetStream stream takes {subject}: the server needs one whose subjects include it "
        f"(such as {subject.rpartition('.')[0]}.>); on a leaf node its link to the hub may be down"
    )
