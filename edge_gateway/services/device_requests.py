"""Requests to devices: found, claimed once if they have an effect, carried out by the device, answered."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import (
    ConflictError,
    ErrorCode,
    RequestError,
    StorageFullError,
    StoreError,
    TransportError,
    UnknownOutcomeError,
)
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import CommandLog

DEADLINE_S: Final = 10.0
"""For a command that has none of its own here."""
DEADLINES_S: Final[Mapping[str, float]] = {"print": 60.0, "read_weight": 5.0}
"""A long receipt at 9600 baud takes 20 s, and a cashier may have to close the cover; a weight is old after a moment."""
READ_REPLIES_MAX: Final = 1000
READ_REPLY_AGE_S_MAX: Final = 10.0
"""Replies of commands without an effect are kept for repeats only this long: a weight has an age."""

log = structlog.get_logger(__name__)


class Device(Protocol):
    """What this service needs of a device's supervisor."""

    @property
    def lane(self) -> str: ...

    @property
    def device_class(self) -> str: ...

    def has_effect(self, name: str) -> bool: ...

    async def execute(self, name: str, params: Mapping[str, Any], *, deadline_s: float) -> Mapping[str, Any]:
        """Raises RequestError."""
        ...


FindDevice = Callable[[str], Device | None]
"""By device id."""


class DeviceRequestService:
    """A command with an effect is carried out at most once for each request id, also across restarts."""

    def __init__(self, find_device: FindDevice, command_log: CommandLog, clock: Clock) -> None:
        self.counters: Counter[str] = Counter()
        self._find_device = find_device
        self._command_log = command_log
        self._clock = clock
        self._reads: OrderedDict[str, tuple[float, str, Reply]] = OrderedDict()

    async def handle(self, request: Request) -> Reply:
        """The reply, also of a refusal; raises nothing on purpose."""
        try:
            device = self._find(request)
            if device.has_effect(request.name):
                reply = await self._once(device, request)
            else:
                reply = await self._read(device, request)
        except RequestError as error:
            reply = Reply.failed(request.id, error)
        self.counters[f"{reply.status.value}:{reply.error_code.value}" if reply.error_code else reply.status.value] += 1
        return reply

    def _find(self, request: Request) -> Device:
        device = self._find_device(request.target)
        if device is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"no device {request.target} is configured")
        if (device.lane, device.device_class) != (request.lane, request.device_class):
            place = f"{device.lane}/{device.device_class}"
            raise RequestError(
                ErrorCode.NOT_FOUND,
                f"{request.target} is at {place}, not at {request.lane}/{request.device_class}: correct the topic",
            )
        return device

    async def _once(self, device: Device, request: Request) -> Reply:
        key, digest = f"{request.target}/{request.id}", request.digest()
        try:
            stored = await self._command_log.claim(key, digest)
        except ConflictError as error:
            raise RequestError(ErrorCode.CONFLICT, f"request id {request.id} was used with other content") from error
        except StorageFullError as error:
            raise RequestError(ErrorCode.STORAGE_FULL, "the gateway's disk is full; nothing was done") from error
        except StoreError as error:
            raise RequestError(ErrorCode.INTERNAL, "the gateway's store failed; nothing was done") from error
        if stored is not None:
            self.counters["repeated"] += 1
            return _reply_of(request.id, stored)
        reply = await self._execute(device, request, has_effect=True)
        try:
            await self._command_log.finish(key, json.dumps(reply.to_json()).encode())
        except StoreError as error:
            # Done is done: it is answered. Asked again after a restart, the log will say "unknown", which is true then.
            self.counters["replies_not_kept"] += 1
            log.error(log_events.REPLY_NOT_KEPT, request_id=request.id, reason=str(error))
        return reply

    async def _read(self, device: Device, request: Request) -> Reply:
        key, digest, now_s = f"{request.target}/{request.id}", request.digest(), self._clock.monotonic()
        known = self._reads.get(key)
        if known is not None and now_s - known[0] <= READ_REPLY_AGE_S_MAX:
            if known[1] != digest:
                raise RequestError(ErrorCode.CONFLICT, f"request id {request.id} was used with other content")
            self.counters["repeated"] += 1
            return known[2]
        reply = await self._execute(device, request, has_effect=False)
        self._reads[key] = (self._clock.monotonic(), digest, reply)
        self._reads.move_to_end(key)
        while len(self._reads) > READ_REPLIES_MAX:
            self._reads.popitem(last=False)
        return reply

    async def _execute(self, device: Device, request: Request, *, has_effect: bool) -> Reply:
        try:
            result = await device.execute(request.name, request.params, deadline_s=self._deadline_s(request))
        except RequestError as error:
            return Reply.failed(request.id, error)
        except TransportError as error:
            lost = UnknownOutcomeError(str(error)) if has_effect else RequestError(ErrorCode.OFFLINE, str(error))
            return Reply.failed(request.id, lost)
        return Reply(request.id, ReplyStatus.COMPLETED, result)

    def _deadline_s(self, request: Request) -> float:
        deadline_s = DEADLINES_S.get(request.name, DEADLINE_S)
        if request.expires_at is None:
            return deadline_s
        return max(0.0, min(deadline_s, (request.expires_at - self._clock.now()).total_seconds()))


def _reply_of(request_id: str, stored: bytes) -> Reply:
    """From what ``to_json`` made, here or in the command log after a crash."""
    body = json.loads(stored)
    error = body.get("error")
    return Reply(
        request_id,
        ReplyStatus(body["status"]),
        body.get("result"),
        None if error is None else ErrorCode(error["code"]),
        None if error is None else error["message"],
    )
