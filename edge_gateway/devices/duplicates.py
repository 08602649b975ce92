"""What two devices cannot share: an id, which is a topic level and a key of the store; and the place they are at.

Unless both transports say ``shared``: then it is one port, which is opened with one set of settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from edge_gateway.contracts.errors import ConfigProblem


def find_duplicates(entries: Mapping[int, Any]) -> list[ConfigProblem]:
    """By their place in the file. Entries may be of any shape: what is wrong with one hides no other's problem."""
    problems: list[ConfigProblem] = []
    first: dict[tuple[str, str], int] = {}
    for index, entry in entries.items():
        device = entry if isinstance(entry, Mapping) else {}
        for key, value, what in (("id", device.get("id"), "an id"), ("transport", _place(device), "a place")):
            if not isinstance(value, str):
                continue
            earlier = first.setdefault((key, value), index)
            if earlier == index:
                continue
            if key == "transport" and _is_shared(device) and _is_shared(entries[earlier]):
                problems += _differences(index, device["transport"], earlier, entries[earlier]["transport"])
            else:
                expected = f"{what} of its own; device[{earlier}] has it already"
                problems.append(ConfigProblem(f"device[{index}].{key}", repr(value), expected))
    return problems


def _place(device: Mapping[str, Any]) -> str | None:
    """A node by its kernel name, since a symbolic link and its target are one place; or an address."""
    transport = device.get("transport")
    if not isinstance(transport, Mapping):
        return None
    match transport:
        case {"path": str(path)}:
            return os.path.realpath(path)
        case {"device": str(selector)}:
            return selector
        case {"host": str(host), "port": int(port)}:
            return f"tcp {host}:{port}"
    return None


def _is_shared(device: Mapping[str, Any]) -> bool:
    transport = device.get("transport")
    return isinstance(transport, Mapping) and transport.get("shared") is True


def _differences(
    index: int, transport: Mapping[str, Any], earlier: int, other: Mapping[str, Any]
) -> Iterator[ConfigProblem]:
    """Of two that share a port."""
    for key in transport:
        if key in other and key != "path" and transport[key] != other[key]:
            expected = f"{other[key]!r}, as device[{earlier}], with which it shares the port"
            yield ConfigProblem(f"device[{index}].transport.{key}", repr(transport[key]), expected)
