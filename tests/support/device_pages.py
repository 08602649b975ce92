"""The pages of ``docs/devices`` and ``docs/protocols``: one for each profile and each protocol, made from the code."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from edge_gateway.contracts.driver import commands_of
from edge_gateway.devices.profiles import DriverClass, Profile, load_driver, load_profile, profile_names
from protocols.decoding import DEVICE_TO_HOST, HOST_TO_DEVICE, Decodable, Direction, find_protocols
from tests.support import configuration_page
from tests.support.markdown import ROOT

DEVICES: Final = ROOT / "docs/devices"
PROTOCOLS: Final = ROOT / "docs/protocols"
NOTICE: Final = "<!-- made by ./dev docs from the code; changes here are lost -->"
EXAMPLES_SHOWN: Final = 8
"""Of one direction of a protocol; the rest is in the tests."""
_PLACES: Final[Mapping[str, str]] = {
    "serial": 'path = "/dev/serial/by-id/usb-…"',
    "tcp": 'host = "192.0.2.10"',
    "evdev": 'path = "/dev/input/by-id/usb-…-event-kbd"',
    "hidraw": 'path = "/dev/hidraw0"',
    "usb_printer": 'device = "usb:VVVV:PPPP:SERIAL"',
    "rfcomm": 'address = "00:11:62:AA:BB:CC"',
    "gpio": 'lines.drawer = { line = "GPIO17", direction = "output" }',
    "printer": 'printer = "lane3-printer"',
    "ble": 'address = "F0:F1:F2:F3:F4:F5"',
}


def pages() -> dict[Path, str]:
    """Every page by its path, as it must be."""
    profiles = {name: load_profile(name) for name in profile_names()}
    protocols = find_protocols()
    made = {DEVICES / "README.md": _devices_index(profiles), PROTOCOLS / "README.md": _protocols_index(protocols)}
    for name, profile in profiles.items():
        made[DEVICES / f"{name}.md"] = _device_page(profile, protocols)
    for name, protocol in protocols.items():
        made[PROTOCOLS / _file(name)] = _protocol_page(name, protocol, profiles)
    return made


def write() -> None:
    """All pages; those of profiles and protocols that are gone are removed."""
    made = pages()
    for folder in (DEVICES, PROTOCOLS):
        folder.mkdir(exist_ok=True)
        for path in folder.glob("*.md"):
            if path not in made:
                path.unlink()
    for path, text in made.items():
        path.write_text(text, "utf-8")


def _file(protocol: str) -> str:
    return f"{protocol.replace('/', '-').replace('.', '-')}.md"


def _devices_index(profiles: Mapping[str, Profile]) -> str:
    lines = [
        "# Devices",
        "",
        NOTICE,
        "",
        "Models and families that have a profile. `experimental`: built from its document; "
        "`verified`: shown by a capture of real hardware. A model that is not here may work with the profile of its "
        "protocol: the generic ones take any model that speaks it.",
        "",
    ]
    for device_class in sorted({profile.device_class.value for profile in profiles.values()}):
        head = "| maker | model | profile | protocol | attached by | tier |"
        lines += [f"## {device_class}", "", head, "|---|---|---|---|---|---|"]
        of_class = [each for each in profiles.values() if each.device_class.value == device_class]
        for profile in sorted(of_class, key=lambda each: (each.vendor.lower(), each.model.lower(), each.name)):
            kinds = ", ".join(sorted(profile.transport.kinds))
            page = f"[`{profile.name}`]({profile.name}.md)"
            cells = (profile.vendor, profile.model, page, _protocol_link(profile), kinds, profile.tier)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _protocol_link(profile: Profile) -> str:
    return f"[`{profile.codec}`](../protocols/{_file(profile.codec)})"


def _device_page(profile: Profile, protocols: Mapping[str, Decodable]) -> str:
    driver = load_driver(profile)
    lines = [f"# {profile.vendor}: {profile.model}", "", NOTICE, "", *_facts(profile, driver), ""]
    if profile.quirks:
        lines += ["## What to know", "", *(f"- {quirk}" for quirk in profile.quirks), ""]
    lines += ["## In the configuration", "", *_configuration(profile), ""]
    if found := _recognised(profile):
        lines += ["## Recognised by", "", *found, ""]
    if profile.settings:
        lines += ["## Settings of this profile", "", *(_setting(*each) for each in profile.settings.items()), ""]
        lines += [f"All settings and their meaning: [protocol](../protocols/{_file(profile.codec)}#settings).", ""]
    assert profile.codec in protocols
    return "\n".join(lines)


def _facts(profile: Profile, driver: DriverClass) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield f"| profile | `{profile.name}` |"
    if profile.extends:
        base = profile.extends.removeprefix("packaged:")
        yield f"| stands on | [`{base}`]({base}.md) |"
    yield f"| device class | `{profile.device_class.value}` |"
    yield f"| protocol | {_protocol_link(profile)} |"
    yield f"| tier | `{profile.tier}`{f', by {profile.recording}' if profile.recording else ''} |"
    yield f"| source | {profile.source} |"
    yield f"| events | {_names(sorted(profile.capabilities.get('events', driver.events)))} |"
    settings = driver.Settings.model_validate(profile.settings)
    yield f"| commands | {_names(sorted(commands_of(driver, settings)))} |"
    if policy := str(profile.firmware):
        yield f"| firmware | {policy} |"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _configuration(profile: Profile) -> Iterator[str]:
    yield "```toml"
    for index, (kind, known) in enumerate(profile.transport.kinds.items()):
        if index:
            yield "# or"
        yield "[[device]]"
        yield f'id = "{profile.device_class.value.replace("_", "-")}-1"'
        yield 'lane = "lane-1"'
        yield f'profile = "{profile.name}"'
        yield f'transport = {{ kind = "{kind}", {_PLACES[kind]} }}'
        if known:
            values = ", ".join(f"{key} = {_toml(value)}" for key, value in known.items())
            yield f"# from the profile: {values}"
    yield "```"


def _recognised(profile: Profile) -> list[str]:
    words = {
        "usb_ids": "USB ids", "by_id": "names by id", "serial": "serial number", "manufacturer": "manufacturer",
        "product": "product", "usage": "HID usage", "firmware": "firmware", "ble_names": "Bluetooth name",
        "ble_services": "Bluetooth service", "mdns": "mDNS",
    }  # fmt: skip
    found = []
    for key, value in profile.match.model_dump(exclude_defaults=True).items():
        values = [value] if isinstance(value, str) else value
        found.append(f"- {words[key]}: {', '.join(f'`{each}`' for each in values)}")
    return found


def _setting(key: str, value: Any) -> str:
    return f"- `{key} = {_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _protocols_index(protocols: Mapping[str, Decodable]) -> str:
    lines = [
        "# Protocols",
        "",
        NOTICE,
        "",
        "Protocols that are understood; `edge-gateway decode NAME HEX` shows what bytes mean.",
        "",
        "| protocol | what it is | decoded |",
        "|---|---|---|",
    ]
    for name, protocol in protocols.items():
        sides = _directions(protocol)
        lines.append(f"| [`{name}`]({_file(name)}) | {_summary(protocol)} | {', '.join(sides)} |")
    return "\n".join([*lines, ""])


def _directions(protocol: Decodable) -> list[Direction]:
    directions: list[Direction] = [DEVICE_TO_HOST, HOST_TO_DEVICE]
    return [direction for direction in directions if protocol.side(direction) is not None]


def _module_words(protocol: Decodable) -> str:
    """The docstring of the module that has its codec."""
    side = protocol.device_to_host or protocol.host_to_device
    if side is None:
        return "Single wires of the box: nothing is said in bytes, so there is nothing to decode."
    codec = side.codec
    module = getattr(codec, "__module__", None) or getattr(getattr(codec, "func", None), "__module__", "")
    return (importlib.import_module(module).__doc__ or "").strip()


def _markdown(words: str) -> str:
    """Of reStructuredText only what docstrings use: literals, and blocks that are indented after two colons."""
    text = re.sub(r"^::\n\n", "", words.replace("``", "`"), flags=re.MULTILINE)
    return re.sub(r"::$", ":", text, flags=re.MULTILINE)


def _summary(protocol: Decodable) -> str:
    return _module_words(protocol).split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", "\\|")


def _protocol_page(name: str, protocol: Decodable, profiles: Mapping[str, Profile]) -> str:
    lines = [f"# {name}", "", NOTICE, "", _markdown(_module_words(protocol)), ""]
    users = [profile for profile in profiles.values() if profile.codec == name]
    if users:
        lines += ["## Models", "", "| profile | model | source |", "|---|---|---|"]
        for each in users:
            link = f"[`{each.name}`](../devices/{each.name}.md)"
            lines.append(f"| {link} | {each.vendor} {each.model} | {each.source} |")
        lines.append("")
    drivers = {each.driver: load_driver(each) for each in users}
    if drivers:
        lines += ["## Settings", ""]
    for path, driver in sorted(drivers.items()):
        lines += [f"Of `{path}`:", "", configuration_page.table(driver.Settings).rstrip(), ""]
        if (options := _options(driver, next(each for each in users if each.driver == path))) is not None:
            lines += ["Of the protocol:", "", configuration_page.table(options).rstrip(), ""]
    for direction in _directions(protocol):
        lines += [f"## Examples, {direction}", "", "| bytes | meaning |", "|---|---|"]
        side = protocol.side(direction)
        assert side is not None
        for example in side.examples[:EXAMPLES_SHOWN]:
            events = [json.dumps(event, ensure_ascii=False) for event in protocol.decode(example, direction)]
            meaning = "<br>".join(f"`{event}`" for event in events).replace("|", "\\|")
            lines.append(f"| `{example.hex(' ')}` | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def _options(driver: DriverClass, profile: Profile) -> type[BaseModel] | None:
    """Settings that a driver takes for its protocol."""
    settings = driver.Settings.model_validate(profile.settings)
    found = getattr(settings, "protocol_options", None)
    options = found() if callable(found) else None
    return type(options) if isinstance(options, BaseModel) and type(options).model_fields else None


if __name__ == "__main__":
    write()
