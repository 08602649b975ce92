"""Closed vocabularies: device classes, power states, conditions, outcomes; UnifiedPOS words where it has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class DeviceClass(StrEnum):
    """UnifiedPOS device categories, in topic form; the last three are ours."""

    SCANNER = "scanner"
    SCALE = "scale"
    POS_PRINTER = "pos_printer"
    CASH_DRAWER = "cash_drawer"
    LINE_DISPLAY = "line_display"
    MSR = "msr"
    SMART_CARD_RW = "smart_card_rw"
    PIN_PAD = "pin_pad"
    CAT = "cat"
    RFID_SCANNER = "rfid_scanner"
    BILL_ACCEPTOR = "bill_acceptor"
    COIN_ACCEPTOR = "coin_acceptor"
    CASH_CHANGER = "cash_changer"
    SIGNATURE_CAPTURE = "signature_capture"
    ELECTRONIC_JOURNAL = "electronic_journal"
    GATE = "gate"
    LIGHTS = "lights"
    TONE_INDICATOR = "tone_indicator"
    KEYLOCK = "keylock"
    REMOTE_ORDER_DISPLAY = "remote_order_display"
    IMAGE_SCANNER = "image_scanner"
    EAS_GATE = "eas_gate"
    EAS_DEACTIVATOR = "eas_deactivator"
    LABEL_PRINTER = "label_printer"


CARD_DATA_CLASSES: Final = frozenset({DeviceClass.MSR, DeviceClass.SMART_CARD_RW, DeviceClass.PIN_PAD, DeviceClass.CAT})
"""Devices whose bytes hold card data, which never reaches a recording or a ring of raw bytes."""


class PowerState(StrEnum):
    """Of a device. ``offline``: open, but it does not answer. ``off``: its node is not there or cannot be opened."""

    ONLINE = "online"
    OFFLINE = "offline"
    OFF = "off"
    UNKNOWN = "unknown"


class DeviceFlag(StrEnum):
    """Conditions of a device that is there. The last three only inform."""

    OFFLINE = "offline"
    """It says so itself: a panel is open, a button is held. (One that says nothing has the power state offline.)"""
    COVER_OPEN = "cover_open"
    PAPER_EMPTY = "paper_empty"
    CUTTER_ERROR = "cutter_error"
    DEVICE_ERROR = "device_error"
    RECOVERABLE_ERROR = "recoverable_error"
    """Of its mechanism: a person frees it and then says so (``clear_error``). ``device_error`` is a fatal one."""
    OVERHEATED = "overheated"
    """Its head cools down, and it goes on by itself."""
    RIBBON_EMPTY = "ribbon_empty"
    PAUSED = "paused"
    """Somebody pressed its pause button: it prints nothing until it is pressed again."""
    SILENT = "silent"
    """It does not answer, and may still be well: a label printer that has no labels or whose head is open; a receipt
    printer in the middle of a print, with a full buffer."""
    PAPER_NEAR_END = "paper_near_end"
    DRAWER_OPEN = "drawer_open"
    SEPARATORS_MISSING = "separators_missing"
    """A scanner's GS1 codes come without GS: their parts cannot be told apart."""


FLAGS_IN_WAY: Final = frozenset(DeviceFlag) - {
    DeviceFlag.PAPER_NEAR_END,
    DeviceFlag.DRAWER_OPEN,
    DeviceFlag.SEPARATORS_MISSING,
}
"""With one of these a device is there and cannot do its work."""


def flag_words(flags: Iterable[str]) -> str:
    """For people. That a printer calls itself offline says nothing beside its cover that is open."""
    found = set(flags)
    if DeviceFlag.OFFLINE in found and len(found & FLAGS_IN_WAY) > 1:
        found.remove(DeviceFlag.OFFLINE)
    words: Mapping[str, str] = {DeviceFlag.OFFLINE: "it says it is offline"}
    return ", ".join(words.get(flag, flag.replace("_", " ")) for flag in sorted(found))


class ScaleStatus(StrEnum):
    """UnifiedPOS ScaleLiveWeight states; ``no_answer`` is ours: the scale is silent."""

    STABLE_WEIGHT = "stable_weight"
    WEIGHT_ZERO = "weight_zero"
    WEIGHT_UNSTABLE = "weight_unstable"
    WEIGHT_UNDER_ZERO = "weight_under_zero"
    WEIGHT_OVERWEIGHT = "weight_overweight"
    NOT_READY = "not_ready"
    NO_ANSWER = "no_answer"


class ClaimEnd(StrEnum):
    """Why a claim ended that its owner did not release."""

    EXPIRED = "expired"
    STOLEN = "stolen"
    OWNER_OFFLINE = "owner_offline"
    """The broker said so, by the terminal's last will; or the terminal itself."""


class ReplyStatus(StrEnum):
    """Of a reply. Each request gets exactly one final reply."""

    ACCEPTED = "accepted"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Health(StrEnum):
    """Of a part of the gateway, and of its roll-up."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    INACTIVE = "inactive"
