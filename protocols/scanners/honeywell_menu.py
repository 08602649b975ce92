"""Honeywell's serial commands: trigger, beep, and the menu commands that read and change every setting.

``SYN M CR`` and then ``tag subtag data``, more after ``,`` or ``;``, ended by ``.`` (kept) or ``!`` (until power off).
In place of the data ``?`` asks for the value, ``^`` for the default, ``*`` for the range. The reply is the command with
ACK, ENQ (no such tag) or NAK (bad value) in front of each punctuation mark. Source: Honeywell N3680 and HH1800 user
guides, "Serial Programming Commands". Over USB HID POS the same stands in an output report behind ``FD`` and a length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent

SYN: Final = 0x16
MENU_PREFIX: Final = b"\x16M\r"
TRIGGER_ON: Final = b"\x16T\r"
TRIGGER_OFF: Final = b"\x16U\r"
BEEP: Final = b"\x16\x07\r"
REVISION: Final = "REVINF"
KEPT: Final = "."
UNTIL_POWER_OFF: Final = "!"
COMMANDS: Final = {b"\x16T\r": "trigger_on", b"\x16U\r": "trigger_off", b"\x16\x07\r": "beep"}
STATUSES: Final = {
    0x06: ("ACK", "accepted"),
    0x05: ("ENQ", "invalid tag/subtag"),
    0x15: ("NAK", "invalid data"),
}
MENU_BYTES_MAX: Final = 256
TAG_CHARACTERS: Final = 6
"""Tag and subtag of a menu command, three characters each."""
HID_PREFIX: Final = 0xFD
HID_PAYLOAD_BYTES_MAX: Final = 62
"""An output report has 64 bytes, its first two are the prefix and the length."""
QUERIES: Final = "?^*"
INFORMATION: Final = frozenset(
    {"Product Name", "Boot Revision", "Software Part Number", "Software Revision", "Serial Number", "Supported IF"}
)
"""Names of the lines with which a scanner answers REVINF (Voyager 1602g, as captured)."""
_ITEM = re.compile(rb"([^\x05\x06\x15]*)([\x05\x06\x15])([.!,;])")
_REPLY_END = re.compile(rb"[\x05\x06\x15][.!]")
_INFO = re.compile(r"([A-Za-z][A-Za-z0-9 /_-]*?)\s*:(?:\s[\s:]*(.*))?")
_TAG = re.compile(r"[A-Za-z0-9]{6}")
_MENU = re.compile(r"[ -~]{3,200}")


@dataclass(frozen=True, slots=True)
class MenuSetting:
    """One setting of a reply. ``value``: what stands behind the six characters of its tag and subtag."""

    text: str
    status: str

    @property
    def tag(self) -> str:
        return self.text[:6] if _TAG.match(self.text) else self.text

    @property
    def value(self) -> str:
        return self.text[6:] if _TAG.match(self.text) else ""


@dataclass(frozen=True, slots=True)
class MenuReply(CodecEvent):
    """A whole reply. ``information``: the ``Name: value`` lines that some commands put in front of it."""

    settings: tuple[MenuSetting, ...]
    storage: str
    information: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def status(self) -> str:
        """ACK only if every setting has it."""
        return next((each.status for each in self.settings if each.status != "ACK"), "ACK")


@dataclass(frozen=True, slots=True)
class HostCommand(CodecEvent):
    """What a host sent. ``menu``: the text of a menu command."""

    command: str
    menu: str | None = None
    payload: bytes = b""


def encode_menu(text: str, *, is_kept: bool = False) -> bytes:
    """``BEPLVL1`` as a command. Raises ValueError for text that is none."""
    if not _MENU.fullmatch(text) or any(mark in text for mark in ".!"):
        raise ValueError(f"menu command {text!r}: expected tag, subtag and value in printable characters, no . or !")
    return MENU_PREFIX + text.encode("ascii") + (KEPT if is_kept else UNTIL_POWER_OFF).encode("ascii")


def encode_hid(command: bytes, report_bytes: int = 64) -> bytes:
    """A command as an output report. Raises ValueError for one that is too long."""
    if len(command) > min(HID_PAYLOAD_BYTES_MAX, report_bytes - 2):
        raise ValueError(f"command of {len(command)} bytes: an output report holds {report_bytes - 2}")
    return bytes((HID_PREFIX, len(command))) + command + bytes(report_bytes - 2 - len(command))


def find_reply(data: bytes | bytearray) -> int | None:
    """Where the first reply in ``data`` ends; None: no whole one is there."""
    match = _REPLY_END.search(data)
    return match.end() if match else None


def reply_starts_at(data: bytes, tag: bytes) -> int | None:
    """Where the reply to ``tag`` begins in what ends with a reply; None: it is the reply to another command.

    Without a tag: at the line that has the first status.
    """
    item = _ITEM.search(data)
    if item is None:
        return None
    status_at = item.start(2)
    if tag:
        at = data.upper().rfind(tag.upper(), 0, status_at)
        return at if at >= 0 else None
    return max(data.rfind(b"\r", 0, status_at), data.rfind(b"\n", 0, status_at)) + 1


def decode_reply(data: bytes) -> MenuReply | None:
    """A reply, with the lines of information in front of it; None where no status stands before the punctuation."""
    *lines, last = re.split(rb"[\r\n]+", data)
    # Queries of a whole tag are answered line by line: ``CBRENA1<ACK>,`` LF ``SSX0<ACK>.``
    while lines and _ITEM.search(lines[-1]):
        last = lines.pop() + last
    settings = [
        MenuSetting(match[1].decode("latin-1").strip(), STATUSES[match[2][0]][0]) for match in _ITEM.finditer(last)
    ]
    if not settings:
        return None
    return MenuReply(
        tuple(settings),
        chr(data[-1]),
        tuple(pair for line in lines if (pair := information_of(line.decode("latin-1"))) is not None),
        data.decode("latin-1"),
    )


def information_of(line: str) -> tuple[str, str] | None:
    """``Serial Number: 15232B1F0C`` as name and value."""
    match = _INFO.fullmatch(line.strip())
    return (match[1], (match[2] or "").strip()) if match else None


def decode_host_command(payload: bytes) -> HostCommand | None:
    """A command without the framing of its link; None for what is none."""
    if (name := COMMANDS.get(bytes(payload))) is not None:
        return HostCommand(name, payload=payload)
    if payload.startswith(MENU_PREFIX) and payload[-1:] in (b".", b"!"):
        return HostCommand("menu", payload[len(MENU_PREFIX) :].decode("latin-1"), payload)
    return None
