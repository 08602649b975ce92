"""Replies that the command log could not take: answered from memory, and offered to it until it takes them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.store import CommandLog

RETRY_S: Final = 5.0
"""Between two attempts at a disk that takes no write."""
UNKEPT_MAX: Final = 1000
"""A day of one lane's receipts. Beyond, the oldest is forgotten: its repeat is answered ``unknown``, which is safe."""

log = structlog.get_logger(__name__)


class UnkeptReplies:
    """What was done is done: as long as the gateway runs, its repeat is answered with what came of it."""

    def __init__(self, command_log: CommandLog, clock: Clock) -> None:
        self._command_log = command_log
        self._clock = clock
        self._replies: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._offering: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, request_key: str) -> tuple[str, bytes] | None:
        """Digest of the request, and the reply."""
        return self._replies.get(request_key)

    async def keep(self, request_key: str, digest: str, reply: bytes) -> bool:
        """Store a reply. False: it is kept here for now, and stored later."""
        try:
            await self._command_log.finish(request_key, reply)
        except StoreError as error:
            log.error(log_events.REPLY_NOT_KEPT, request_key=request_key, reason=str(error), retry_s=RETRY_S)
        else:
            return True
        self._replies[request_key] = (digest, reply)
        if len(self._replies) > UNKEPT_MAX:
            self._replies.popitem(last=False)
        if self._offering is None or self._offering.done():
            self._offering = asyncio.get_running_loop().create_task(self._offer())
        return False

    async def _offer(self) -> None:
        """Ends when nothing is left."""
        while self._replies:
            await self._clock.sleep(RETRY_S)
            for request_key, (_, reply) in list(self._replies.items()):
                try:
                    await self._command_log.finish(request_key, reply)
                except StoreError:
                    break  # told when it began
                self._replies.pop(request_key, None)
