"""What stands on a counter beside the scanner: displays, cash drawers, lights and buzzers."""

from __future__ import annotations

from typing import Any, Final

_VIEW: Final[dict[str, Any]] = {
    "lines": ["Apples 1.234 kg", "TOTAL           3.69"],
    "marquee_row": None,
    "is_idle_text": False,
    "brightness_percent": 100,
}
_SHOWN: Final[dict[str, Any]] = {**_VIEW, "replaced_characters": 0, "is_truncated": False}

_DRAWER: Final[dict[str, Any]] = {
    "device_id": "lane3-drawer",
    "lane": "lane-3",
    "epoch": 1763720000,
    "sequence": 3,
}
_OPENING: Final[dict[str, Any]] = {
    "name": "open_drawer",
    "reason": "no_sale",
    "operator": "op-7",
    "request_id": "5f0c2e1a-0001",
    "job_id": None,
    "pin": 2,
}
_ALERT: Final[dict[str, Any]] = {
    "text": "lane3-drawer: the drawer is open for 120 s; close it",
    "device_id": "lane3-drawer",
    "lane": "lane-3",
}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    **{
        f"{device_class}.{name}": {**data, **_DRAWER}
        for device_class in ("cash_drawer", "pos_printer")
        for name, data in (
            ("drawer_pulsed", {"command": _OPENING}),
            ("drawer_opened", {"command": _OPENING, "uncommanded": False}),
            ("drawer_closed", {"open_s": 12.41}),
        )
    },
    "cash_drawer.drawer_left_open": {"open_s": 120.0, **_DRAWER},
    "cash_drawer.drawer_used": {
        **_DRAWER,
        "device_class": "cash_drawer",
        "what": "opened",
        "command": _OPENING,
        "uncommanded": False,
        "open_s": None,
        "terminal": "T3",
    },
}
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    "alert.drawer_left_open": _ALERT,
    "alert.drawer_opened_uncommanded": {
        **_ALERT,
        "text": "lane3-drawer: the drawer was opened and no till had asked for it: by its key, by force, or by a "
        "device beside the gateway; ask who was there",
    },
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "lights.switch_on": {"light": "red", "blink_on_ms": 500, "blink_off_ms": 500},
    "lights.switch_off": {},
    "tone_indicator.sound": {"cycles": 3, "on_ms": 200, "off_ms": 200},
    "tone_indicator.stop": {},
    "cash_drawer.open_drawer": {"reason": "no_sale", "operator": "op-7"},
    "cash_drawer.read_drawer": {},
    "line_display.display_text": {"text": "TOTAL", "right": "3.69", "row": 2},
    "line_display.clear_text": {},
    "line_display.start_marquee": {"text": "Welcome to our store", "row": 1},
    "line_display.set_brightness": {"percent": 60},
    "line_display.set_blink": {"interval_ms": 500},
    "line_display.test_display": {},
    "line_display.read_display": {},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    **{
        f"line_display.{name}": _SHOWN
        for name in ("display_text", "clear_text", "start_marquee", "set_brightness", "set_blink", "test_display")
    },
    "line_display.read_display": _VIEW,
    "lights.switch_on": {"lights": {"red": "blinking", "yellow": "off", "green": "off"}},
    "lights.switch_off": {"lights": {"red": "off", "yellow": "off", "green": "off"}},
    "tone_indicator.sound": {"is_sounding": True},
    "tone_indicator.stop": {"is_sounding": False},
    "cash_drawer.open_drawer": {"drawer": "open", "confirmed_by": "switch"},
    "cash_drawer.read_drawer": {
        "drawer": "open",
        "drawer_level": "low",
        "open_since": "2026-11-21T10:16:20.000Z",
        "is_left_open": False,
        "is_switch_proven": True,
    },
}
