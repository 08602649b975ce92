"""What scanners tell, take and answer."""

from __future__ import annotations

from typing import Any, Final

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "scanner.barcode_scanned": {
        "text": "4006381333931",
        "raw_base64": "XUUwNDAwNjM4MTMzMzkzMQ==",
        "aim": "]E0",
        "symbology": "ean_13",
        "gtin": "04006381333931",
        "application_identifiers": None,
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 42,
    },
    "scanner.scan_failed": {
        "reason": "no_read",
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 44,
    },
    "scanner.age_checked": {
        "is_of_age": {"18": True, "21": False},
        "is_expired": False,
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 43,
    },
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "scanner.beep": {"pattern": "two_short_high"},
    "scanner.led": {"on": True, "color": "red"},
    "scanner.enable": {},
    "scanner.disable": {},
    "scanner.trigger": {},
    "scanner.untrigger": {},
    "scanner.good_read": {},
    "scanner.not_on_file": {},
    "scanner.reset": {},
    "scanner.set_parameter": {"parameter": 318, "value": 5, "kind": "byte", "permanent": False},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "scanner.beep": {},
    "scanner.led": {},
    "scanner.enable": {},
    "scanner.disable": {},
    "scanner.trigger": {},
    "scanner.untrigger": {},
    "scanner.good_read": {},
    "scanner.not_on_file": {},
    "scanner.reset": {},
    "scanner.set_parameter": {"parameter": 318, "value": 5, "permanent": False},
}
