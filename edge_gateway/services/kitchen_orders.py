"""Orders for the kitchen: one print job for each printer, accepted all or told which not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import refusals
from edge_gateway.contracts.instants import expired_words
from edge_gateway.contracts.kitchen_order import PrintOrderParams
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.services.kitchen_routing import RoutedTicket, tickets_of
from edge_gateway.settings_kitchen import KitchenSettings

PRINT_ORDER: Final = "print_order"
PROBLEMS_SHOWN_MAX: Final = 10

Handle = Callable[[Request], Awaitable[Reply]]
"""Carries out a request to a printer."""
PlaceOf = Callable[[str], tuple[str, str] | None]
"""Lane and class of a printer; None: there is none of this id."""


class KitchenOrders:
    """``handle`` of ``print_order``. An order that is sent again is printed once: its jobs have ids of their own."""

    def __init__(
        self, settings: KitchenSettings, timezone: str, print_at: Handle, place_of: PlaceOf, clock: Clock
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._settings = settings
        self._timezone = settings.timezone or timezone
        self._print_at = print_at
        self._place_of = place_of
        self._clock = clock

    async def handle(self, request: Request) -> Reply:
        """The reply, also of a refusal."""
        try:
            if request.expires_at is not None and request.expires_at <= self._clock.now():
                raise RequestError(ErrorCode.EXPIRED, expired_words(request.expires_at, self._clock.now()))
            reply = await self._print(request)
        except RequestError as error:
            reply = Reply.failed(request.id, error)
        self.counters[f"{reply.status.value}:{reply.error_code.value}" if reply.error_code else reply.status.value] += 1
        return reply

    async def _print(self, request: Request) -> Reply:
        params = _params(request.params)
        if not self._settings.route:
            raise RequestError(ErrorCode.UNSUPPORTED, "no kitchen is configured: add [[kitchen.route]]")
        tickets = tickets_of(params.order, self._settings.route)
        replies = await asyncio.gather(*(self._print_ticket(request, params, ticket) for ticket in tickets))
        shown = [_shown(ticket, reply) for ticket, reply in zip(tickets, replies, strict=True)]
        refused = [
            (ticket, reply)
            for ticket, reply in zip(tickets, replies, strict=True)
            if reply.status in (ReplyStatus.FAILED, ReplyStatus.UNKNOWN)
        ]
        if not refused:
            return Reply(request.id, ReplyStatus.ACCEPTED, {"tickets": shown})
        first_ticket, first = refused[0]
        others = len(tickets) - len(refused)
        text = f"{first_ticket.printer}: {first.error_message}; {others} of {len(tickets)} tickets were accepted"
        # What was accepted is known by its job id and not printed again.
        code = first.error_code or ErrorCode.INTERNAL
        is_retryable = all(reply.is_retryable for _, reply in refused)
        # A ticket that is perhaps on paper makes the whole unknown: sent again it would be answered the same.
        is_unknown = any(reply.status is ReplyStatus.UNKNOWN for _, reply in refused)
        status = ReplyStatus.UNKNOWN if is_unknown else ReplyStatus.FAILED
        return Reply(request.id, status, None, code, text, is_retryable, {"tickets": shown})

    async def _print_ticket(self, request: Request, params: PrintOrderParams, ticket: RoutedTicket) -> Reply:
        job_id = ticket.job_id
        place = self._place_of(ticket.printer)
        if place is None:
            error = RequestError(ErrorCode.NOT_FOUND, f"[kitchen] names printer {ticket.printer}, which is not there")
            return Reply.failed(job_id, error)
        return await self._print_at(
            replace(
                request,
                id=job_id,
                lane=place[0],
                device_class=place[1],
                target=ticket.printer,
                name="print",
                params={
                    "job_id": job_id,
                    "template": "kitchen_ticket",
                    "data": self._data(params, ticket),
                    "answer": "accepted",
                },
            )
        )

    def _data(self, params: PrintOrderParams, ticket: RoutedTicket) -> dict[str, Any]:
        order = params.order.model_dump(mode="json", exclude={"items", "order_id", "revision"}, exclude_none=True)
        items = [item.model_dump(mode="json", exclude={"category"}, exclude_none=True) for item in ticket.items]
        station = {"station": ticket.station} if ticket.station else {}
        return {
            "language": params.language or self._settings.language,
            "timezone": self._timezone,
            "buzzes": ticket.buzzes,
            "order": {**order, **station, "items": items},
        }


def _params(params: Mapping[str, Any]) -> PrintOrderParams:
    try:
        return PrintOrderParams.model_validate(params)
    except ValidationError as error:
        shown = refusals(error.errors(include_url=False, include_input=False))
        raise RequestError(ErrorCode.INVALID_REQUEST, "; ".join(shown[:PROBLEMS_SHOWN_MAX])) from error


def _shown(ticket: RoutedTicket, reply: Reply) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "printer": ticket.printer,
        "station": ticket.station,
        "job_id": ticket.job_id,
        "items": len(ticket.items),
        "status": reply.status.value,
    }
    if reply.error_code is not None:
        shown["error"] = {
            "code": reply.error_code.value,
            "message": reply.error_message or "",
            "retryable": reply.is_retryable,
        }
    return shown
