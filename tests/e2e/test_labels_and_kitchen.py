"""Labels and kitchen tickets through a whole gateway: a request on the bus, a simulated printer's paper."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators.escpos_printer import EscposPrinter
from simulators.label_printer import LabelPrinter
from tests.labels.support import label, text
from tests.support.broker import Broker
from tests.support.gateways import STORE_ID, gateway
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

LANE = "lane-1"
TILL = f"edge/v1/{STORE_ID}/{LANE}/pos/T3"


@dataclass
class Shop:
    """What is printed on, and the till's way to it."""

    labels: LabelPrinter
    kitchen: EscposPrinter
    bar: EscposPrinter
    broker: Broker

    async def ask(self, request_id: str, topic: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One request with its one reply."""
        async with self.broker.client() as till:
            await till.subscribe(f"{TILL}/reply")
            request = {"id": request_id, "params": params, "reply_to": f"{TILL}/reply"}
            await till.publish(f"edge/v1/{STORE_ID}/{LANE}/{topic}", json.dumps(request))
            (reply,) = await till.wait_for_count(1)
            found: dict[str, Any] = json.loads(reply.payload)
            return found


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[Shop]:
    labels = LabelPrinter("zpl", seconds_per_label=0.02)
    kitchen, bar = EscposPrinter(columns=42), EscposPrinter(columns=42)
    ports = {"labels": await labels.listen_tcp(), "kitchen": await kitchen.listen_tcp(), "bar": await bar.listen_tcp()}
    devices = [
        {
            "id": name,
            "lane": LANE,
            "profile": "generic-zpl" if name == "labels" else "generic-escpos",
            "transport": {"kind": "tcp", "host": "127.0.0.1", "port": port},
        }
        for name, port in ports.items()
    ]
    process = gateway(tmp_path, broker.port, devices)
    routes = '\n[[kitchen.route]]\nprinter = "bar"\ncategories = ["drinks"]\n'
    routes += '\n[[kitchen.route]]\nprinter = "kitchen"\ncategories = ["*"]\n'
    process.config.write_text(process.config.read_text() + routes)
    try:
        await process.start()
        await process.wait_devices_online()
        yield Shop(labels, kitchen, bar, broker)
    finally:
        await process.stop()
        for printer in (labels, kitchen, bar):
            await printer.stop()


async def test_labels_are_printed_once_and_an_order_where_it_is_prepared(shop: Shop) -> None:
    wanted = {"label": label(text("Äpfel"), quantity=2)}
    reply = await shop.ask("l-1", "label_printer/labels/command/print", wanted)
    assert reply["status"] == "completed"
    assert reply["result"]["labels"] == 2
    assert reply["result"]["confirmed_by"] == "printer"
    assert await shop.ask("l-1", "label_printer/labels/command/print", wanted) == reply
    assert [one.texts for one in shop.labels.labels] == [["Äpfel"]] * 2
    assert shop.labels.errors == []

    bad = await shop.ask("l-2", "label_printer/labels/command/print", {"label": label(text("x", x_mm=70))})
    assert bad["error"]["code"] == "invalid_request"
    assert "label.elements[0]" in bad["error"]["message"]

    order = {
        "order_id": "42",
        "number": "42",
        "placed_at": "2026-11-21T12:31:00Z",
        "items": [
            {"quantity": "2", "name": "Soup", "category": "starters"},
            {"quantity": "1", "name": "Water", "category": "drinks"},
        ],
    }
    for request_id in ("o-1", "o-2"):
        accepted = await shop.ask(request_id, "pos/T3/command/print_order", {"order": order})
        assert accepted["status"] == "accepted"
        assert [ticket["printer"] for ticket in accepted["result"]["tickets"]] == ["bar", "kitchen"]
    for printer, words in ((shop.bar, "1 x Water"), (shop.kitchen, "2 x Soup")):
        await wait_until(lambda printer=printer: printer.paper.cut_count == 1, what="one ticket")
        assert any(words in line for line in printer.paper.receipts[0].lines)
