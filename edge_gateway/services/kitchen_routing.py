"""Which items of an order go where: by category, the first route that has it, and the copies beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.kitchen_order import Order, OrderItem
from edge_gateway.settings_kitchen import KitchenRoute


@dataclass(frozen=True, slots=True)
class RoutedTicket:
    """What one printer prints. ``job_id``: the same whenever the same order is sent."""

    printer: str
    station: str | None
    buzzes: bool
    items: tuple[OrderItem, ...]
    job_id: str


def tickets_of(order: Order, routes: Sequence[KitchenRoute]) -> list[RoutedTicket]:
    """One for each printer that gets something, in the order of the routes; items keep the order's.

    Raises RequestError(INVALID_REQUEST): categories that no route has.
    """
    lost = sorted({item.category for item in order.items if _first(item, routes) is None})
    if lost:
        names = ", ".join(repr(category) for category in lost)
        text = f"order.items: no route of [kitchen] has category {names}; add it to one, or a route with '*'"
        raise RequestError(ErrorCode.INVALID_REQUEST, text)
    taken: dict[str, list[int]] = {}
    for index, item in enumerate(order.items):
        for route in routes:
            if _has(route, item) and (route.is_copy or route is _first(item, routes)):
                numbers = taken.setdefault(route.printer, [])
                if index not in numbers:
                    numbers.append(index)
    return [_ticket(order, routes, printer, taken[printer]) for printer in _printers(routes) if printer in taken]


def _ticket(order: Order, routes: Sequence[KitchenRoute], printer: str, numbers: Sequence[int]) -> RoutedTicket:
    items = tuple(order.items[number] for number in numbers)
    used = [route for route in routes if route.printer == printer and any(_has(route, item) for item in items)]
    stations = dict.fromkeys(route.station for route in used if route.station)
    return RoutedTicket(
        printer,
        ", ".join(stations) or None,
        any(route.buzzes for route in used),
        items,
        f"order.{order.order_id}.{order.revision}.{printer}",
    )


def _first(item: OrderItem, routes: Sequence[KitchenRoute]) -> KitchenRoute | None:
    return next((route for route in routes if not route.is_copy and _has(route, item)), None)


def _has(route: KitchenRoute, item: OrderItem) -> bool:
    return any(fnmatchcase(item.category.casefold(), glob.casefold()) for glob in route.categories)


def _printers(routes: Sequence[KitchenRoute]) -> list[str]:
    return list(dict.fromkeys(route.printer for route in routes))
