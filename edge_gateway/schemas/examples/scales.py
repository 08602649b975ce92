"""What scales tell, take and answer."""

from __future__ import annotations

from typing import Any, Final

_WEIGHT: Final[dict[str, Any]] = {
    "status": "stable_weight",
    "weight": "1.234",
    "unit": "kg",
    "net": False,
    "gross": None,
    "tare": None,
    "resolution": "0.001",
    "age_ms": 12,
}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "scale.weight_changed": {
        **_WEIGHT,
        "device_id": "lane3-scale",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 7,
    },
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "scale.read_weight": {},
    "scale.read_high_resolution": {},
    "scale.zero": {},
    "scale.tare": {"weight": "0.010"},
    "scale.clear_tare": {},
    "scale.do_price_calculating": {"unit_price": "2.99", "tare": "0.010", "text": "Apples"},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "scale.read_weight": _WEIGHT,
    "scale.read_high_resolution": {**_WEIGHT, "weight": "1.2345", "resolution": "0.0001", "high_resolution": True},
    "scale.zero": {**_WEIGHT, "status": "weight_zero", "weight": "0.000"},
    "scale.tare": {**_WEIGHT, "net": True},
    "scale.clear_tare": _WEIGHT,
    "scale.do_price_calculating": {**_WEIGHT, "net": True, "unit_price": "2.99", "price": "3.69", "tare": "0.010"},
}
