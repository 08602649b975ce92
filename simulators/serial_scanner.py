"""A plain serial scanner at the far end of a wire."""

from __future__ import annotations

import argparse
import asyncio
import random

from simulators.console import port_parser, run_device
from simulators.link import DRAIN_S_MAX, Link, PtyLink

SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "etx": b"\x03", "none": b""}

CHUNK_PAUSE_S = 0.001
"""Between two pieces of a read when it is sent in pieces: what a UART at 9600 baud needs for a byte."""


class SerialScanner:
    """Sends what was scanned.

    ``is_dribbling`` sends each read in pieces of random size; ``noise`` is sent before each read. Off at first.
    """

    def __init__(
        self,
        link: Link,
        suffix: bytes = b"\r\n",
        aim: bool = True,
        *,
        prefix: bytes = b"",
        random_source: random.Random | None = None,
    ) -> None:
        self.link = link
        self.suffix = suffix
        self.prefix = prefix
        self.has_aim = aim
        self.is_dribbling = False
        self.noise = b""
        self.scans_sent = 0
        self._random = random_source or random.Random(0)
        self._wire = asyncio.Lock()

    async def start(self) -> None:
        """Plug the scanner in."""
        self.link.plug()

    async def stop(self) -> None:
        """Pull it out for good."""
        self.link.unplug()

    async def scan(self, text: str | bytes, aim_id: str | None = None) -> None:
        """Read one bar code. ``aim_id`` such as ``]E0``; sent only if the scanner is set to send it."""
        data = text.encode() if isinstance(text, str) else text
        aim = aim_id.encode() if self.has_aim and aim_id else b""
        async with self._wire:
            await self._send(self.noise + self.prefix + aim + data + self.suffix)
            await self.link.drain(DRAIN_S_MAX)
        self.scans_sent += 1

    async def _send(self, frame: bytes) -> None:
        if not self.is_dribbling:
            self.link.write(frame)
            return
        position = 0
        while position < len(frame):
            size = self._random.randint(1, 7)
            self.link.write(frame[position : position + size])
            position += size
            await asyncio.sleep(CHUNK_PAUSE_S)


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    scanner = SerialScanner(link, SUFFIXES[arguments.suffix], not arguments.no_aim)

    async def scan(line: str) -> None:
        aim, _, code = line.rpartition(" ")
        await scanner.scan(code, aim or None)

    greeting = f"serial scanner at {arguments.path}; one read per line: [AIM identifier] CODE, !unplug, !plug"
    await run_device(scanner, link, scan, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``serial-scanner PATH``: a scanner on a pty that scans what standard input says."""
    parser = port_parser("serial-scanner", main.__doc__, has_seed=False)
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="crlf")
    parser.add_argument("--no-aim", action="store_true", help="do not send AIM identifiers")
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
