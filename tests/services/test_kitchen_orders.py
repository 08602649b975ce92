"""Orders for the kitchen: each item where it is prepared, each ticket once, and what was not accepted is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.kitchen_order import Order
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.services.kitchen_orders import KitchenOrders
from edge_gateway.services.kitchen_routing import tickets_of
from edge_gateway.services.print_templates import expand
from edge_gateway.settings_kitchen import KitchenRoute, KitchenSettings

ROUTES = (
    KitchenRoute(printer="bar-1", categories=("drinks", "wine*"), station="Bar"),
    KitchenRoute(printer="pass-1", categories=("*",), station="Pass", is_copy=True),
    KitchenRoute(printer="kitchen-2", categories=("desserts",), station="Cold"),
    KitchenRoute(printer="kitchen-1", categories=("grill",), station="Grill", buzzes=True),
    KitchenRoute(printer="kitchen-1", categories=("*",), station="Kitchen"),
)
PLACES = dict.fromkeys(("bar-1", "pass-1", "kitchen-1", "kitchen-2"), ("kitchen", "pos_printer"))


def order(*items: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "order_id": "S001-42",
        "number": "42",
        "placed_at": "2026-11-21T12:31:00Z",
        "items": [{"quantity": "1", "name": name, "category": category} for name, category in items],
        **more,
    }


def routed(*items: tuple[str, str], routes: tuple[KitchenRoute, ...] = ROUTES, **more: Any) -> dict[str, list[str]]:
    found = tickets_of(Order.model_validate(order(*items, **more)), routes)
    return {ticket.printer: [item.name for item in ticket.items] for ticket in found}


class Printers:
    """What stands behind the service: keeps requests, and refuses where it is told to."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refusals: dict[str, RequestError] = {}

    async def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        if (error := self.refusals.get(request.target)) is not None:
            return Reply.failed(request.id, error)
        return Reply(request.id, ReplyStatus.ACCEPTED, {"job_id": request.params["job_id"]})


def service(printers: Printers, routes: tuple[KitchenRoute, ...] = ROUTES) -> KitchenOrders:
    settings = KitchenSettings(route=routes, language="de")
    return KitchenOrders(settings, "Europe/Berlin", printers.handle, PLACES.get, SystemClock())


def request(params: Mapping[str, Any], **more: Any) -> Request:
    return Request("r-1", "lane-3", "pos", "T3", "print_order", params, **more)


def test_item_goes_to_the_first_route_that_has_its_category() -> None:
    assert routed(("Beer", "drinks"), ("Riesling", "Wine white"), ("Soup", "starters"), ("Ice", "desserts")) == {
        "bar-1": ["Beer", "Riesling"],
        "pass-1": ["Beer", "Riesling", "Soup", "Ice"],
        "kitchen-2": ["Ice"],
        "kitchen-1": ["Soup"],
    }


def test_printer_with_two_stations_gets_one_ticket() -> None:
    tickets = tickets_of(Order.model_validate(order(("Steak", "grill"), ("Soup", "starters"))), ROUTES)
    (ticket,) = [ticket for ticket in tickets if ticket.printer == "kitchen-1"]
    assert [item.name for item in ticket.items] == ["Steak", "Soup"]
    assert ticket.station == "Grill, Kitchen"
    assert ticket.buzzes


def test_category_without_a_route_is_refused_with_all_of_them() -> None:
    with pytest.raises(RequestError, match="'cigars', 'toys'") as refused:
        routed(("Cohiba", "cigars"), ("Car", "toys"), routes=ROUTES[:3])
    assert refused.value.code is ErrorCode.INVALID_REQUEST


def test_job_ids_are_those_of_the_order() -> None:
    first = tickets_of(Order.model_validate(order(("Beer", "drinks"))), ROUTES)
    again = tickets_of(Order.model_validate(order(("Beer", "drinks"))), ROUTES)
    changed = tickets_of(Order.model_validate(order(("Beer", "drinks"), revision=1)), ROUTES)
    assert [ticket.job_id for ticket in first] == ["order.S001-42.0.bar-1", "order.S001-42.0.pass-1"]
    assert again == first
    assert {ticket.job_id for ticket in changed}.isdisjoint(ticket.job_id for ticket in first)


