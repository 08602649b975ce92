"""What others decoded from status bytes of printers, and captured: the tests' own data.

Each line: protocol, bytes in hex, readings by name, source. ReceiptPrinterStatus 2.0.0 and receiptio 5.0.0 are by Niels
Leenheer (MIT) and the Open Foodservice System Consortium (Apache-2.0).
"""

from __future__ import annotations

from typing import Any, Final

RPS: Final = "decoded by running ReceiptPrinterStatus 2.0.0"
LOW_IS_OPEN: Final = "drawer_open(when pin3 LOW means open)"
STAR_HEADERS: Final = "Star Line Mode Command Specifications, Automatic Status appendix (header 1 and 2 tables)"


def _asb(closed: bool, online: bool, cover: bool, loaded: bool, low: bool, feed: bool = False) -> dict[str, Any]:
    return {
        "kind": "ASB",
        "online": online,
        "cover_open": cover,
        "paper_loaded": loaded,
        "paper_low": low,
        "feed_button": feed,
        LOW_IS_OPEN: not closed,
    }


def _one_byte(closed: bool, online: bool) -> dict[str, Any]:
    return {"kind": "DLE EOT 1", "online": online, "feed_button": False, LOW_IS_OPEN: not closed}


VECTORS: Final[tuple[tuple[str, str, dict[str, Any], str], ...]] = (
    ("escpos.status", "1400000f", _asb(True, True, False, True, False), RPS),
    ("escpos.status", "1c00000f", _asb(True, False, False, True, False), RPS),
    ("escpos.status", "3c00000f", _asb(True, False, True, True, False), RPS),
    ("escpos.status", "1400030f", _asb(True, True, False, True, True), RPS),
    ("escpos.status", "1c000f0f", _asb(True, False, False, False, True), RPS),
    ("escpos.status", "1c00040f", _asb(True, False, False, False, False), RPS),
    ("escpos.status", "5400000f", _asb(True, True, False, True, False, feed=True), RPS),
    ("escpos.status", "1402000f", _asb(True, True, False, True, False), RPS),
    ("escpos.status", "16", _one_byte(True, True), RPS),
    ("escpos.status", "12", _one_byte(False, True), RPS),
    ("escpos.status", "1a", _one_byte(False, False), RPS),
    ("escpos.status", "1e", _one_byte(True, False), RPS),
    ("escpos.status", "12", {"cover_open": False, "error": False, "stop_paper_end": False}, "capture of a TM-T20II"),
    ("escpos.status", "72", {"paper_loaded": False, "paper_low": False}, "capture: the roll was taken out"),
    ("escpos.status", "5f544d2d543230494900", {"model_name": "TM-T20II", "header": "5f"}, "capture of a TM-T20II"),
    ("escpos.status", "37224142434400", {"process_id": "ABCD"}, "capture of a TM-T20II"),
    ("escpos.epos_xml", "01000000", {"xml_status_decimal": 1, "no_response_0x1": True}, "Epson TM-DT manual, p. 51"),
    ("escpos.epos_xml", "1600000f", {"xml_status_decimal": 251658262, "print_success_0x2": True}, "TM-DT, p. 51"),
    ("escpos.epos_xml", "1600030f", {"xml_status_decimal": 251854870, "paper_near_end": True}, "TM-T88V-DT, p. 49"),
    (
        "star.status",
        "230600000000000000",
        {"cover_open": False, "drawer_bit": False, "online": True, "paper_loaded": True},
        RPS,
    ),
    ("star.status", "230600000000080000", {"online": True, "paper_loaded": True}, RPS),
    (
        "star.status",
        "23862000000c000000",
        {"cover_open": True, "drawer_bit": False, "online": True, "paper_loaded": False},
        RPS,
    ),
    ("star.status", "2f0600000000000000000000000000", {"online": True, "paper_loaded": True}, RPS),
    *(
        ("star.status", f"{byte:02x}", {"field": "header 1", "status_length_bytes": length}, STAR_HEADERS)
        for byte, length in {
            0x0F: 7,
            0x21: 8,
            0x23: 9,
            0x25: 10,
            0x27: 11,
            0x29: 12,
            0x2B: 13,
            0x2D: 14,
            0x2F: 15,
        }.items()
    ),
    *(
        ("star.status", f"{byte:02x}", {"field": "header 2", "status_version": version}, STAR_HEADERS)
        for byte, version in {
            0x02: 1,
            0x04: 2,
            0x06: 3,
            0x08: 4,
            0x0A: 5,
            0x0C: 6,
            0x0E: 7,
            0x20: 8,
            0x22: 9,
            0x24: 10,
        }.items()
    ),
)
