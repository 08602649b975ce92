"""Words of Zebra SSI: opcodes, causes of a NAK, status bits, code types, events, beeps.

Sources: Zebra, Simple Serial Interface Programmer's Guide 72E-40451-04EN, chapters 2 and 3; DS457 product reference
guide, SSI chapter; Motorola CS3000 product guide, table B-1 (code types). Where DataBar's code types differ between
guides (30..32 and 23..25) the newer guide is followed; AIM identifiers settle it, so scanners should send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Final


class Opcode(IntEnum):
    """What a packet is."""

    FLUSH_MACRO_PDF = 0x10
    ABORT_MACRO_PDF = 0x11
    CUSTOM_DEFAULTS = 0x12
    SEND_LOG = 0x13
    LOG_DATA = 0x14
    MULTIPACKET = 0x73
    MULTIPACKET_ACK = 0x74
    RSM = 0x80
    SCANNER_INIT_COMMAND = 0x90
    SCANNER_INIT = 0x91
    TEMP_COMMAND = 0x93
    REQUEST_REVISION = 0xA3
    REPLY_REVISION = 0xA4
    IMAGE_DATA = 0xB1
    VIDEO_DATA = 0xB4
    ILLUMINATION_OFF = 0xC0
    ILLUMINATION_ON = 0xC1
    AIM_OFF = 0xC4
    AIM_ON = 0xC5
    PARAM_SEND = 0xC6
    PARAM_REQUEST = 0xC7
    PARAM_DEFAULTS = 0xC8
    CHANGE_ALL_CODE_TYPES = 0xC9
    PAGER_MOTOR_ACTIVATION = 0xCA
    CMD_ACK = 0xD0
    CMD_NAK = 0xD1
    FLUSH_QUEUE = 0xD2
    CAPABILITIES_REQUEST = 0xD3
    CAPABILITIES_REPLY = 0xD4
    BATCH_REQUEST = 0xD5
    BATCH_DATA = 0xD6
    CMD_ACK_ACTION = 0xD8
    START_SESSION = 0xE4
    STOP_SESSION = 0xE5
    BEEP = 0xE6
    LED_ON = 0xE7
    LED_OFF = 0xE8
    SCAN_ENABLE = 0xE9
    SCAN_DISABLE = 0xEA
    SLEEP = 0xEB
    DECODE_DATA = 0xF3
    EVENT = 0xF6
    IMAGER_MODE = 0xF7


DECODER_OPCODES: Final = frozenset(
    {
        Opcode.LOG_DATA,
        Opcode.MULTIPACKET,
        Opcode.RSM,
        Opcode.SCANNER_INIT,
        Opcode.TEMP_COMMAND,
        Opcode.REPLY_REVISION,
        Opcode.IMAGE_DATA,
        Opcode.VIDEO_DATA,
        Opcode.PARAM_SEND,
        Opcode.CMD_ACK,
        Opcode.CMD_NAK,
        Opcode.CAPABILITIES_REPLY,
        Opcode.BATCH_DATA,
        Opcode.DECODE_DATA,
        Opcode.EVENT,
    }
)
"""What a scanner says. With its source byte the only mark by which a packet is told from noise."""

UNACKNOWLEDGED: Final = frozenset(
    {Opcode.CMD_ACK, Opcode.CMD_NAK, Opcode.REPLY_REVISION, Opcode.CAPABILITIES_REPLY, Opcode.SCANNER_INIT}
)
"""Of a scanner's packets those that the host does not acknowledge: answers that are an acknowledgement themselves."""


class Source(IntEnum):
    """Who sent a packet."""

    DECODER = 0
    HOST = 4


class Status(IntFlag):
    """Bits of the status byte. The two high ones appear in answers and mean nothing to the host."""

    RETRANSMIT = 0x01
    CONTINUED = 0x02
    PERMANENT = 0x08


class NakCause(IntEnum):
    """Why a packet was refused."""

    RESEND = 1
    BAD_CONTEXT = 2
    DENIED = 6
    CANCEL = 10


NAK_MEANINGS: Mapping[int, str] = {
    NakCause.RESEND: "checksum",
    NakCause.BAD_CONTEXT: "bad context",
    NakCause.DENIED: "denied",
    NakCause.CANCEL: "undesired",
}

