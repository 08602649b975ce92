"""What the demo has beside its lanes, for whoever tries the print path: a kitchen's printer, labels, a display."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.escpos_printer import EscposPrinter
from simulators.label_printer import LabelPrinter
from simulators.line_display import LineDisplay
from simulators.link import PtyLink

SHARED_LANE = "shared"
KITCHEN, LABELS, DISPLAY = "kitchen-printer", "shelf-labels", "lane-1-display"
KITCHEN_COLUMNS = 48


class Office:
    """No till of the demo uses these: a person has them alone."""

    def __init__(self, directory: Path) -> None:
        self.kitchen = EscposPrinter(columns=KITCHEN_COLUMNS)
        self.labels = LabelPrinter("zpl")
        self.devices: list[Mapping[str, Any]] = []
        self._display_path = directory / "dev" / DISPLAY
        self.display = LineDisplay(PtyLink(self._display_path), "epson")

    async def start(self) -> None:
        """Switch everything on and note the devices for the gateway's configuration."""
        await self.display.start()
        self._add(KITCHEN, SHARED_LANE, "epson-tm-t20", _tcp(await self.kitchen.listen_tcp()))
        self._add(LABELS, SHARED_LANE, "zebra-zd421", _tcp(await self.labels.listen_tcp()))
        self._add(DISPLAY, "lane-1", "epson-dm-d110", {"kind": "serial", "path": self._display_path})

    async def stop(self) -> None:
        for device in (self.kitchen, self.labels, self.display):
            await device.stop()

    def _add(self, device_id: str, lane: str, profile: str, transport: Mapping[str, Any]) -> None:
        self.devices.append({"id": device_id, "lane": lane, "profile": profile, "transport": transport})


def _tcp(port: int) -> Mapping[str, Any]:
    return {"kind": "tcp", "host": "127.0.0.1", "port": port}
