"""Asks the cloud for commands, over and over, by long polls; goes on where it was after a restart."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, EdgeGatewayError
from edge_gateway.contracts.waiting import within
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.http.cloud_client import CloudClient

TOKEN: Final = "cloud_commands_token"  # noqa: S105 - says where to go on, opens nothing
TOKEN_CHARS_MAX: Final = 200

COMMANDS_MAX: Final = 1_000
"""Of one answer: what is more is served again after the next token."""

POLL_INTERVAL_S_MIN: Final = 1.0
"""Between two polls that brought nothing, where the cloud does not hold them: 60 requests a minute at most."""

Handle = Callable[[Any], Awaitable[None]]
"""Of one command as it was served: any JSON. Raises EdgeGatewayError to get it again later."""

_log = structlog.get_logger()


class Values(Protocol):
    """Named values that outlive a restart."""

    async def get(self, name: str) -> str | int | bytes | None: ...

    async def put(self, name: str, value: str) -> None: ...


class CommandPoll:
    """One task. A token is kept only after every command before it was handled: what is cut short comes again."""

    def __init__(
        self, settings: CloudSettings, store_id: str, values: Values, handle: Handle, clock: Clock, random: Random
    ) -> None:
        self._wait_s = settings.commands.wait_s if settings.commands is not None else 0.0
        self._cloud = CloudClient(settings, clock)
        self._path = f"/v1/stores/{quote(store_id, safe='')}/commands"
        self._values = values
        self._handle = handle
        self._clock = clock
        self._backoff = Backoff(settings.retry_s_min, max(settings.retry_s_min, settings.retry_s_max), random)
        self._wake = asyncio.Event()
        self._failure: str | None = None
        self.counters: Counter[str] = Counter()

    @property
    def failure(self) -> str | None:
        """Why commands cannot be asked for now."""
        return self._failure

    def wake(self) -> None:
        """The network is back: do not wait out the back-off."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                started_s = self._clock.monotonic()
                try:
                    count = await self._poll()
                except EdgeGatewayError as error:
                    await self._pause(error)
                    continue
                self._recovered()
                if count == 0:
                    await self._clock.sleep(max(0.0, POLL_INTERVAL_S_MIN - (self._clock.monotonic() - started_s)))
        finally:
            await self._cloud.close()

    async def _poll(self) -> int:
        """How many commands came. Raises EdgeGatewayError."""
        kept = await self._values.get(TOKEN)
        token = kept if isinstance(kept, str) and kept else None
        query = {"wait": f"{self._wait_s:g}"} | ({"after": token} if token is not None else {})
        self.counters["polls"] += 1
        try:
            answer = await self._cloud.get(f"{self._path}?{urlencode(query)}", wait_s=self._wait_s)
        except CloudPermanentError:
            if token is None:
                raise
            # The cloud does not know it any more. What it serves again was done already, and is known by its id.
            self.counters["tokens_refused"] += 1
            await self._values.put(TOKEN, "")
            return 0
        commands, following = _parse(answer.body)
        await self._hand_over(commands)
        if following != token:
            await self._values.put(TOKEN, following)
        return len(commands)

    async def _hand_over(self, commands: list[Any]) -> None:
        """All of them, whatever becomes of one: a full disk must not stand before the command that drains it."""
        trouble: EdgeGatewayError | None = None
        for command in commands:
            self.counters["commands"] += 1
            try:
                await self._handle(command)
            except EdgeGatewayError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    async def _pause(self, error: EdgeGatewayError) -> None:
        self.counters["polls_failed"] += 1
        if self._failure is None:
            _log.warning(log_events.COMMAND_CHANNEL_LOST, reason=str(error))
        self._failure = str(error)
        at_least_s = (error.retry_after_s or 0.0) if isinstance(error, CloudTransientError) else 0.0
        await within(self._clock, max(self._backoff.next_delay(), at_least_s), self._wake.wait())
        self._wake.clear()

    def _recovered(self) -> None:
        self._backoff.reset()
        if self._failure is not None:
            self._failure = None
            _log.info(log_events.COMMAND_CHANNEL_RECOVERED)


def _parse(body: bytes) -> tuple[list[Any], str]:
    """Commands, each of any shape, and the token after them. Raises CloudTransientError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    commands = answer.get("commands") if isinstance(answer, dict) else None
    following = answer.get("next") if isinstance(answer, dict) else None
    if not isinstance(commands, list) or not isinstance(following, str) or not 0 < len(following) <= TOKEN_CHARS_MAX:
        raise CloudTransientError(f"commands: the answer ({len(body)} bytes) has no commands and next token")
    if len(commands) > COMMANDS_MAX:
        raise CloudTransientError(f"commands: {len(commands)} in one answer; expected {COMMANDS_MAX} at most")
    return commands, following
