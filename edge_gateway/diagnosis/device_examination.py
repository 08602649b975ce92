"""A test of one device, together with the person who stands before it: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.states import FLAGS_IN_WAY, DeviceFlag, PowerState, ScaleStatus
from edge_gateway.diagnosis.counter_examination import examine_display, examine_drawer
from edge_gateway.diagnosis.device_link import DeviceLink, NoAnswerError
from edge_gateway.diagnosis.findings import Finding, failed, fine, warning

UNKNOWN: Final = "it says nothing of this device"
PRICING: Final = "do_price_calculating"
Tell = Callable[[str], None]
"""Says to the person what to do next."""

_POWER_REMEDIES: Final[Mapping[str, str]] = {
    PowerState.OFF: "check that it is plugged in and switched on; edge-gateway devices lists what the box sees",
    PowerState.OFFLINE: "it is plugged in and does not answer: switch it on, check the cable at both ends, and that it "
    "is set to the protocol of its profile",
    PowerState.UNKNOWN: "the gateway does not watch it: see systemctl status edge-gateway",
}
_FLAG_REMEDIES: Final[Mapping[str, str]] = {
    DeviceFlag.OFFLINE: "it says that it is not ready: look for a held button or an open panel",
    DeviceFlag.COVER_OPEN: "close its cover",
    DeviceFlag.PAPER_EMPTY: "put in a new roll of paper",
    DeviceFlag.CUTTER_ERROR: "open the cover, take out what is caught in the cutter, switch it off and on",
    DeviceFlag.DEVICE_ERROR: "switch it off and on; if it comes back, have it repaired",
    DeviceFlag.RECOVERABLE_ERROR: "free its mechanism, then send it clear_error",
    DeviceFlag.OVERHEATED: "wait until its head has cooled down",
    DeviceFlag.RIBBON_EMPTY: "put in a new ribbon",
    DeviceFlag.PAUSED: "press its pause button",
    DeviceFlag.SILENT: "see whether it is on and its cable is in; a label printer: labels, ribbon, and its head closed",
    DeviceFlag.PAPER_NEAR_END: "have a new roll of paper at hand",
    DeviceFlag.DRAWER_OPEN: "close the drawer",
}
_SCALE_REMEDIES: Final[Mapping[str, str]] = {
    ScaleStatus.WEIGHT_UNSTABLE: "let the plate come to rest; nothing may touch it, and no air may blow on it",
    ScaleStatus.WEIGHT_UNDER_ZERO: "something was taken off since it was set to zero: put the plate in place, and set "
    "it to zero",
    ScaleStatus.WEIGHT_OVERWEIGHT: "take something off: it is more than the scale can weigh",
    ScaleStatus.NOT_READY: "wait until it has warmed up; if it stays so, switch it off and on with an empty plate",
    ScaleStatus.NO_ANSWER: "switch it on, check the cable, and that it is set to the protocol of its profile",
}


async def examine(link: DeviceLink, *, wait_s: float, is_printing: bool, tell: Tell) -> AsyncIterator[Finding]:
    """Step by step, and no further than makes sense. ``wait_s``: for the person; 0 asks nothing of anybody."""
    gateway = check_gateway(link)
    yield gateway
    if gateway.remedy is not None:
        return
    for finding in check_state(link):
        yield finding
    if (link.state or {}).get("power") != PowerState.ONLINE:
        return
    try:
        match link.device_class:
            case "scanner":
                async for finding in _scanner(link, wait_s, tell):
                    yield finding
            case "scale":
                async for finding in _scale(link, wait_s, tell):
                    yield finding
            case "pos_printer":
                async for finding in _printer(link, is_printing):
                    yield finding
            case "cash_drawer":
                async for finding in examine_drawer(link, wait_s, tell):
                    yield finding
            case "line_display":
                async for finding in examine_display(link, wait_s, tell):
                    yield finding
            case other:
                yield fine("test", f"it is there and answers; a {other} has no test of its own")
    except NoAnswerError as error:
        yield failed("gateway", str(error), "see edge-gateway status, and the log: journalctl -u edge-gateway")


def check_gateway(link: DeviceLink) -> Finding:
    """Whether the states that the broker keeps are those of a gateway that lives."""
    if link.gateway is None or link.gateway.get("state") != "online":
        found = "the broker knows of none" if link.gateway is None else "the broker says that it is offline"
        return failed("gateway", found, "start it: sudo systemctl start edge-gateway; then see edge-gateway status")
    if link.state is None:
        return failed("gateway", UNKNOWN, "it runs with another configuration: sudo systemctl restart edge-gateway")
    return fine("gateway", f"running, version {link.gateway.get('version')}")


def check_state(link: DeviceLink) -> list[Finding]:
    """Power, conditions, who holds it, when it was lost."""
    state, info = link.state or {}, link.info or {}
    power, reason = str(state.get("power")), state.get("reason")
    what = f"{info.get('vendor', '')} {info.get('model', '')} ({info.get('transport', '')})".strip()
    if power != PowerState.ONLINE:
        words = f"{what} is {power}: {reason}"
        return [failed("device", words, _POWER_REMEDIES.get(power, "see edge-gateway status")), *_lost(state)]
    findings = [fine("device", f"{what} is online")]
    for flag in state.get("flags", ()):
        remedy = _FLAG_REMEDIES.get(flag, "look at the device")
        found = flag.replace("_", " ")
        findings.append((failed if flag in FLAGS_IN_WAY else warning)("condition", found, remedy))
    if (claim := state.get("claim")) is not None:
        words = f"terminal {claim['owner']} holds it alone"
        findings.append(warning("claim", words, "what only that terminal may ask is refused until it is done"))
    return [*findings, *_lost(state)]


def _lost(state: Mapping[str, Any]) -> list[Finding]:
    last = state.get("last_disconnect")
    if last is None:
        return []
    away = "is not back yet" if last["away_s"] is None else f"was back after {last['away_s']:.1f} s"
    words = f"last lost {last['time']}: {last['reason']}; {away}"
    return [fine("history", words)]


async def _scanner(link: DeviceLink, wait_s: float, tell: Tell) -> AsyncIterator[Finding]:
    if wait_s <= 0:
        return
    errors = await _communication_errors(link)
    tell(f"Scan something within {wait_s:.0f} s ...")
    scan = await link.next_event("barcode_scanned", lambda data: True, wait_s)
    if scan is not None:
        yield fine("scan", _words_of_scan(scan))
        return
    if await _communication_errors(link) > errors:
        yield failed(
            "scan",
            "something came from the scanner, and was not understood",
            "its suffix, prefix, baud rate or keyboard layout is not that of its profile: set the scanner to its "
            "profile (scan its set-up codes), or give the device the profile of its settings",
        )
        return
    yield failed(
        "scan",
        f"nothing came in {wait_s:.0f} s",
        "does it beep? If not: trigger, light, battery, a clean window, a code it is set to read. If it does: is this "
        "the scanner you mean, is it paired, and does it end each code with the suffix of its profile?",
    )


def _words_of_scan(scan: Mapping[str, Any]) -> str:
    """What came, as far as it is text; with what the gateway made of it."""
    text = scan.get("text")
    shown = repr(text) if text is not None else f"bytes that are no text ({scan.get('raw_base64')} in base64)"
    kind = str(scan.get("symbology", "unknown"))
    gtin = f", GTIN {scan['gtin']}" if scan.get("gtin") else ""
    unknown = " (the scanner sends no AIM identifier: switch it on for GS1 codes)" if kind == "unknown" else ""
    return f"{shown}, {kind}{gtin}{unknown}"


async def _communication_errors(link: DeviceLink) -> float:
    reply = await link.ask("retrieve_statistics", {"names": ["CommunicationErrorCount"]})
    return float(reply.get("result", {}).get("statistics", {}).get("CommunicationErrorCount", 0))


async def _scale(link: DeviceLink, wait_s: float, tell: Tell) -> AsyncIterator[Finding]:
    reply = await link.ask("read_weight")
    reading = reply.get("result")
    if reading is None:
        is_pricing = PRICING in (link.info or {}).get("commands", ())
        is_unsupported = (reply.get("error") or {}).get("code") == ErrorCode.UNSUPPORTED
        yield _weighs_for_a_price(link) if is_pricing and is_unsupported else _refused("weight", reply)
        return
    yield _reading(reading)
    if reading["status"] == ScaleStatus.NO_ANSWER or wait_s <= 0:
        return
    if reading["status"] == ScaleStatus.STABLE_WEIGHT:
        tell(f"Take it off, and put something else on the scale, within {wait_s:.0f} s ...")
    else:
        tell(f"Put something on the scale within {wait_s:.0f} s ...")
    weighed = await link.next_event(
        "weight_changed",
        lambda data: data.get("status") == ScaleStatus.STABLE_WEIGHT and data.get("weight") != reading["weight"],
        wait_s,
    )
    if weighed is not None:
        yield fine("put on", f"{weighed['weight']} {weighed['unit']}: compare it with the scale's own display")
        return
    after = (await link.ask("read_weight")).get("result") or reading
    remedy = _SCALE_REMEDIES.get(after["status"], "was something put on? Is this the scale you mean?")
    yield failed("put on", f"no stable weight came in {wait_s:.0f} s; it shows {_shown(after)}", remedy)


def _weighs_for_a_price(link: DeviceLink) -> Finding:
    """Asked for a price it would show one to whoever stands there: that is left to the till."""
    status = str((link.state or {}).get("status", "unknown")).replace("_", " ")
    return fine("weight", f"it answers ({status}), and weighs only for a price: sell something by weight at the till")


def _reading(reading: Mapping[str, Any]) -> Finding:
    status = reading["status"]
    found = f"{_shown(reading)}, {reading['age_ms']} ms old"
    if status in (ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO):
        return fine("weight", found)
    make = failed if status == ScaleStatus.NO_ANSWER else warning
    return make("weight", found, _SCALE_REMEDIES.get(status, "look at the scale's display"))


def _shown(reading: Mapping[str, Any]) -> str:
    status = str(reading["status"]).replace("_", " ")
    return status if reading["weight"] is None else f"{reading['weight']} {reading['unit']} ({status})"


async def _printer(link: DeviceLink, is_printing: bool) -> AsyncIterator[Finding]:
    reply = await link.ask("read_status")
    status = reply.get("result")
    if status is None:
        yield _refused("printer", reply)
        return
    if not status.get("answering"):
        remedy = 'check that it is on, and that nothing is printing; a model without status needs confirm = "none"'
        yield failed("printer", "it does not answer status questions", remedy)
        return
    parts = (f"{name} {status[name]}" for name in ("paper", "drawer") if status.get(name) is not None)
    yield fine("printer", ", ".join(["it answers", *parts]))
    if not is_printing:
        yield fine("print", "not asked for; --print prints a test page")
        return
    printed = await link.ask("print", {"document": sample_page(link)})
    if printed["status"] == "completed":
        yield fine("print", "the test page is out: look at its edges, and whether all its letters are there")
    else:
        yield _refused("print", printed)


def sample_page(link: DeviceLink) -> list[dict[str, Any]]:
    """Small, and with everything that goes wrong: alignment, width, code page, a code, the cutter."""
    info = link.info or {}
    return [
        {"type": "text", "text": "TEST PAGE", "align": "center", "bold": True, "size": [2, 2]},
        {"type": "text", "text": str(info.get("device_id", "")), "align": "center"},
        {"type": "rule"},
        {"type": "columns", "left": "left edge", "right": "right edge"},
        {"type": "text", "text": "abc ABC 0123456789 äöü ß é ñ €"},
        {"type": "qr", "data": "edge-gateway test page"},
        {"type": "feed", "lines": 3},
        {"type": "cut"},
    ]


def _refused(name: str, reply: Mapping[str, Any]) -> Finding:
    error = reply.get("error") or {}
    code = str(error.get("code"))
    remedies = {
        **_FLAG_REMEDIES,
        "claimed": "wait until that terminal is done, or release it there",
        "timeout": "check that it is on, and its cable",
        "offline": _POWER_REMEDIES[PowerState.OFF],
        "unknown_outcome": "look at the device: whether it did it is not known",
    }
    return failed(
        name, f"{code}: {error.get('message')}", remedies.get(code, "see the log: journalctl -u edge-gateway")
    )