async def test_order_becomes_one_print_job_for_each_printer() -> None:
    printers = Printers()
    reply = await service(printers).handle(request({"order": order(("Beer", "drinks"), ("Soup", "starters"))}))
    assert reply.status is ReplyStatus.ACCEPTED
    assert reply.result is not None
    assert [ticket["printer"] for ticket in reply.result["tickets"]] == ["bar-1", "pass-1", "kitchen-1"]
    bar = printers.requests[0]
    assert (bar.lane, bar.device_class, bar.target, bar.name) == ("kitchen", "pos_printer", "bar-1", "print")
    assert bar.params["answer"] == "accepted"
    assert bar.id == bar.params["job_id"] == "order.S001-42.0.bar-1"


async def test_ticket_is_what_the_template_takes() -> None:
    printers = Printers()
    items = order(("Steak", "grill"), table="7", waiter="Kim")
    items["items"][0] |= {"modifiers": ["rare"], "note": "no salt", "change": "added"}
    await service(printers).handle(request({"order": items}))
    params = printers.requests[-1].params
    document = expand(params["template"], params["data"])
    texts = [element.get("text") for element in document]
    assert "1 x Steak" in texts
    assert "   + rare" in texts
    assert {"type": "buzzer", "times": 2} in document
    assert any(element.get("colour") == "red" for element in document)


async def test_what_was_not_accepted_is_told_beside_what_was() -> None:
    printers = Printers()
    printers.refusals["kitchen-1"] = RequestError(ErrorCode.BUSY, "its queue is full")
    reply = await service(printers).handle(request({"order": order(("Beer", "drinks"), ("Soup", "starters"))}))
    assert reply.status is ReplyStatus.FAILED
    assert reply.error_code is ErrorCode.BUSY
    assert reply.is_retryable
    assert "kitchen-1: its queue is full; 2 of 3 tickets were accepted" in (reply.error_message or "")
    assert reply.error_details is not None
    assert [ticket["status"] for ticket in reply.error_details["tickets"]] == ["accepted", "accepted", "failed"]


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({}, ErrorCode.INVALID_REQUEST, "order: Field required"),
        ({"order": order()}, ErrorCode.INVALID_REQUEST, "order.items"),
        (
            {"order": order(("Beer", "drinks"), order_id="a b")},
            ErrorCode.INVALID_REQUEST,
            "order.order_id: expected 1 to 60 letters, digits, '_', '.' or '-', the first a letter or digit",
        ),
        (
            {"order": order(("Beer\x1b@", "drinks"))},
            ErrorCode.INVALID_REQUEST,
            "order.items[0].name: expected text without control characters but line feeds",
        ),
        ({"order": order(("Beer", "drinks")), "x": 1}, ErrorCode.INVALID_REQUEST, "x: "),
    ],
)
async def test_bad_order_is_refused_and_nothing_printed(params: Mapping[str, Any], code: ErrorCode, words: str) -> None:
    printers = Printers()
    reply = await service(printers).handle(request(params))
    assert reply.error_code is code
    assert words in (reply.error_message or "")
    assert "after validation" not in (reply.error_message or "") or params == {"order": order()}
    assert printers.requests == []


async def test_order_is_refused_where_there_is_no_kitchen_or_no_printer() -> None:
    printers = Printers()
    none = await service(printers, ()).handle(request({"order": order(("Beer", "drinks"))}))
    assert none.error_code is ErrorCode.UNSUPPORTED
    lost = (KitchenRoute(printer="gone-1", categories=("*",)),)
    gone = await service(printers, lost).handle(request({"order": order(("Beer", "drinks"))}))
    assert gone.error_code is ErrorCode.NOT_FOUND


async def test_expired_order_is_not_printed() -> None:
    printers = Printers()
    late = SystemClock().now() - timedelta(seconds=1)
    reply = await service(printers).handle(request({"order": order(("Beer", "drinks"))}, expires_at=late))
    assert reply.error_code is ErrorCode.EXPIRED
    assert printers.requests == []
