"""A receiver of webhooks: checks signature and time, takes each event once, has faults on demand."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from simulators.cloud.server import ABORT, HttpServer, listening_socket

DEFAULT_PORT: Final = 9090
TOLERANCE_S: Final = 300
"""What is older, or newer, is a replay or a wrong clock."""
STALL_S_MAX: Final = 300.0
FAULTS: Final = ("none", "status", "stall", "lost_reply", "reset")


def make_secret() -> str:
    """``whsec_`` and the base64 of random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(slots=True)
class ReceiverFault:
    """``kind``: one of FAULTS; ``status``: what is answered; ``requests``: how many it strikes, None: any number."""

    kind: str = "none"
    status: int = 500
    requests: int | None = None
    retry_after_s: int | None = None


class WebhookReceiver:
    """``events``: what was applied, in its order. ``refusals``: why requests were turned away."""

    def __init__(
        self,
        secrets_known: Sequence[str],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.host = host
        self.port = port
        self.secrets = list(secrets_known)
        self.fault = ReceiverFault()
        self.events: dict[str, dict[str, Any]] = {}
        self.refusals: list[str] = []
        self.refused_ids: set[str] = set()
        """Refused on demand, with 422."""
        self.counters: Counter[str] = Counter()
        self._now = now
        self._server: HttpServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self._app.add_api_route("/hook", self._take, methods=["POST"], response_model=None)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook"

    async def start(self) -> None:
        """Listen, on the same port each time. Raises OSError if it is taken."""
        sock = listening_socket(self.host, self.port)
        self.port = sock.getsockname()[1]
        self._closing = asyncio.Event()
        self._server = HttpServer(self._app)
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))
        await self._server.is_started.wait()

    async def stop(self) -> None:
        if self._server is None or self._serving is None:
            return
        self._closing.set()
        self._server.begin_stop()
        serving, self._serving, self._server = self._serving, None, None
        await serving

    async def __aenter__(self) -> WebhookReceiver:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        self.counters["requests"] += 1
        fault = self._strike()
        if fault == "status":
            headers = {} if self.fault.retry_after_s is None else {"Retry-After": str(self.fault.retry_after_s)}
            return Response(status_code=self.fault.status, headers=headers)
        if fault == "stall":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), STALL_S_MAX)
        if fault in ("stall", "reset"):
            return await _drop(request)
        refusal = self._refusal(request, body)
        if refusal is not None:
            self.refusals.append(refusal)
            return Response(status_code=401 if "signature" in refusal else 400)
        if request.headers["webhook-id"] in self.refused_ids:
            return Response(status_code=422)
        self._apply(request.headers["webhook-id"], body)
        return await _drop(request) if fault == "lost_reply" else Response(status_code=204)

    def _strike(self) -> str:
        if self.fault.kind == "none" or self.fault.requests == 0:
            return "none"
        if self.fault.requests is not None:
            self.fault.requests -= 1
        self.counters[f"fault:{self.fault.kind}"] += 1
        return self.fault.kind

    def _refusal(self, request: Request, body: bytes) -> str | None:
        event_id, timestamp = request.headers.get("webhook-id"), request.headers.get("webhook-timestamp", "")
        if not event_id or not (timestamp.isascii() and timestamp.isdigit()):
            return "webhook-id and webhook-timestamp: missing"
        if abs(self._now() - int(timestamp)) > TOLERANCE_S:
            return "webhook-timestamp: too old, or in the future"
        given = request.headers.get("webhook-signature", "").split(" ")
        if not any(self._is_signed(secret, event_id, timestamp, body, given) for secret in self.secrets):
            return "webhook-signature: no signature of ours"
        try:
            event = json.loads(body)
        except ValueError:
            return "body: not JSON"
        if not isinstance(event, dict) or event.get("id") != event_id:
            return "body: not the event of webhook-id"
        return None

    def _is_signed(self, secret: str, event_id: str, timestamp: str, body: bytes, given: Sequence[str]) -> bool:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
        wanted = f"v1,{base64.b64encode(digest).decode()}"
        return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)

    def _apply(self, event_id: str, body: bytes) -> None:
        if event_id in self.events:
            self.counters["duplicates"] += 1
        else:
            self.counters["applied"] += 1
            self.events[event_id] = json.loads(body)


async def _drop(request: Request) -> Response:
    """End the connection without a byte of an answer."""
    request.scope[ABORT]()
    message = await request.receive()
    while message["type"] != "http.disconnect":
        message = await request.receive()
    return Response(status_code=500)


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal, or for --seconds; print the address and the secret, and at the end what was counted."""
    parser = argparse.ArgumentParser(prog="edge-gateway simulate webhook-receiver", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen at; 0 takes a free one")
    parser.add_argument("--secret", action="append", help="whsec_…; without one a new one is made and printed")
    parser.add_argument("--fault", choices=FAULTS, default="none", help="what goes wrong")
    parser.add_argument("--fault-status", type=int, default=500, metavar="N", help="what the fault status answers")
    parser.add_argument("--fault-requests", type=int, metavar="N", help="how many requests the fault strikes")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    options = parser.parse_args(argv)
    try:
        asyncio.run(_run(options))
    except OSError as error:
        print(f"webhook-receiver: cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    receiver = WebhookReceiver(options.secret or [make_secret()], options.host, options.port)
    receiver.fault = ReceiverFault(options.fault, options.fault_status, options.fault_requests)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with receiver:
        print(json.dumps({"url": receiver.url, "secrets": receiver.secrets}), flush=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), options.seconds)
    print(json.dumps({**receiver.counters, "refusals": len(receiver.refusals)}), flush=True)
