"""Tests of what stands on a counter: the drawer, with the polarity of its switch found out; the customer display."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from edge_gateway.contracts.cash_drawer import Level
from edge_gateway.diagnosis.device_link import DeviceLink
from edge_gateway.diagnosis.findings import Finding, failed, fine, warning

Tell = Callable[[str], None]
SAMPLE: Final = {"text": "äöü ß é ñ", "right": "0123456789", "row": 1}
"""What a wrong code page, a wrong width and a wrong dialect spoil."""


async def examine_drawer(link: DeviceLink, wait_s: float, tell: Tell) -> AsyncIterator[Finding]:
    """By its key alone: a test opens no drawer that has money in it."""
    view = await _answer(link, "read_drawer")
    if view is None:
        yield failed("drawer", "it does not say how it is", "see the log: journalctl -u edge-gateway")
        return
    level, state = view.get("drawer_level"), str(view.get("drawer"))
    yield fine("drawer", f"it is {state}; the level of its switch is {level or 'not known'}")
    if level is None:
        yield warning(
            "switch",
            "none is connected, or none is configured",
            "it opens by command all the same; for its state see the wiring in docs/cash-drawers.md",
        )
        return
    if wait_s <= 0:
        return
    tell(f"The drawer must be closed now. Open it with its key within {wait_s:.0f} s ...")
    opened = await link.next_state(lambda told: told.get("drawer_level") not in (None, level), wait_s)
    if opened is None:
        yield failed(
            "switch",
            f"nothing moved in {wait_s:.0f} s: its level stayed {level}",
            "was it opened? Then its switch is not connected; on a printer a connector with nothing plugged in is high",
        )
        return
    yield _polarity(state, opened)


def _polarity(before: str, opened: Mapping[str, Any]) -> Finding:
    """What was the level of a closed drawer is now that of an open one."""
    level: Level = opened["drawer_level"]
    setting = f'open_level = "{level}" in its settings'
    match before, opened.get("drawer"):
        case "closed", "open":
            return fine("switch", f"it works, and {setting} is right")
        case "open", "closed":
            return failed("switch", "it works, and its polarity is the wrong way round", f"set {setting}")
    return warning("switch", "it works, and nobody has said what its level means", f"set {setting}")


async def examine_display(link: DeviceLink, wait_s: float, tell: Tell) -> AsyncIterator[Finding]:
    """Only a person sees it."""
    result = await _answer(link, "display_text", {**SAMPLE})
    if result is None:
        yield failed("display", "it takes nothing", "is it on? See its cable, its speed and its flow control")
        return
    replaced = result.get("replaced_characters", 0)
    shown = f"the upper line must read {result['lines'][0]!r}"
    yield fine("display", f"{shown}; {replaced} of its characters are not in the display's code page")
    if wait_s > 0:
        tell("Nothing, or something else on it? Then its DIP switches stand for another dialect, speed or code page.")


async def _answer(link: DeviceLink, name: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
    reply = await link.ask(name, params)
    result: Mapping[str, Any] | None = reply.get("result")
    return result
