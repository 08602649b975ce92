"""Requests to devices: found, claimed once if they have an effect, carried out by the device, answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from edge_gateway.contracts.claims import CLAIM_COMMANDS, READ_PREFIXES
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import (
    ErrorCode,
    RequestError,
    TransportError,
    UnknownOutcomeError,
)
from edge_gateway.contracts.instants import expired_words
from edge_gateway.contracts.life import FORGET_COMMAND
from edge_gateway.contracts.printing import JOB_COMMANDS
from edge_gateway.contracts.request_in_hand import on_behalf_of
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import CommandLog
from edge_gateway.services.claim_requests import ClaimDesk, ClaimRequests
from edge_gateway.services.done_before import DoneBefore

DEADLINE_S: Final = 10.0
"""For a command that has none of its own here."""
DEADLINES_S: Final[Mapping[str, float]] = {"read_weight": 5.0, "do_price_calculating": 15.0}
"""A weight is old after a moment; a price-computing scale has 10 s for its dialogue, and may be at the end of a look
that takes a few."""
IN_HAND_MAX: Final = 8
"""Requests of one device, begun and waiting: more than a lane asks in the time one takes. The next is answered busy. It
is below what a device's own queue takes, which would refuse only after the request was claimed."""


class Device(Protocol):
    """What this service needs of a device's supervisor."""

    @property
    def lane(self) -> str: ...

    @property
    def device_class(self) -> str: ...

    def has_effect(self, name: str) -> bool: ...

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        deadline_s: float,
        begin_within_s: float | None,
        objection: Callable[[], RequestError | None],
    ) -> Mapping[str, Any]:
        """``deadline_s`` bounds the waiting and, anew, the run; ``begin_within_s`` the waiting. ``objection`` is asked
        when its turn comes. Raises RequestError."""
        ...


class Printing(Protocol):
    """Who prints. ``answer`` raises RequestError."""

    def is_printer(self, device_id: str) -> bool: ...

    async def answer(
        self,
        request: Request,
        *,
        refusal: RequestError | None,
        objection: Callable[[], RequestError | None],
        expires_in_s: float | None,
    ) -> Reply: ...


FindDevice = Callable[[str], Device | None]
"""By device id."""
ForgetDevice = Callable[[str], Awaitable[None]]
"""By device id. Raises RequestError with what is in the way."""


async def forget_none(device_id: str) -> None:
    """Where no device is taken without configuration."""
    raise RequestError(ErrorCode.UNSUPPORTED, f"{device_id} is configured: take it out of the configuration")


