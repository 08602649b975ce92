"""What two devices cannot share: an id, which is a topic level and a key of the store; and the place they are at.

Unless both transports say ``shared``: then it is one port, which is opened with one set of settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from edge_gateway.contracts.attachment import parse_selector
from edge_gateway.contracts.errors import ConfigProblem


def find_duplicates(entries: Mapping[int, Any]) -> list[ConfigProblem]:
    """By their place in the file. Entries may be of any shape: what is wrong with one hides no other's problem."""
    problems = list(_double_lines(entries))
    ids: dict[str, int] = {}
    places: dict[str, dict[str | None, int]] = {}
    for index, entry in entries.items():
        device = entry if isinstance(entry, Mapping) else {}
        if isinstance(device_id := device.get("id"), str) and (earlier := ids.setdefault(device_id, index)) != index:
            problems.append(_taken(f"device[{index}].id", device_id, "an id", earlier))
        if (place := _place(device)) is None:
            continue
        usages, usage = places.setdefault(place, {}), _usage(device)
        other = next((used for used in usages if None in (used, usage) or used == usage), "")
        if other == "":
            usages[usage] = index
        elif _is_shared(device) and _is_shared(entries[usages[other]]):
            problems += _differences(index, device["transport"], usages[other], entries[usages[other]]["transport"])
        else:
            problems.append(_taken(f"device[{index}].transport", place, "a place", usages[other]))
    return problems


def _double_lines(entries: Mapping[int, Any]) -> Iterator[ConfigProblem]:
    """Of wires each by itself: several devices have some of one chip."""
    taken: dict[str, int] = {}
    for index, entry in entries.items():
        transport = entry.get("transport") if isinstance(entry, Mapping) else None
        lines = transport.get("lines") if isinstance(transport, Mapping) else None
        for name, wire in lines.items() if isinstance(lines, Mapping) else ():
            match wire:
                case {"line": str(place)}:
                    pass
                case {"chip": str(chip), "offset": int(offset)}:
                    place = f"{os.path.realpath(chip)}:{offset}"
                case _:
                    continue
            if place in taken:
                yield _taken(f"device[{index}].transport.lines.{name}", place, "a line", taken[place])
            taken.setdefault(place, index)


def _taken(key: str, value: str, what: str, earlier: int) -> ConfigProblem:
    return ConfigProblem(key, repr(value), f"{what} of its own; device[{earlier}] has it already")


def _place(device: Mapping[str, Any]) -> str | None:
    """A node by its kernel name, since a symbolic link and its target are one place; a device with the kind of node
    that is opened, since one device has several; or an address. However it was written."""
    transport = device.get("transport")
    if not isinstance(transport, Mapping):
        return None
    match transport:
        case {"path": str(path)}:
            return os.path.realpath(path)
        case {"device": str(selector)}:
            return f"{transport.get('kind', 'node')} {_canonical(selector)}"
        case {"kind": "tcp", "mac": str(mac), "port": int(port)}:
            return f"tcp {mac.strip().upper().replace('-', ':')}:{port}"
        case {"host": str(host), "port": int(port)}:
            return f"tcp {host.rstrip('.').casefold()}:{port}"
        case {"kind": "ble", "address": str(address)}:
            return f"ble {address.strip().upper().replace('-', ':')}"
        case {"kind": "ble", "name": str(name)}:
            return f"ble {name}"
        case {"kind": "printer", "printer": str(printer)}:
            return f"{transport.get('carries', 'drawer')} {transport.get('pin') or ''} of {printer}".replace("  ", " ")
        case {"kind": "rfcomm", "address": str(address)}:
            return f"rfcomm {address.strip().upper().replace('-', ':')} channel {transport.get('channel', 1)}"
    return None


def _canonical(selector: str) -> str:
    """Without ``#0``: the first node is what is opened where none is named."""
    try:
        parsed = parse_selector(selector)
    except ValueError:
        return selector
    parts = (parsed.scheme, parsed.place, parsed.usb_id, parsed.serial)
    return ":".join(part for part in parts if part) + (f"#{parsed.node}" if parsed.node else "")


def _usage(device: Mapping[str, Any]) -> str | None:
    """Of a HID device with several nodes, which; None: whichever there is, so nobody else's."""
    usage = device["transport"].get("usage")
    return usage if isinstance(usage, str) else None


def _is_shared(device: Mapping[str, Any]) -> bool:
    transport = device.get("transport")
    return isinstance(transport, Mapping) and transport.get("shared") is True


def _differences(
    index: int, transport: Mapping[str, Any], earlier: int, other: Mapping[str, Any]
) -> Iterator[ConfigProblem]:
    """Of two that share a port."""
    for key in transport:
        is_place = key in ("path", "device", "host", "mac")  # which may be written in two ways
        if key in other and not is_place and transport[key] != other[key]:
            expected = f"{other[key]!r}, as device[{earlier}], with which it shares the port"
            yield ConfigProblem(f"device[{index}].transport.{key}", repr(transport[key]), expected)
