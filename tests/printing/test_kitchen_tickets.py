"""Orders for the kitchen through the print service: printed once, also after a restart, and elsewhere where it must."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.services.kitchen_orders import KitchenOrders
from edge_gateway.settings_kitchen import KitchenRoute, KitchenSettings
from edge_gateway.settings_printing import PrintingSettings
from tests.printing.bench import Bench, PaperPrinter, open_bench

KITCHEN = KitchenSettings(
    route=(
        KitchenRoute(printer="bar", categories=("drinks",), station="Bar"),
        KitchenRoute(printer="kitchen", categories=("*",), station="Kitchen"),
    )
)
ORDER = {
    "order_id": "42",
    "number": "42",
    "placed_at": "2026-11-21T12:31:00Z",
    "items": [
        {"quantity": "2", "name": "Soup", "category": "starters"},
        {"quantity": "1", "name": "Water", "category": "drinks"},
    ],
}


def printers() -> tuple[PaperPrinter, PaperPrinter]:
    return PaperPrinter("bar"), PaperPrinter("kitchen")


async def send(bench: Bench, order: dict[str, Any], request_id: str = "r-1") -> Reply:
    async def print_at(request: Request) -> Reply:
        try:
            return await bench.service.answer(request, refusal=None, objection=lambda: None, expires_in_s=None)
        except RequestError as error:
            return Reply.failed(request.id, error)

    def place_of(device_id: str) -> tuple[str, str] | None:
        printer = bench.printers.get(device_id)
        return None if printer is None else (printer.lane, printer.device_class)

    orders = KitchenOrders(KITCHEN, "UTC", print_at, place_of, bench.clock)
    return await orders.handle(Request(request_id, "lane-3", "pos", "T3", "print_order", {"order": order}))


async def test_order_that_is_sent_again_is_printed_once_also_after_a_restart(tmp_path: Path) -> None:
    bar, kitchen = printers()
    async with open_bench(tmp_path, bar, kitchen) as bench:
        first = await send(bench, ORDER)
        assert first.status.value == "accepted"
        await bench.settle()
        assert len(bar.paper) == len(kitchen.paper) == 1
        assert "1 x Water" in bar.paper[0]
        assert "2 x Soup" in kitchen.paper[0]
        assert "Water" not in kitchen.paper[0]
        assert (await send(bench, ORDER, "r-2")).status.value == "accepted"
    async with open_bench(tmp_path, bar, kitchen) as bench:
        assert (await send(bench, ORDER, "r-3")).status.value == "accepted"
        await bench.settle()
    assert len(bar.paper) == len(kitchen.paper) == 1


async def test_other_items_under_the_same_revision_are_a_conflict(tmp_path: Path) -> None:
    bar, kitchen = printers()
    async with open_bench(tmp_path, bar, kitchen) as bench:
        await send(bench, ORDER)
        other = {**ORDER, "items": [{"quantity": "3", "name": "Soup", "category": "starters"}]}
        refused = await send(bench, other, "r-2")
        assert refused.error_code is ErrorCode.CONFLICT
        changed = await send(bench, {**other, "revision": 1}, "r-3")
        assert changed.status.value == "accepted"
        await bench.settle()
    assert ["3 x Soup" in ticket for ticket in kitchen.paper] == [False, True]


async def test_ticket_goes_to_the_back_up_where_its_printer_has_no_paper(tmp_path: Path) -> None:
    bar, kitchen = printers()
    kitchen.obstacle = ErrorCode.PAPER_EMPTY
    backed = {"kitchen": PrintingSettings(backup="bar", backup_after_s=5.0)}
    async with open_bench(tmp_path, bar, kitchen, printing=backed) as bench:
        await send(bench, ORDER)
        for _ in range(6):
            await bench.advance(5.0)
    assert kitchen.paper == []
    assert len(bar.paper) == 2
    assert any("2 x Soup" in ticket for ticket in bar.paper)