CODE_TYPES: Mapping[int, str] = {
    0x01: "code_39",
    0x02: "codabar",
    0x03: "code_128",
    0x04: "straight_2_of_5",
    0x05: "iata_2_of_5",
    0x06: "itf",
    0x07: "code_93",
    0x08: "upc_a",
    0x09: "upc_e",
    0x0A: "ean_8",
    0x0B: "ean_13",
    0x0C: "code_11",
    0x0D: "code_49",
    0x0E: "msi",
    0x0F: "gs1_128",
    0x10: "upc_e1",
    0x11: "pdf417",
    0x12: "code_16k",
    0x13: "code_39",  # full ASCII
    0x15: "trioptic_code_39",
    0x16: "bookland",
    0x17: "coupon",
    0x19: "isbt_128",
    0x1A: "micropdf417",
    0x1B: "datamatrix",
    0x1C: "qr_code",
    0x1D: "micropdf417",
    0x1E: "us_postnet",
    0x1F: "us_planet",
    0x20: "code_32",
    0x21: "isbt_128",
    0x22: "japan_postal",
    0x23: "gs1_databar",
    0x24: "gs1_databar",
    0x25: "maxicode",  # the older guides' DataBar Expanded; facts and the newer guides: MaxiCode
    0x26: "canadian_postal",
    0x27: "uk_postal",
    0x28: "macro_pdf417",
    0x2C: "micro_qr_code",
    0x2D: "aztec",
    0x2E: "aztec",
    0x30: "gs1_databar",
    0x31: "gs1_databar",
    0x32: "gs1_databar",
    0x36: "issn",
    0x39: "matrix_2_of_5",
    0x51: "gs1_composite",
    0x52: "gs1_composite",
    0x53: "gs1_composite",
    0x54: "gs1_composite",
    0x55: "gs1_composite",
    0x56: "gs1_composite",
    0x57: "gs1_composite",
    0x58: "gs1_composite",
    0x59: "gs1_composite",
    0x5A: "tlc_39",
    0x61: "gs1_composite",
    0x62: "gs1_composite",
    0x63: "gs1_composite",
    0x64: "gs1_composite",
    0x65: "gs1_composite",
    0x66: "gs1_composite",
    0x67: "gs1_composite",
    0x68: "gs1_composite",
    0x69: "signature_capture",
    0x72: "chinese_2_of_5",
    0x73: "korean_3_of_5",
    0x9A: "macro_micropdf417",
    0xA0: "ocr_b",
    0xA1: "ocr_a",
    0xB4: "gs1_databar_coupon",
    0xB7: "han_xin",
    0xC1: "gs1_datamatrix",
    0xC2: "gs1_qr_code",
}
"""Code type to symbology, in the words of the bus."""

NAMES: Mapping[int, str] = {
    0x01: "Code 39",
    0x02: "Codabar",
    0x03: "Code 128",
    0x04: "D25",
    0x05: "IATA 2 of 5",
    0x06: "ITF",
    0x07: "Code 93",
    0x08: "UPC-A",
    0x09: "UPC-E",
    0x0A: "EAN-8",
    0x0B: "EAN-13",
    0x0C: "Code 11",
    0x0E: "MSI",
    0x0F: "GS1-128",
    0x10: "UPC-E1",
    0x11: "PDF417",
    0x13: "Code 39 Full ASCII",
    0x15: "Trioptic",
    0x16: "Bookland",
    0x1A: "MicroPDF417",
    0x1B: "DataMatrix",
    0x1C: "QR",
    0x25: "MaxiCode",
    0x2D: "Aztec",
    0x30: "DataBar",
    0x31: "DataBar Limited",
    0x32: "DataBar Expanded",
}
"""As the guide's table says it, for ``edge-gateway decode``."""

SUPPLEMENTED: Final = frozenset({0x08, 0x09, 0x0A, 0x0B, 0x10})
"""EAN and UPC: with 0x40 two digits follow as an add-on, with 0x80 five."""

SYMBOLOGIES: Mapping[int, str] = {
    **CODE_TYPES,
    **{
        base | bit: f"{CODE_TYPES[base]}_addon_{digits}"
        for base in sorted(SUPPLEMENTED)
        for bit, digits in ((0x40, 2), (0x80, 5))
    },
}
"""Also of those with an add-on."""

NOT_APPLICABLE: Final = 0x01
"""The code type of "NR", the answer after a session in which nothing was read."""

BEEPS: Mapping[str, int] = {
    "short_high": 0x00,
    "two_short_high": 0x01,
    "three_short_high": 0x02,
    "four_short_high": 0x03,
    "five_short_high": 0x04,
    "short_low": 0x05,
    "two_short_low": 0x06,
    "three_short_low": 0x07,
    "four_short_low": 0x08,
    "five_short_low": 0x09,
    "long_high": 0x0A,
    "two_long_high": 0x0B,
    "long_low": 0x0F,
    "two_long_low": 0x10,
    "three_long_low": 0x11,
    "four_long_low": 0x12,
    "fast_warble": 0x14,
    "slow_warble": 0x15,
    "high_low": 0x16,
    "low_high": 0x17,
    "high_low_high": 0x18,
    "low_high_low": 0x19,
}
"""Beep codes by name (guide, BEEP)."""

BEEP_NONE: Final = 0xFF
"""In PARAM_SEND: change the parameters in silence."""


def supplement_of(code_type: int) -> tuple[int, int]:
    """The code type without its add-on bits, and the add-on's digits: 0, 2 or 5."""
    for bit, digits in ((0x80, 5), (0x40, 2)):
        if code_type & bit and code_type & ~bit in SUPPLEMENTED:
            return code_type & ~bit, digits
    return code_type, 0
