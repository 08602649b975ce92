"""A cash drawer and a customer display on a printer, at a real broker: opened by command, by document, by key."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from edge_gateway.app import Gateway
from edge_gateway.diagnosis.device_examination import examine
from edge_gateway.diagnosis.device_link import open_link
from edge_gateway.settings import GatewaySettings
from simulators.display_epson import EpsonDisplay
from simulators.escpos_printer import EscposPrinter
from tests.support.broker import Broker, BusClient
from tests.support.waiting import wait_until

LANE = "edge/v1/S001/lane-3"
DRAWER, PRINTER, DISPLAY = f"{LANE}/cash_drawer/drawer", f"{LANE}/pos_printer/printer", f"{LANE}/line_display/display"
LEFT_OPEN_S = 1.5
DEVICES = [
    {
        "id": "printer",
        "lane": "lane-3",
        "profile": "epson-tm-t20",
        "transport": {"kind": "tcp", "host": "127.0.0.1"},
        "settings": {"status_interval_s": 0.1},
    },
    {
        "id": "drawer",
        "lane": "lane-3",
        "profile": "printer-cash-drawer",
        "transport": {"kind": "printer", "printer": "printer"},
        "settings": {"open_level": "low", "left_open_after_s": LEFT_OPEN_S},
    },
    {
        "id": "display",
        "lane": "lane-3",
        "profile": "generic-epson-display",
        "transport": {"kind": "printer", "printer": "printer"},
        "settings": {"is_behind_printer": True, "idle_lines": ["Corner Shop"]},
    },
]

pytestmark = pytest.mark.e2e


class PrinterWithDisplay(EscposPrinter):
    """The display is first on the cable, and passes on what is not for it."""

    def __init__(self) -> None:
        super().__init__()
        self.display = EpsonDisplay()
        self.display.select(1)

    def data_received(self, data: bytes) -> None:
        self.display.take(data)
        rest = bytes(self.display.passed_on)
        self.display.passed_on.clear()
        if rest:
            super().data_received(rest)

    def open_by_key(self) -> None:
        self.condition.is_drawer_open = True
        self._changed()

    @property
    def shown(self) -> list[str]:
        return [line.decode("cp437").rstrip() for line in self.display.screen.lines]


class Shop:
    """A gateway, its printer, and a till that listens."""

    def __init__(self, gateway: Gateway, printer: PrinterWithDisplay, till: BusClient) -> None:
        self.gateway = gateway
        self.printer = printer
        self.till = till
        self._asked = 0

    async def ask(self, topic: str, command: str, request_id: str | None = None, **params: Any) -> dict[str, Any]:
        self._asked += 1
        request_id = request_id or f"r-{self._asked}"
        payload = {"id": request_id, "params": params, "reply_to": f"{LANE}/pos/T3/reply/{self._asked}"}
        await self.till.publish(f"{topic}/command/{command}", payload)
        answer = await self.till.wait_for(lambda message: str(message.topic) == payload["reply_to"])
        reply: dict[str, Any] = self.till.json(answer)
        return reply

    def events(self, topic: str, name: str) -> list[dict[str, Any]]:
        found = [message for message in self.till.messages if str(message.topic) == f"{topic}/event/{name}"]
        return [self.till.json(message)["data"] for message in found]

    def alerts(self) -> list[str]:
        return [self.till.json(message)["type"].split(".")[-2] for message in self.till.on("/alert/")]

    def state(self, topic: str) -> dict[str, Any]:
        found = [message for message in self.till.messages if str(message.topic) == f"{topic}/state"]
        return json.loads(bytes(found[-1].payload)) if found else {}

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        await wait_until(condition, what=what)

    async def until_drawer(self, state: str) -> None:
        await self.until(lambda: self.state(DRAWER).get("drawer") == state, f"a drawer that is {state}")


@contextlib.asynccontextmanager
async def shop(tmp_path: Path, *more: dict[str, Any]) -> AsyncIterator[Shop]:
    printer = PrinterWithDisplay()
    port = await printer.listen_tcp()
    broker = Broker(tmp_path / "broker")
    await broker.start()
    (tmp_path / "outbox").mkdir()
    devices: list[dict[str, Any]] = [dict(device) for device in (*DEVICES, *more)]
    devices[0]["transport"] = {**devices[0]["transport"], "port": port}
    settings = GatewaySettings.model_validate(
        {
            "store": {"id": "S001"},
            "bus": {"host": broker.host, "port": broker.port},
            "outbox": {"directory": tmp_path / "outbox", "disk_free_bytes_min": 0},
            "status": {"port": 0},
            "device": devices,
        }
    )
    gateway, stop = Gateway(settings), asyncio.Event()
    running = asyncio.create_task(gateway.run(stop))
    try:
        async with broker.client() as till:
            await till.subscribe("edge/v1/S001/#")
            it = Shop(gateway, printer, till)
            await it.until_drawer("closed")
            await it.until(lambda: it.state(DISPLAY).get("power") == "online", "the display")
            yield it
    finally:
        stop.set()
        with contextlib.suppress(aiomqtt.MqttError):
            await running
        await printer.stop()
        await broker.stop()


async def test_drawer_opened_by_command_by_key_and_left_open(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        who = {"reason": "no_sale", "operator": "op-7"}
        command = {"name": "open_drawer", **who, "request_id": "once", "job_id": None, "pin": 2}
        reply = await it.ask(DRAWER, "open_drawer", "once", reason="no_sale", operator="op-7")
        assert reply["status"] == "completed"
        assert reply["result"] == {"drawer": "open", "confirmed_by": "switch"}
        again = await it.ask(DRAWER, "open_drawer", "once", reason="no_sale", operator="op-7")
        assert again == reply
        assert it.printer.counters["drawer_kicks"] == 1
        await it.until(lambda: bool(it.events(DRAWER, "drawer_opened")), "the event")
        assert [each["command"] for each in it.events(DRAWER, "drawer_pulsed")] == [command]
        (opened,) = it.events(DRAWER, "drawer_opened")
        assert (opened["command"], opened["uncommanded"]) == (command, False)
        assert it.alerts() == []

        await it.until(lambda: bool(it.events(DRAWER, "drawer_left_open")), "an open drawer that is told")
        await it.until(lambda: it.alerts() == ["drawer_left_open"], "its alert")
        it.printer.close_drawer()
        await it.until_drawer("closed")
        (closed,) = it.events(DRAWER, "drawer_closed")
        assert closed["open_s"] >= LEFT_OPEN_S

        it.printer.open_by_key()
        await it.until(lambda: len(it.events(DRAWER, "drawer_opened")) == 2, "the opening by key")
        assert it.events(DRAWER, "drawer_opened")[1]["uncommanded"] is True
        await it.until(lambda: it.alerts() == ["drawer_left_open", "drawer_opened_uncommanded"], "its alert")
        await it.until(lambda: it.gateway._drawers.counters["kept"] >= 5, "the audit trail on disk")
        assert it.gateway._drawers.counters["not_kept"] == 0


async def test_drawer_opened_by_the_printers_name_and_by_a_document_is_commanded(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        reply = await it.ask(PRINTER, "open_drawer", operator="op-8")
        assert reply["status"] == "completed"
        await it.until(lambda: bool(it.events(DRAWER, "drawer_opened")), "the opening")
        by = it.events(DRAWER, "drawer_opened")[0]["command"]
        assert (by["operator"], by["request_id"]) == ("op-8", reply["id"])
        it.printer.close_drawer()
        await it.until_drawer("closed")

        document = [{"type": "text", "text": "Thank you"}, {"type": "drawer"}, {"type": "cut"}]
        reply = await it.ask(PRINTER, "print", document=document)
        assert reply["status"] == "completed", reply
        await it.until(lambda: len(it.events(DRAWER, "drawer_opened")) == 2, "the opening by a receipt")
        second = it.events(DRAWER, "drawer_opened")[1]
        assert (second["command"]["name"], second["uncommanded"]) == ("print", False)
        assert second["command"]["job_id"] == reply["result"]["job_id"]
        assert [each["command"]["name"] for each in it.events(DRAWER, "drawer_pulsed")] == ["open_drawer", "print"]

        it.printer.close_drawer()
        await it.until_drawer("closed")
        reply = await it.ask(PRINTER, "reprint", job_id=reply["result"]["job_id"])
        assert reply["status"] == "completed", reply
        assert it.printer.counters["drawer_kicks"] == 2, "a copy opens no drawer"
        assert "drawer_opened_uncommanded" not in it.alerts()


async def test_pulse_is_told_of_the_drawer_that_got_it(tmp_path: Path) -> None:
    """Two drawers on a Y cable share a switch: what opens may be either, who was told to open is known."""
    other = f"{LANE}/cash_drawer/other"
    second = {**DEVICES[1], "id": "other", "transport": {"kind": "printer", "printer": "printer", "pin": 5}}
    async with shop(tmp_path, second) as it:
        await it.until(lambda: it.state(other).get("power") == "online", "the second drawer")
        assert (await it.ask(DRAWER, "open_drawer", operator="op-7"))["status"] == "completed"
        await it.until(lambda: bool(it.events(other, "drawer_opened")), "the opening by the shared switch")
        assert it.events(other, "drawer_opened")[0]["uncommanded"] is False
        await it.ask(PRINTER, "open_drawer", operator="op-8", pin=5)
        await it.until(lambda: bool(it.events(other, "drawer_pulsed")), "the pulse of the second")
        for drawer, operator, pin in ((DRAWER, "op-7", 2), (other, "op-8", 5)):
            (pulsed,) = it.events(drawer, "drawer_pulsed")
            assert (pulsed["command"]["operator"], pulsed["command"]["pin"]) == (operator, pin)
        assert "drawer_opened_uncommanded" not in it.alerts()


async def test_pulse_on_a_pin_without_a_drawer_of_its_own_is_kept_as_the_printer_s(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        await it.ask(PRINTER, "open_drawer", operator="op-8", pin=5)
        await it.until(lambda: it.gateway._drawers.counters["kept"] >= 1, "the audit trail on disk")
        assert it.events(DRAWER, "drawer_pulsed") == []
        assert it.events(PRINTER, "drawer_pulsed")[0]["command"]["pin"] == 5


async def test_drawer_and_display_go_and_come_with_their_printer(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        it.printer.set_fault("power_off")
        await it.until(lambda: it.state(DRAWER).get("power") in ("off", "offline"), "a drawer that is gone")
        assert "drawer" not in it.state(DRAWER)
        reply = await it.ask(DRAWER, "open_drawer")
        assert (reply["status"], reply["error"]["code"]) == ("failed", "offline")
        it.printer.set_fault("power_off", False)
        await it.until_drawer("closed")
        assert it.printer.counters["drawer_kicks"] == 0
        await it.until(lambda: it.state(DISPLAY).get("power") == "online", "the display")


async def test_person_finds_the_polarity_out_with_the_key(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        bus = it.gateway._settings.bus

        async def tried(
            device_id: str, act: Callable[[], None] | None = None
        ) -> dict[str, tuple[str, str, str | None]]:
            def tell(words: str) -> None:
                if act is not None:
                    act()

            async with open_link(bus, "S001", device_id) as link:
                found = [each async for each in examine(link, wait_s=5, is_printing=False, tell=tell)]
            return {each.name: (each.verdict.value, each.found, each.remedy) for each in found}

        found = await tried("drawer", it.printer.open_by_key)
        assert found["switch"][:2] == ("fine", 'it works, and open_level = "low" in its settings is right')
        it.printer.condition.drawer_open_level = "high"
        it.printer.close_drawer()
        await it.until_drawer("open")
        found = await tried("drawer", it.printer.open_by_key)
        assert found["switch"][2] == 'set open_level = "high" in its settings'
        assert it.printer.counters["drawer_kicks"] == 0
        found = await tried("display")
        assert found["display"][0] == "fine"
        assert it.printer.shown[0] == "äöü ß é ñ 0123456789"


async def test_display_behind_the_printer_shows_while_receipts_are_printed(tmp_path: Path) -> None:
    async with shop(tmp_path) as it:
        await it.until(lambda: it.printer.shown == ["    Corner Shop", ""], "the idle text")
        printing = asyncio.create_task(
            it.ask(PRINTER, "print", document=[{"type": "text", "text": f"line {n}"} for n in range(200)])
        )
        for n in range(5):
            reply = await it.ask(DISPLAY, "display_text", text="TOTAL", right=f"{n}.99", row=2)
            assert reply["status"] == "completed", reply
        assert (await printing)["status"] == "completed"
        assert it.printer.shown[1] == "TOTAL           4.99"
        assert it.printer.display.errors == []
        assert it.printer.errors == []
