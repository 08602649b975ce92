"""The cloud as a simulator: started and stopped on one port, its ledger kept."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulators.cloud.access import Access, CloudTls, JwtRule
from simulators.cloud.app import make_app
from simulators.cloud.command_desk import CommandDesk
from simulators.cloud.core import Cloud
from simulators.cloud.faults import REFUSE_S_DEFAULT, Fault, FaultMode, Faults
from simulators.cloud.ledger import Ledger
from simulators.cloud.server import HttpServer, listening_socket
from simulators.cloud.tokens import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, TOKEN_LIFETIME_S, Tokens


class CloudSimulator:
    """The far end of the uplink. ``start`` and ``stop`` any number of times: the port and the ledger stay.

    The port is closed while it is stopped, as it is during the fault ``refuse_connections``.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        client_id: str = DEFAULT_CLIENT_ID,
        client_secret: str = DEFAULT_CLIENT_SECRET,
        token_lifetime_s: float = TOKEN_LIFETIME_S,
        is_token_required: bool = True,
        api_key: str | None = None,
        jwt_rule: JwtRule | None = None,
        tls: CloudTls | None = None,
        ledger_path: Path | None = None,
        command_key: Ed25519PrivateKey | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = host
        self.port = port
        self.client_id = client_id
        self.client_secret = client_secret
        tokens = Tokens(monotonic, client_id=client_id, client_secret=client_secret, lifetime_s=token_lifetime_s)
        self._cloud = Cloud(
            monotonic,
            access=Access(tokens, is_token_required=is_token_required, api_key=api_key, jwt_rule=jwt_rule),
            ledger_path=ledger_path,
            command_key=command_key or Ed25519PrivateKey.generate(),
            on_fault=self._fault_was_set,
        )
        self._tls = tls
        self._app = make_app(self._cloud)
        self._server: HttpServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._is_wanted = False
        self._outage: asyncio.Task[None] | None = None
        self._outage_is_over = asyncio.Event()

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth/token"

    @property
    def ledger(self) -> Ledger:
        return self._cloud.ledger

    @property
    def faults(self) -> Faults:
        return self._cloud.faults

    @property
    def tokens(self) -> Tokens:
        return self._cloud.tokens

    @property
    def commands(self) -> CommandDesk:
        return self._cloud.commands

    @property
    def access(self) -> Access:
        return self._cloud.access

    @property
    def paused_requests(self) -> int:
        """Requests that wait on purpose now: stalled, delayed, or polling for a command."""
        return self._cloud.paused_requests

    def set_fault(self, mode: FaultMode | str, **options: Any) -> None:
        """Replace the fault; options as in ``Fault``. On the event loop."""
        self._cloud.set_fault(Fault(mode=FaultMode(mode), **options))

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken. Idempotent."""
        self._is_wanted = True
        await self._open()

    async def stop(self) -> None:
        """Close the port and every connection, waiting ones too. Idempotent."""
        self._is_wanted = False
        if self._outage is not None:
            self._outage_is_over.set()
            await self._outage
            self._outage = None
        await self._close()
        self.ledger.close()

    async def __aenter__(self) -> CloudSimulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _fault_was_set(self, fault: Fault) -> None:
        if fault.mode is not FaultMode.REFUSE_CONNECTIONS:
            self._outage_is_over.set()
        elif self._outage is None or self._outage.done():
            self._outage_is_over.clear()
            self._outage = asyncio.create_task(self._refuse_connections(fault.seconds or REFUSE_S_DEFAULT))

    async def _refuse_connections(self, seconds: float) -> None:
        await self._close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._outage_is_over.wait(), seconds)
        if self._is_wanted:
            await self._open()

    async def _open(self) -> None:
        if self._serving is not None:
            return
        self.ledger.open()
        sock = listening_socket(self.host, self.port)
        self.port = sock.getsockname()[1]
        self._cloud.is_closing = asyncio.Event()
        self._server = HttpServer(self._app, None if self._tls is None else self._tls.context())
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))
        await self._server.is_started.wait()

    async def _close(self) -> None:
        if self._server is None or self._serving is None:
            return
        self._cloud.is_closing.set()
        self._server.begin_stop()
        serving, self._serving, self._server = self._serving, None, None
        await serving
        self._cloud.tokens.forget_all()
