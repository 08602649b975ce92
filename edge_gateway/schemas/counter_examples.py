"""Examples of what stands on a counter beside the scanner: displays."""

from __future__ import annotations

from typing import Any, Final

_VIEW: Final[dict[str, Any]] = {
    "lines": ["Apples 1.234 kg", "TOTAL           3.69"],
    "marquee_row": None,
    "is_idle_text": False,
    "brightness_percent": 100,
}
_SHOWN: Final[dict[str, Any]] = {**_VIEW, "replaced_characters": 0, "is_truncated": False}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {}
PARAMS: Final[dict[str, dict[str, Any]]] = {
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
}
