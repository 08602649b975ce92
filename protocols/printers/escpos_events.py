"""What an ESC/POS printer says, understood: the events of its status codec.

Source: Epson, "ESC/POS Command Reference", DLE EOT (real-time status), GS a (automatic status back), GS r (status in
print order), GS I (printer ID), GS ( H (process ID response), DLE DC4 function 8 (clear buffer).

A byte that answers DLE EOT n, GS r n or GS I n does not say which n it answers. When the codec was told what was asked,
an event carries the readings of that question only; when it was not (``query`` None), every reading the byte allows,
and ``kind`` is the question that is asked most.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from edge_gateway.contracts.events import CodecEvent


class Query(StrEnum):
    """Questions whose one-byte answers do not name them."""

    DLE_EOT_1 = "DLE EOT 1"
    DLE_EOT_2 = "DLE EOT 2"
    DLE_EOT_3 = "DLE EOT 3"
    DLE_EOT_4 = "DLE EOT 4"
    FULL_STATUS = "DLE EOT 20"
    """Of Custom printers."""
    GS_R_1 = "GS r 1"
    GS_R_2 = "GS r 2"
    GS_I_1 = "GS I 1"
    GS_I_2 = "GS I 2"
    GS_I_3 = "GS I 3"

    @property
    def is_real_time(self) -> bool:
        """Answered at once, past the buffer; the others in the order of printing."""
        return self.value.startswith("DLE")


@dataclass(frozen=True, slots=True)
class RealTimeStatus(CodecEvent):
    """The answer to DLE EOT n."""

    kind: str
    query: Query | None
    value: int
    online: bool | None = None
    drawer_pin3_high: bool | None = None
    waiting_for_recovery: bool | None = None
    feed_button: bool | None = None
    cover_open: bool | None = None
    stop_paper_end: bool | None = None
    error: bool | None = None
    recoverable_error: bool | None = None
    cutter_error: bool | None = None
    unrecoverable_error: bool | None = None
    auto_recoverable_error: bool | None = None
    paper_loaded: bool | None = None
    paper_low: bool | None = None

    @property
    def drawer_high(self) -> bool | None:
        return self.drawer_pin3_high


@dataclass(frozen=True, slots=True)
class AutomaticStatus(CodecEvent):
    """Automatic status back: four bytes, at once when enabled and on each change. ``raw``: hexadecimal."""

    kind: str
    raw: str
    online: bool
    drawer_pin3_high: bool
    cover_open: bool
    feed_button: bool
    waiting_for_recovery: bool
    panel_button: bool
    recoverable_error: bool
    cutter_error: bool
    unrecoverable_error: bool
    auto_recoverable_error: bool
    paper_low: bool
    paper_loaded: bool

    @property
    def drawer_high(self) -> bool | None:
        return self.drawer_pin3_high


@dataclass(frozen=True, slots=True)
class VendorStatus(CodecEvent):
    """A maker's own status. ``raw``: hexadecimal. Custom: six bytes from ``10 0F``; SII: eight from ``C0`` on."""

    kind: str
    raw: str
    online: bool
    cover_open: bool
    recoverable_error: bool
    cutter_error: bool
    unrecoverable_error: bool
    auto_recoverable_error: bool
    paper_loaded: bool
    paper_low: bool | None = None
    drawer_pin3_high: bool | None = None

    @property
    def drawer_high(self) -> bool | None:
        return self.drawer_pin3_high


@dataclass(frozen=True, slots=True)
class OrderedReply(CodecEvent):
    """The answer to GS r n or GS I 1-3, given in the order of printing. ``printer_id``: the value of GS I."""

    kind: str
    query: Query | None
    value: int
    paper_low: bool | None = None
    paper_loaded: bool | None = None
    drawer_pin3_high: bool | None = None
    printer_id: int | None = None

    @property
    def drawer_high(self) -> bool | None:
        return self.drawer_pin3_high


@dataclass(frozen=True, slots=True)
class TextReply(CodecEvent):
    """The answer to GS I 65-69: ``5F text 00``. Which one it answers is known from the order of asking."""

    kind: str
    header: str
    text: str
    terminator: str = "00"


@dataclass(frozen=True, slots=True)
class ProcessIdReply(CodecEvent):
    """``37 22 d1..d4 00``: everything before this process id has been printed."""

    kind: str
    process_id: str


@dataclass(frozen=True, slots=True)
class BufferCleared(CodecEvent):
    """``37 25 00``: DLE DC4 8 was carried out; what was received and not printed is gone."""

    kind: str


@dataclass(frozen=True, slots=True)
class BlockReply(CodecEvent):
    """Another block, such as a power-off notice (``3B 30 00``). ``header`` and ``identifier``: hexadecimal."""

    kind: str
    header: str
    identifier: str
    text: str


