"""The live terminal view: devices, last events, transactions, outbox, cloud."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiomqtt
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulators.store_in_a_box.chaos import Chaos
from simulators.store_in_a_box.lanes import STORE_ID
from simulators.store_in_a_box.store import StoreInABox

REFRESH_S = 0.5
EVENTS_SHOWN = 10
RECONNECT_S = 0.5
PICTURE_COLUMNS = 130
COLOURS = {
    "online": "green", "offline": "yellow", "off": "red", "unknown": "dim",
    "healthy": "green", "degraded": "yellow", "unhealthy": "red", "inactive": "dim",
}  # fmt: skip


class View:
    """Reads only what others can read too: the bus, the status page, the tills' and the cloud's counts."""

    def __init__(self, store: StoreInABox, chaos: Chaos) -> None:
        self._store = store
        self._chaos = chaos
        self._started = time.monotonic()
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN)
        self._status: dict[str, Any] = {}

    async def run(self) -> None:
        """Show it on the terminal until cancelled."""
        watching = asyncio.create_task(self.watch())
        try:
            with Live(self.picture(), refresh_per_second=4, screen=True) as live:
                while True:
                    live.update(self.picture())
                    await asyncio.sleep(REFRESH_S)
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def watch(self) -> None:
        """Collect what is shown, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            while True:
                self._status = await self._store.gateway.status() or {}
                await asyncio.sleep(REFRESH_S)

    async def save_picture(self, path: Path) -> None:
        """What the screen shows now, as SVG without links to fonts elsewhere."""
        self._status = await self._store.gateway.status() or {}
        console = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO(), force_terminal=True)
        console.print(self.picture())
        svg = console.export_svg(title="edge-gateway demo")
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))

    def picture(self) -> RenderableType:
        """What is on the screen now."""
        return Group(
            self._head(),
            Panel(self._devices(), title="devices", title_align="left"),
            Columns([Panel(self._counts(), title="transactions"), Panel(self._events_text(), title="last events")]),
        )

    async def _listen(self) -> None:
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(self._store.broker.host, self._store.broker.port) as client:
                    await client.subscribe(f"edge/v1/{STORE_ID}/+/+/+/event/#")
                    async for message in client.messages:
                        self._note(str(message.topic), message.payload)
            await asyncio.sleep(RECONNECT_S)

    def _note(self, topic: str, payload: Any) -> None:
        data = json.loads(payload)["data"]
        device, name = topic.split("/")[5], topic.split("/")[7]
        words = [str(data[key]) for key in ("text", "status", "weight", "unit") if data.get(key) is not None]
        self._events.append(f"{time.strftime('%H:%M:%S')}  {device:<16} {name:<16} {' '.join(words)}")

    def _head(self) -> Text:
        health = self._status.get("health", {}).get("status", "does not answer")
        text = Text.assemble(
            ("edge-gateway ", "bold"), f"store {STORE_ID}   Ctrl-C ends it\n",
            ("gateway ", "dim"), (health, COLOURS.get(health, "red")), "   ",
            ("broker ", "dim"), f"127.0.0.1:{self._store.broker.port}   ",
            ("status ", "dim"), f"http://127.0.0.1:{self._store.gateway.status_port}/status   ",
            ("up ", "dim"), f"{time.monotonic() - self._started:.0f} s",
        )  # fmt: skip
        if self._chaos.last:
            text.append(f"\nlast fault: {self._chaos.last}", "magenta")
        return text

    def _devices(self) -> Table:
        table = Table(box=None, expand=True, padding=(0, 2, 0, 0))
        for title in ("device", "class", "state", "conditions", "reading or reason"):
            table.add_column(title, header_style="dim")
        for device in self._status.get("devices", []):
            power = device["power"]
            reading = device["details"]
            words = " ".join(str(reading[key]) for key in ("status", "weight", "unit") if reading.get(key) is not None)
            table.add_row(
                device["id"], device["device_class"], Text(power, COLOURS.get(power, "")),
                " ".join(device["flags"]), device["reason"] or words,
            )  # fmt: skip
        return table

    def _counts(self) -> Table:
        statistics = [lane.statistics for lane in self._store.lanes]
        ledger = self._store.cloud.ledger
        streams = self._status.get("outbox", {}).get("streams", {})
        fault = self._store.cloud.faults.active
        rows = {
            "accepted": sum(len(each.accepted) for each in statistics),
            "delivered": len(ledger.event_ids_by_transaction),
            "outbox depth": sum(stream["pending"] for stream in streams.values()),
            "receipts printed": sum(each.prints_completed for each in statistics),
            "scans": sum(each.scans_seen for each in statistics),
            "weights": sum(each.weights for each in statistics),
            "cloud": fault.mode.value if fault else "up",
            "gateway kills": self._chaos.counters["kills"],
        }
        table = Table.grid(padding=(0, 3))
        for name, value in rows.items():
            table.add_row(Text(name, "dim"), str(value))
        return table

    def _events_text(self) -> Text:
        return Text("\n".join(self._events), no_wrap=True)
