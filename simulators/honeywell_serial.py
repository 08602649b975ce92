"""A Honeywell scanner on a serial line, written from the user guides' "Serial Programming Commands"."""

from __future__ import annotations

import argparse
import asyncio
import random
from typing import Literal

from simulators.console import port_parser, run_device
from simulators.hid_pos import REVISIONS
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

Fault = Literal["none", "silent", "garbage", "half", "slow"]


class HoneywellSerialScanner(WiredDevice):
    """``is_framed``: it sends results in frames with their symbology (SPP), else the bare code and CR."""

    def __init__(self, link: Wire, rng: random.Random | None = None, *, is_framed: bool = False) -> None:
        super().__init__(link)
        self.settings: dict[str, str] = {"BEPLVL": "3", "CBRENA": "1"}
        self.flash: dict[str, str] = dict(self.settings)
        self.fault: Fault = "none"
        self.is_framed = is_framed
        self.is_triggered = False
        self._rng = rng or random.Random(0)
        self._heard = bytearray()

    def scan(self, text: str, aim: str = "E0", code_id: str = "d") -> None:
        """Read a bar code."""
        self.counters["scans"] += 1
        data = text.encode() + b"\r"
        if self.is_framed:
            body = b"MSGGET" + f"{len(data):04d}{code_id}{aim}".encode() + b"\x1d" + data
            data = b"\x16\xfe" + len(body).to_bytes(4, "little") + b"\r" + body
        self._send(data)

    def _hear(self, data: bytes) -> None:
        self._heard += data
        while len(self._heard) >= 3:
            head = bytes(self._heard[:3])
            if head[:1] != b"\x16":
                del self._heard[:1]
                continue
            if head != b"\x16M\r":
                del self._heard[:3]
                self._obey(head)
                continue
            ends = [at for mark in b".!" if (at := self._heard.find(bytes([mark]))) > 0]
            if not ends:
                return
            text = bytes(self._heard[3 : min(ends) + 1]).decode()
            del self._heard[: min(ends) + 1]
            self._menu(text[:-1], text[-1])

    def _obey(self, command: bytes) -> None:
        if command == b"\x16\x07\r":
            self.counters["beeps"] += 1
        elif command in (b"\x16T\r", b"\x16U\r"):
            self.is_triggered = command == b"\x16T\r"

    def _menu(self, text: str, storage: str) -> None:
        self.counters["menu"] += 1
        if text == "REVINF":
            self._send(f"{REVISIONS}REVINF\x06{storage}".encode())
            return
        tag, value = text[:6], text[6:]
        if tag not in self.settings:
            self._send(f"{text}\x05{storage}".encode())
        elif value == "?":
            self._send(f"{tag}{self.settings[tag]}\x06{storage}".encode())
        elif not value.isdigit() or int(value) > 9:
            self._send(f"{text}\x15{storage}".encode())
        else:
            self.settings[tag] = value
            if storage == ".":
                self.flash[tag] = value
            self._send(f"{text}\x06{storage}".encode())

    def _send(self, data: bytes) -> None:
        match self.fault:
            case "silent":
                return
            case "garbage":
                data = self._rng.randbytes(self._rng.randint(3, 40))
            case "half":
                data = data[: self._rng.randrange(1, len(data))]
            case "slow":
                loop = asyncio.get_running_loop()
                for number in range(len(data)):
                    loop.call_later(number * 0.001, self._link.write, data[number : number + 1])
                return
        self._link.write(data)


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    scanner = HoneywellSerialScanner(link, random.Random(arguments.seed), is_framed=arguments.framed)

    greeting = f"Honeywell scanner at {arguments.path}; one read per line, !unplug, !plug"
    await run_device(scanner, link, scanner.scan, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``honeywell-serial PATH``: a Honeywell scanner on a pty that scans what standard input says."""
    parser = port_parser("honeywell-serial", main.__doc__)
    parser.add_argument("--framed", action="store_true", help="results in frames with their symbology")
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
