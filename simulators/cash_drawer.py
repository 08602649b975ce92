"""A cash drawer: a box with a lock, a solenoid and a switch, on a serial trigger, on USB (Posiflex) or on two wires."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Callable

from simulators.console import port_parser, run_device
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

POSIFLEX_REPORT_BYTES = 120


class Drawer:
    """``is_locked``: its key is turned, the solenoid moves nothing. ``on_move``: called when it opened or closed."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.is_open = False
        self.is_locked = False
        self.on_move: Callable[[], None] | None = None

    def pulse(self) -> None:
        self.counters["pulses"] += 1
        if not self.is_locked:
            self._move(is_open=True)

    def open_by_key(self) -> None:
        self._move(is_open=True)

    def close(self) -> None:
        self._move(is_open=False)

    def _move(self, *, is_open: bool) -> None:
        if is_open != self.is_open:
            self.is_open = is_open
            self.counters["openings"] += is_open
            if self.on_move is not None:
                self.on_move()


class SerialTriggerDrawer(WiredDevice):
    """Any byte is a pulse. Its switch is on a modem line, which is the wire's to show."""

    def __init__(self, link: Wire) -> None:
        super().__init__(link)
        self.drawer = Drawer()

    def _hear(self, data: bytes) -> None:
        for _ in data:
            self.drawer.pulse()


class PosiflexDrawer(WiredDevice):
    """Reports of 120 bytes. ``errors``: what no host may send; F0 would leave it in its boot loader."""

    def __init__(self, link: Wire, number: int = 0) -> None:
        super().__init__(link)
        self.drawer = Drawer()
        self.is_silent = False
        self.errors: list[str] = []
        self._number = number

    def _hear(self, data: bytes) -> None:
        report = data[1:]  # hidraw puts the id of the report before it: 0, there is none
        if data[:1] != b"\0" or len(report) != POSIFLEX_REPORT_BYTES or any(report[2:]):
            self.errors.append(f"a report of {len(data)} bytes: {data[:4].hex(' ')}")
        elif report[0] != self._number or self.is_silent:
            self.counters["not_for_it"] += 1
        elif report[1] == self._number:
            self.drawer.pulse()
        elif report[1] == self._number + 1:
            status = self._number << 4 | (not self.drawer.is_open)
            self._link.write(bytes((status,)).ljust(POSIFLEX_REPORT_BYTES, b"\xee"))
        else:
            self.errors.append(f"command {report[1]:02x}")


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    device = SerialTriggerDrawer(link)
    drawer = device.drawer

    def obey(line: str) -> None:
        match line:
            case "key":
                drawer.open_by_key()
            case "close":
                drawer.close()
            case "lock" | "unlock":
                drawer.is_locked = line == "lock"
        print(json.dumps({"is_open": drawer.is_open, "pulses": drawer.counters["pulses"]}), flush=True)

    greeting = f"cash drawer at {arguments.path}: any byte opens it; key, close, lock, unlock, show, !unplug, !plug"
    await run_device(device, link, obey, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``cash-drawer PATH``: a drawer with a serial trigger on a pty, moved by lines on standard input."""
    parser = port_parser("cash-drawer", main.__doc__, has_seed=False)
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
