"""A Zebra scanner at the far end of an SSI line, written from the Simple Serial Interface Programmer's Guide 72E-40451.

It waits for an acknowledgement of each packet, repeats it twice with the retransmit bit, obeys the host's commands, and
lies, stammers or falls silent where it is told to.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import deque
from typing import Literal

from simulators.console import port_parser, run_device
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

Fault = Literal["none", "silent", "garbage", "half", "wrong_checksum", "deaf", "slow"]

ACK_WAIT_S = 2.0
TRIES = 3
PIECE = 240
"""Data of one packet when a bar code takes several."""
CODE_TYPES = {"code39": 0x01, "code128": 0x03, "upca": 0x08, "upce": 0x09, "ean8": 0x0A, "ean13": 0x0B, "gs1-128": 0x0F}
CODE_TYPES |= {"pdf417": 0x11, "datamatrix": 0x1B, "qr": 0x1C, "aztec": 0x2D}
AIMS = {0x01: "]A0", 0x03: "]C0", 0x08: "]E0", 0x09: "]E0", 0x0A: "]E4", 0x0B: "]E0", 0x0F: "]C1", 0x11: "]L0"}
AIMS |= {0x1B: "]d1", 0x1C: "]Q1", 0x2D: "]z0"}
WAITING_MAX = 1000
"""Bar codes that wait for the host; a scanner holds a read back rather than read the next, tests may queue many."""


def packet(opcode: int, data: bytes = b"", status: int = 0) -> bytes:
    """A packet of the scanner with its checksum."""
    body = bytes([4 + len(data), opcode, 0, status]) + data
    total = 0
    for byte in body:
        total += byte
    total = (0x10000 - total) % 0x10000
    return body + bytes([total >> 8, total & 0xFF])


class ZebraSsiScanner(WiredDevice):
    """``fault`` applies to each packet it sends, or to what it hears (``deaf``), ``fault_count`` times, or always."""

    def __init__(self, link: Wire, rng: random.Random | None = None, *, is_att: bool = False) -> None:
        super().__init__(link)
        self.parameters: dict[int, int] = {0x9F: 1, 0xEE: 1, 0x2D: 0, 0x5E: 0}
        self.permanent: dict[int, int] = {}
        self.beeps: list[int] = []
        self.led = 0
        self.is_enabled = True
        self.is_in_session = False
        self.fault: Fault = "none"
        self.fault_count = 0
        """Packets the fault is for; 0: until it is changed."""
        self.ack_wait_s = ACK_WAIT_S
        self.model, self.serial_number, self.firmware = "SIM4608-SR00007", "S20000000000001", "SIMAAC00-001-R00"
        self.has_rsm = True
        self.refuses: set[int] = set()
        self.uses_segments = False
        self._rng = rng or random.Random(0)
        self._is_att = is_att
        self._heard = bytearray()
        self._waiting: deque[list[bytes]] = deque()
        self._unanswered: bytes | None = None
        self._tries = 0
        self._timer: asyncio.TimerHandle | None = None

    async def stop(self) -> None:
        """Pull it out for good."""
        self._stop_timer()
        self._waiting.clear()
        await super().stop()

    @property
    def is_idle(self) -> bool:
        """Everything it had to say was acknowledged, or given up."""
        return self._unanswered is None and not self._waiting

    def scan(self, text: str | bytes, code_type: int = 0x0B) -> None:
        """Read a bar code, if scanning is enabled."""
        if not self.is_enabled or len(self._waiting) >= WAITING_MAX:
            self.counters["ignored"] += 1
            return
        data = text.encode() if isinstance(text, str) else text
        if self.parameters[0x2D] == 1:
            data = AIMS.get(code_type & 0x3F, "]X0").encode() + data
        self.counters["scans"] += 1
        self.is_in_session = False
        self._say(self._segments(code_type, data) if self.uses_segments else self._pieces(code_type, data))

    def end_session(self) -> None:
        """The session ends and nothing was read."""
        self.is_in_session = False
        if self.parameters[0x5E]:
            self._say([packet(0xF3, b"\x01NR")])

    def reboot(self) -> None:
        """Its power went and came: what was set for now is forgotten."""
        self.parameters = {0x9F: 1, 0xEE: 1, 0x2D: 0, 0x5E: 0, **self.permanent}
        self.is_enabled, self.led = True, 0
        self._say([packet(0xF6, b"\x03")])

    def _pieces(self, code_type: int, data: bytes) -> list[bytes]:
        pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)] or [b""]
        last = len(pieces) - 1
        return [
            packet(0xF3, bytes([code_type]) + piece, 0x02 if number < last else 0)
            for number, piece in enumerate(pieces)
        ]

    def _segments(self, code_type: int, data: bytes) -> list[bytes]:
        """The first says how long all is; none says that more follows."""
        body = bytes([0xF3]) + (len(data) + 3).to_bytes(4, "big") + bytes([code_type, 1]) + len(data).to_bytes(2, "big")
        body += data
        return [packet(0x73, bytes([at // 250]) + body[at : at + 250]) for at in range(0, len(body), 250)]

    def _say(self, packets: list[bytes]) -> None:
        self._waiting.append(packets)
        self._go_on()

    def _go_on(self) -> None:
        if self._unanswered is not None or not self._waiting:
            return
        pieces = self._waiting[0]
        self._unanswered, self._tries = pieces.pop(0), 0
        if not pieces:
            self._waiting.popleft()
        self._try()

    def _try(self) -> None:
        if self._unanswered is None:
            return
        if self._tries == TRIES:
            self.counters["given_up"] += 1
            if self._waiting and self._unanswered[3] & 0x02:
                self._waiting.popleft()
            self._unanswered = None
            self._go_on()
            return
        self._tries += 1
        data = self._unanswered
        if self._tries > 1:
            self.counters["retransmissions"] += 1
            data = packet(data[1], data[4:-2], data[3] | 0x01)
        self._send(data)
        if self.parameters[0x9F]:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(self.ack_wait_s, self._try)
        else:
            self._acknowledged()

    def _acknowledged(self) -> None:
        self._stop_timer()
        self._unanswered = None
        self._go_on()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hear(self, data: bytes) -> None:
        self._heard += data
        while self._heard:
            if self._is_att:
                del self._heard[:2]
            size = self._heard[0] + 2 if self._heard else 0
            if len(self._heard) < max(size, 6):
                return
            heard = bytes(self._heard[:size])
            del self._heard[:size]
            if self.fault == "deaf" and self._is_faulty():
                continue
            if sum(heard[:-2]) + int.from_bytes(heard[-2:], "big") & 0xFFFF:
                self.counters["bad_packets"] += 1
                self._send(packet(0xD1, b"\x01"))
            else:
                self._obey(heard[1], heard[3], heard[4:-2])

    def _obey(self, opcode: int, status: int, data: bytes) -> None:
        self.counters[f"heard:{opcode:02x}"] += 1
        if opcode in self.refuses:
            self._send(packet(0xD1, b"\x06"))
            return
        if opcode in (0xD0, 0x74):
            self.counters["acknowledged"] += 1
            self._acknowledged()
            return
        if opcode == 0xD1:
            self._stop_timer()
            self._try()
            return
        answer = self._answer(opcode, status, data)
        self._send(answer if answer is not None else packet(0xD0))

    def _answer(self, opcode: int, status: int, data: bytes) -> bytes | None:
        """A packet of its own; None: an ACK."""
        match opcode:
            case 0xA3:
                return packet(0xA4, f"{self.firmware} F SIM46".encode())
            case 0xC6:
                self._set(data[1:], is_permanent=bool(status & 0x08))
            case 0xC7:
                asked = self.parameters if data[:1] == b"\xfe" else dict.fromkeys(data, 0)
                found = b"".join(bytes([number, self.parameters.get(number, 0)]) for number in asked if number < 0xF0)
                return packet(0xC6, b"\xff" + found)
            case 0x80:
                return self._rsm(data) if self.has_rsm else packet(0xD1, b"\x02")
            case 0xE6:
                self.beeps.append(data[0])
            case 0xE7:
                self.led |= data[0]
            case 0xE8:
                self.led &= ~(data[0] if data else 0xFF)
            case 0xE9 | 0xEA:
                self.is_enabled = opcode == 0xE9
            case 0xE4 | 0xE5:
                self.is_in_session = opcode == 0xE4
            case 0xD3:
                return packet(0xD4, bytes([0x01, 0xFE, 0x07, 1, 0xC6, 0xE6, 0xE9, 0xEA]))
            case _:
                return packet(0xD1, b"\x02")
        return None

    def _set(self, data: bytes, *, is_permanent: bool) -> None:
        """Parameters of one byte, those above 255 behind F0, F1, F2 or F8; words and texts are only taken note of."""
        at = 0
        while at < len(data):
            number, first = data[at], data[at]
            if first in (0xF3, 0xF4):
                self.counters["long_parameters"] += 1
                return
            if first in (0xF0, 0xF1, 0xF2):
                number = (first - 0xEF) * 256 + data[at + 1]
                at += 1
            elif first == 0xF8:
                number = data[at + 1] << 8 | data[at + 2]
                at += 2
            self.parameters[number] = data[at + 1]
            if is_permanent:
                self.permanent[number] = data[at + 1]
            at += 2

    def _rsm(self, data: bytes) -> bytes:
        if data[2] == 0x20:
            return packet(0x80, bytes.fromhex("0008200000f000f0"))
        body = b""
        for at in range(4, len(data) - 1, 2):
            number = int.from_bytes(data[at : at + 2], "big")
            text = {533: self.model, 534: self.serial_number}.get(number)
            if text is not None:
                value = text.encode() + b"  \x00"
                body += number.to_bytes(2, "big") + b"S\x01" + len(value).to_bytes(2, "big") + b"\x00\x00" + value
        body += b"\xff\xff"
        return packet(0x80, (4 + len(body)).to_bytes(2, "big") + b"\x02\x00" + body)

    def _is_faulty(self) -> bool:
        self.counters["faults"] += 1
        if self.fault_count:
            self.fault_count -= 1
            if not self.fault_count:
                self.fault = "none"
        return True

    def _send(self, data: bytes) -> None:
        match self.fault:
            case "silent":
                self._is_faulty()
                return
            case "garbage":
                self._is_faulty()
                data = self._rng.randbytes(self._rng.randint(3, 40))
            case "half":
                self._is_faulty()
                data = data[: self._rng.randrange(1, len(data))]
            case "wrong_checksum":
                self._is_faulty()
                data = data[:-1] + bytes([data[-1] ^ 1 << self._rng.randrange(8)])
            case "slow":
                self._dribble(data)
                return
        self._link.write((len(data) + 2).to_bytes(2, "little") + data if self._is_att else data)

    def _dribble(self, data: bytes) -> None:
        """Byte by byte, as at 9600 baud."""
        loop = asyncio.get_running_loop()
        for number in range(len(data)):
            loop.call_later(number * 0.001, self._link.write, data[number : number + 1])


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    scanner = ZebraSsiScanner(link, random.Random(arguments.seed))

    def obey(line: str) -> None:
        match line.split(" ", 1):
            case ["!no-read"]:
                scanner.end_session()
            case ["!reboot"]:
                scanner.reboot()
            case ["!fault", fault]:
                scanner.fault = fault  # type: ignore[assignment]  # typed by a person; an unknown one does nothing
            case [kind, text] if kind in CODE_TYPES:
                scanner.scan(text, CODE_TYPES[kind])
            case _:
                scanner.scan(line)

    greeting = f"Zebra SSI scanner at {arguments.path}; one read per line: [KIND] CODE, !no-read, !reboot, !unplug"
    await run_device(scanner, link, obey, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``zebra-ssi PATH``: an SSI scanner on a pty that scans what standard input says."""
    asyncio.run(_run(port_parser("zebra-ssi", main.__doc__).parse_args(argv)))
    return 0
