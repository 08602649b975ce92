"""A Datalogic scanner on RS-232 that obeys host commands, written from KA-01506 and the Magellan 800i guide."""

from __future__ import annotations

import argparse
import asyncio
import random
from typing import Literal

from simulators.console import port_parser, run_device
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

Fault = Literal["none", "silent", "garbage", "half"]


class DatalogicScanner(WiredDevice):
    """``stops_at_not_on_file``: it reads nothing more until it is enabled, as a Magellan 800i."""

    def __init__(self, link: Wire, rng: random.Random | None = None, *, stops_at_not_on_file: bool = True) -> None:
        super().__init__(link)
        self.is_enabled = True
        self.is_beep_on = True
        self.fault: Fault = "none"
        self.stops_at_not_on_file = stops_at_not_on_file
        self._rng = rng or random.Random(0)

    def scan(self, text: str) -> None:
        """Read a bar code, if it may."""
        if not self.is_enabled:
            self.counters["ignored"] += 1
            return
        self.counters["scans"] += 1
        self._send(text.encode() + b"\r\n")

    def _hear(self, data: bytes) -> None:
        for byte in data:
            self._obey(chr(byte))

    def _obey(self, command: str) -> None:
        match command:
            case "\x01":
                self.counters["beeps"] += 1
            case "B" | "\x07":
                self.counters["beeps"] += self.is_beep_on
            case "D" | "E":
                self.is_enabled = command == "E"
            case "F":
                self.counters["not_on_file"] += 1
                self.is_enabled = self.is_enabled and not self.stops_at_not_on_file
            case "R":
                self.counters["resets"] += 1
                self.is_enabled = True
            case "i":
                self._send(b"MM800I\rSG00000001\rAR96-1234\r")
            case "h":
                self._send(b"hOK\rsNA\r")
            case _:
                self.counters["unknown"] += 1

    def _send(self, data: bytes) -> None:
        match self.fault:
            case "silent":
                return
            case "garbage":
                data = self._rng.randbytes(self._rng.randint(3, 40))
            case "half":
                data = data[: self._rng.randrange(1, len(data))]
        self._link.write(data)


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    scanner = DatalogicScanner(link, random.Random(arguments.seed))

    greeting = f"Datalogic scanner at {arguments.path}; one read per line, !unplug, !plug"
    await run_device(scanner, link, scanner.scan, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``datalogic-host PATH``: a Datalogic scanner on a pty that scans what standard input says."""
    asyncio.run(_run(port_parser("datalogic-host", main.__doc__).parse_args(argv)))
    return 0
