"""A Honeywell scanner in USB HID POS mode, written from captures of a Voyager 1602g: bar codes and replies in reports.

On a pty its reports follow one another, 64 bytes each.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from typing import Literal

from simulators.console import port_parser, run_device
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

Fault = Literal["none", "silent", "garbage", "half", "lost_last"]
REPORT_BYTES = 64
DATA_BYTES = 56
REVISIONS = (
    "Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoftware Part Number: CW000082BBA\r\n"
    "Software Revision: $ProjectRevision: 16345 \r\nSerial Number: 00000B1F0C\r\n"
)
SYMBOLOGY = {"]E0": "d", "]E4": "D", "]C0": "j", "]C1": "I", "]Q1": "s", "]d1": "w", "]X0": "?", "]Z6": "6"}


class HidPosScanner(WiredDevice):
    """``has_extra_byte``: one byte stands in front of the AIM identifier, as some makers have it."""

    def __init__(self, link: Wire, rng: random.Random | None = None) -> None:
        super().__init__(link)
        self.settings: dict[str, str] = {"BEPLVL": "3"}
        self.fault: Fault = "none"
        self.has_extra_byte = False
        self.is_triggered = False
        self.answers = True
        self._rng = rng or random.Random(0)
        self._heard = bytearray()

    def scan(self, text: str | bytes, aim: str = "]E0") -> None:
        """Read a bar code: one report for each 56 bytes."""
        data = text.encode() if isinstance(text, str) else text
        pieces = [data[at : at + DATA_BYTES] for at in range(0, len(data), DATA_BYTES)] or [b""]
        self.counters["scans"] += 1
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if is_last and self.fault == "lost_last":
                return
            self._send(self._report(piece, aim, more=not is_last))

    def _report(self, piece: bytes, aim: str, *, more: bool) -> bytes:
        report = bytearray(REPORT_BYTES)
        report[0], report[1] = 2, len(piece)
        start = 3 if self.has_extra_byte and len(piece) < DATA_BYTES else 2
        report[start : start + 3] = aim.encode()
        report[start + 3 : start + 3 + len(piece)] = piece
        report[61] = ord(SYMBOLOGY.get(aim, "?"))
        report[63] = 1 if more else 0
        return bytes(report)

    def _send(self, report: bytes) -> None:
        match self.fault:
            case "silent":
                return
            case "garbage":
                report = self._rng.randbytes(REPORT_BYTES)
            case "half":
                report = report[: self._rng.randrange(1, REPORT_BYTES)]
        self.counters["reports"] += 1
        self._link.write(report)

    def _hear(self, data: bytes) -> None:
        self._heard += data
        while self._heard[:1] == b"\x00":
            del self._heard[:1]
        while len(self._heard) >= 2 and len(self._heard) >= 2 + self._heard[1]:
            size = 2 + self._heard[1]
            command = bytes(self._heard[2:size])
            del self._heard[:size]
            while self._heard[:1] == b"\x00":
                del self._heard[:1]
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        match command:
            case b"\x16\x07\r":
                self.counters["beeps"] += 1
            case b"\x16T\r" | b"\x16U\r":
                self.is_triggered = command[1:2] == b"T"
            case _ if command[:3] == b"\x16M\r":
                self._menu(command[3:-1].decode(), chr(command[-1]))
            case _:
                self.counters["unknown"] += 1

    def _menu(self, text: str, storage: str) -> None:
        self.counters["menu"] += 1
        if not self.answers:
            return
        status = "\x06"
        if text == "REVINF":
            self.scan(REVISIONS, "]X0")
        elif text[:6] not in self.settings:
            status = "\x05"
        elif not text[6:].isdigit() or int(text[6:]) > 9:
            status = "\x15"
        else:
            self.settings[text[:6]] = text[6:]
        self.scan(f"{text}{status}{storage}", "]Z6")


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    scanner = HidPosScanner(link, random.Random(arguments.seed))

    def scan(line: str) -> None:
        aim, _, code = line.rpartition(" ")
        scanner.scan(code, aim or "]E0")

    greeting = f"HID POS scanner at {arguments.path}; one read per line: [AIM identifier] CODE, !unplug, !plug"
    await run_device(scanner, link, scan, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``hid-pos PATH``: the reports of a HID POS scanner on a pty; it scans what standard input says."""
    asyncio.run(_run(port_parser("hid-pos", main.__doc__).parse_args(argv)))
    return 0