def real_time_status(value: int, query: Query | None) -> RealTimeStatus:
    """Read a DLE EOT byte as the answer to ``query``, or in every way if that is not known."""
    readings: dict[str, bool] = {}
    # DLE EOT 1 is read last: where two questions have a reading of one name, its reading stands.
    for candidate in (query,) if query is not None else reversed(_REAL_TIME_FLAGS):
        readings |= {name: bool(value & mask) for name, mask in _REAL_TIME_FLAGS[candidate].items()}
    return RealTimeStatus(query or Query.DLE_EOT_1, query, value, **_positive(readings))


def automatic_status(data: bytes) -> AutomaticStatus:
    """Read the four bytes of an ASB."""
    readings = {name: bool(data[index] & mask) for name, (index, mask) in _ASB_FLAGS.items()}
    return AutomaticStatus("ASB", data.hex(), **_positive(readings))


def custom_status(data: bytes) -> VendorStatus:
    """``10 0F`` paper, user, recoverable, unrecoverable (Custom KUBE commands manual, 0x10 0x04 0x14)."""
    paper, user, recoverable, unrecoverable = data[2:6]
    is_cover_open = bool(user & 0x03)
    is_blocked, is_hot = bool(recoverable & 0x40), bool(recoverable & 0x01)
    has_paper = not paper & 0x01
    return VendorStatus(
        kind="DLE EOT 20",
        raw=data.hex(),
        online=has_paper and not is_cover_open and not is_blocked and not is_hot and not unrecoverable & 0x4D,
        cover_open=is_cover_open,
        recoverable_error=is_blocked,
        cutter_error=bool(unrecoverable & 0x01),
        unrecoverable_error=bool(unrecoverable & 0x4C),
        auto_recoverable_error=is_hot,
        paper_loaded=has_paper,
        paper_low=bool(paper & 0x04),
    )


def sii_status(data: bytes) -> VendorStatus:
    """Eight bytes, the first from C0 on, the others from D0 on (receiptio, which asks an RP printer with GS a)."""
    is_cover_open = data[1] & 0xF8 == 0xD8
    has_paper = is_cover_open or data[1] & 0x01 == 0
    has_error = bool(data[0] & 0x0B)
    return VendorStatus(
        kind="SII",
        raw=data.hex(),
        online=not is_cover_open and has_paper and not has_error,
        cover_open=is_cover_open,
        recoverable_error=has_error,
        cutter_error=False,
        unrecoverable_error=False,
        auto_recoverable_error=False,
        paper_loaded=has_paper,
        drawer_pin3_high=data[3] & 0xF8 == 0xD8,
    )


def ordered_reply(value: int, query: Query | None) -> OrderedReply:
    """Read the byte as the answer to ``query``, or in every way if that is not known."""
    readings: dict[str, Any] = {}
    if query in (None, Query.GS_R_1):
        readings |= {"paper_low": bool(value & 0x03), "paper_loaded": not value & 0x0C}
    if query in (None, Query.GS_R_2):
        readings["drawer_pin3_high"] = bool(value & 0x01)
    if query in (None, Query.GS_I_1, Query.GS_I_2, Query.GS_I_3):
        readings["printer_id"] = value
    return OrderedReply(query or Query.GS_R_1, query, value, **readings)


def _positive(readings: dict[str, bool]) -> dict[str, bool]:
    """Bits that say the opposite of our word."""
    opposites = {"offline": "online", "paper_end": "paper_loaded"}
    return {opposites.get(name, name): value != (name in opposites) for name, value in readings.items()}


_REAL_TIME_FLAGS: Final[dict[Query, dict[str, int]]] = {
    Query.DLE_EOT_1: {"drawer_pin3_high": 0x04, "offline": 0x08, "waiting_for_recovery": 0x20, "feed_button": 0x40},
    Query.DLE_EOT_2: {"cover_open": 0x04, "feed_button": 0x08, "stop_paper_end": 0x20, "error": 0x40},
    Query.DLE_EOT_3: {
        "recoverable_error": 0x04,
        "cutter_error": 0x08,
        "unrecoverable_error": 0x20,
        "auto_recoverable_error": 0x40,
    },
    # A printer whose roll was taken out answers 72: end set, near end clear. One is never told from the other.
    Query.DLE_EOT_4: {"paper_low": 0x0C, "paper_end": 0x60},
}

_ASB_FLAGS: Final = {
    "drawer_pin3_high": (0, 0x04),
    "offline": (0, 0x08),
    "cover_open": (0, 0x20),
    "feed_button": (0, 0x40),
    "waiting_for_recovery": (1, 0x01),
    "panel_button": (1, 0x02),
    "recoverable_error": (1, 0x04),
    "cutter_error": (1, 0x08),
    "unrecoverable_error": (1, 0x20),
    "auto_recoverable_error": (1, 0x40),
    "paper_low": (2, 0x03),
    "paper_end": (2, 0x0C),
}
