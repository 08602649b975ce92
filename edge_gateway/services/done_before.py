"""Requests with an effect: claimed before they are carried out, and answered from then on with what came of them."""

from __future__ import annotations

import asyncio
import json
from weakref import WeakValueDictionary

from edge_gateway.contracts.cash_drawer import OPEN_DRAWER
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ConflictError, ErrorCode, RequestError, StorageFullError, StoreError
from edge_gateway.contracts.store import CommandLog
from edge_gateway.services.replies import reply_from
from edge_gateway.services.unkept_replies import UnkeptReplies


class DoneBefore:
    """By the device that is asked and the id of the request, also across restarts."""

    def __init__(self, command_log: CommandLog, clock: Clock) -> None:
        self._command_log = command_log
        self._unkept = UnkeptReplies(command_log, clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def unkept_count(self) -> int:
        """Replies that wait for the disk."""
        return len(self._unkept)

    def turn(self, request: Request) -> asyncio.Lock:
        """Held while a request is carried out: a repeat waits for its reply."""
        return self._locks.setdefault(_key(request), asyncio.Lock())

    async def reply(self, request: Request, *, is_claiming: bool) -> Reply | None:
        """What was done under this id. None: it is new; and claimed, if that is wanted. Raises RequestError: CONFLICT,
        STORAGE_FULL, INTERNAL, and the unknown outcome of one that was cut short."""
        key, digest = _key(request), request.digest()
        unkept = self._unkept.get(key)
        if unkept is not None and unkept[0] == digest:
            return reply_from(request.id, json.loads(unkept[1]))
        try:
            if unkept is not None:
                raise ConflictError(key)
            if is_claiming:
                is_cash = request.name == OPEN_DRAWER
                stored = await self._command_log.claim(key, digest, from_reserve=is_cash)
            else:
                stored = await self._command_log.reply(key, digest)
        except ConflictError as error:
            raise RequestError(ErrorCode.CONFLICT, f"request id {request.id} was used with other content") from error
        except StorageFullError as error:
            raise RequestError(ErrorCode.STORAGE_FULL, "the gateway's disk is full; nothing was done") from error
        except StoreError as error:
            raise RequestError(ErrorCode.INTERNAL, "the gateway's store failed; nothing was done") from error
        return None if stored is None else reply_from(request.id, json.loads(stored))

    async def keep(self, request: Request, reply: Reply) -> bool:
        """False: the disk does not take it now; it is kept in memory until it does."""
        return await self._unkept.keep(_key(request), request.digest(), json.dumps(reply.to_json()).encode())


def _key(request: Request) -> str:
    return f"{request.target}/{request.id}"