class DeviceRequestService:
    """A command with an effect is carried out at most once for each request id, also across restarts. A command without
    one is carried out each time it is asked: a weight that was read before is not the weight.

    Where a device is claimed, only requests with the claim's token are begun; those that only read are for everybody.
    """

    def __init__(
        self,
        find_device: FindDevice,
        command_log: CommandLog,
        claims: ClaimDesk,
        clock: Clock,
        forget: ForgetDevice = forget_none,
        printing: Printing | None = None,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._find_device = find_device
        self._forget_device = forget
        self._claims = claims
        self._claim_requests = ClaimRequests(claims)
        self._clock = clock
        self._printing = printing
        self._done = DoneBefore(command_log, clock)
        self._in_hand: Counter[str] = Counter()

    @property
    def unkept_count(self) -> int:
        """Replies that wait for the disk."""
        return self._done.unkept_count

    async def handle(self, request: Request) -> Reply:
        """The reply, also of a refusal; raises nothing on purpose."""
        try:
            device = self._find(request)
            if request.name in CLAIM_COMMANDS:
                reply = self._claim_requests.answer(request, expired=self._expired(request))
            elif request.name == FORGET_COMMAND:
                reply = await self._forget(request)
            else:
                with self._claims.using(request.target, request.claim), on_behalf_of(request.id):
                    reply = await self._about_jobs(request) or await self._carry_out(device, request)
        except RequestError as error:
            reply = Reply.failed(request.id, error)
        self.counters[f"{reply.status.value}:{reply.error_code.value}" if reply.error_code else reply.status.value] += 1
        return reply

    async def _about_jobs(self, request: Request) -> Reply | None:
        """What the print service answers; None: it is not of its affairs."""
        if request.name not in JOB_COMMANDS or self._printing is None or not self._printing.is_printer(request.target):
            return None
        return await self._printing.answer(
            request,
            refusal=self._expired(request) or self._unclaimed(request),
            objection=lambda: self._unclaimed(request),
            expires_in_s=self._left_s(request),
        )

    async def _carry_out(self, device: Device, request: Request) -> Reply:
        return await (self._once(device, request) if device.has_effect(request.name) else self._read(device, request))

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

    async def _forget(self, request: Request) -> Reply:
        """Not in the command log: whoever repeats it is told that the device is not known any more."""
        if request.params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"params: {FORGET_COMMAND} takes none")
        with self._claims.using(request.target, request.claim), self._place(request) as refusal:
            if refusal is not None:
                raise refusal
            await self._forget_device(request.target)
        return Reply(request.id, ReplyStatus.COMPLETED, {})

    async def _once(self, device: Device, request: Request) -> Reply:
        async with self._done.turn(request):
            with self._place(request) as refusal:
                stored = await self._done.reply(request, is_claiming=refusal is None)
                if stored is not None:
                    self.counters["repeated"] += 1
                    return stored
                if refusal is not None:
                    raise refusal
                reply = await self._execute(device, request, has_effect=True)
            if not await self._done.keep(request, reply):
                self.counters["replies_not_kept"] += 1
            return reply

    async def _read(self, device: Device, request: Request) -> Reply:
        with self._place(request) as refusal:
            if refusal is not None:
                raise refusal
            return await self._execute(device, request, has_effect=False)

    @contextmanager
    def _place(self, request: Request) -> Iterator[RequestError | None]:
        """One of the device's places. Else why it is not begun: a repeat of what was done is answered all the same."""
        refusal = self._expired(request) or self._unclaimed(request)
        if refusal is not None:
            yield refusal
            return
        if self._in_hand[request.target] >= IN_HAND_MAX:
            words = f"{IN_HAND_MAX} requests wait for {request.target}; not carried out, send it again later"
            yield RequestError(ErrorCode.BUSY, words)
            return
        self._in_hand[request.target] += 1
        try:
            yield None
        finally:
            self._in_hand[request.target] -= 1

    async def _execute(self, device: Device, request: Request, *, has_effect: bool) -> Reply:
        deadline_s = DEADLINES_S.get(request.name, DEADLINE_S)
        try:
            result = await device.execute(
                request.name,
                request.params,
                deadline_s=deadline_s,
                begin_within_s=self._left_s(request),
                objection=lambda: self._unclaimed(request),
            )
        except RequestError as error:
            return Reply.failed(request.id, error)
        except TransportError as error:
            lost = UnknownOutcomeError(str(error)) if has_effect else RequestError(ErrorCode.OFFLINE, str(error))
            return Reply.failed(request.id, lost)
        return Reply(request.id, ReplyStatus.COMPLETED, result)

    def _unclaimed(self, request: Request) -> RequestError | None:
        is_read = request.name.startswith(READ_PREFIXES)
        return self._claims.refusal(request.target, request.claim, is_read=is_read)

    def _expired(self, request: Request) -> RequestError | None:
        left_s = self._left_s(request)
        if left_s is None or left_s > 0:
            return None
        assert request.expires_at is not None
        words = expired_words(request.expires_at, self._clock.now())
        return RequestError(ErrorCode.EXPIRED, f"{words}; not carried out")

    def _left_s(self, request: Request) -> float | None:
        return None if request.expires_at is None else (request.expires_at - self._clock.now()).total_seconds()
