"""What the values of the configuration point at: time zones, files, one another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from edge_gateway.contracts.errors import ConfigProblem
from edge_gateway.contracts.store import NEVER_DROPPED
from edge_gateway.settings_file import ConfigFile
from edge_gateway.settings_uplinks import HTTPS
from edge_gateway.settings_words import did_you_mean
from edge_gateway.toml_lines import KeyPath

SECRET_BYTES_MAX = 65_536
"""A secret file holds one password, token or PEM chain."""


def reference_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    """What the values point at: time zone, files, one another. Looked at in the raw values, so that a problem in one
    place does not hide another."""
    yield from _timezone_problems(file)
    yield from _file_problems(file)
    yield from _together_problems(file)
    yield from _keep_days_problems(file)
    yield from _backup_problems(file)
    yield from _kitchen_problems(file)


def _backup_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    """A back-up printer is another device of the file."""
    devices = file.data.get("device")
    entries = [entry if isinstance(entry, dict) else {} for entry in devices] if isinstance(devices, list) else []
    for index, entry in enumerate(entries):
        others = [str(each.get("id")) for at, each in enumerate(entries) if at != index]
        printing = entry.get("printing")
        backup = printing.get("backup") if isinstance(printing, dict) else None
        if isinstance(backup, str) and backup not in others:
            known = ", ".join(others) or "none"
            path = ("device", index, "printing", "backup")
            yield file.problem(path, f"expected the id of another printer of this file: {known}")


def _timezone_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    for section in ("store", "kitchen"):
        name = _section(file, section).get("timezone")
        if not isinstance(name, str):
            continue
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # a directory such as "Europe"; a path; not found
            path = (section, "timezone")
            near = did_you_mean(path, value=name, known=available_timezones())
            yield file.problem(path, f"expected an IANA time zone such as Europe/Berlin{near}")


def _file_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    for path, value in _leaves(file.data):
        if not (isinstance(path[-1], str) and path[-1].endswith("_file") and isinstance(value, str)):
            continue
        try:
            with Path(value).open("rb") as secret:
                content = secret.read(SECRET_BYTES_MAX + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            yield file.problem(path, f"the file cannot be read ({reason}) by user {os.getuid()}", value=value)
            continue
        is_empty = not content.strip()
        if is_empty or len(content) > SECRET_BYTES_MAX:
            found = "is empty" if is_empty else f"has more than {SECRET_BYTES_MAX} bytes"
            yield file.problem(path, f"the file {found}; it holds the secret and nothing else", value=value)


def _together_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    bus, cloud = _section(file, "bus"), _section(file, "cloud")
    yield from _pair_problems(file, ("bus",), bus)
    yield from _cloud_problems(file, cloud)
    yield from _encryption_problems(file)
    uplinks = file.data.get("uplink")
    for index, uplink in enumerate(uplinks if isinstance(uplinks, list) else []):
        if isinstance(uplink, dict):
            yield from _pair_problems(file, ("uplink", index), uplink)
    yield from _uplink_name_problems(file)
    yield from _window_problems(file)
    if "certificate_file" in bus and "ca_file" not in bus:
        yield file.problem(("bus", "certificate_file"), "a client certificate needs TLS: give ca_file as well")
    if "password_file" in bus and "username" not in bus:
        yield file.problem(("bus", "password_file"), "a password needs a user name: give username as well")
    # The defaults of the other side count too: retry_s_min = 60 alone is above the default maximum.
    limits = [cloud.get(key, default) for key, default in (("retry_s_min", 0.5), ("retry_s_max", 30.0))]
    if all(isinstance(limit, int | float) for limit in limits) and limits[0] > limits[1]:
        key = "retry_s_min" if "retry_s_min" in cloud else "retry_s_max"
        yield file.problem(("cloud", key), f"retry_s_min ({limits[0]}) is at most retry_s_max ({limits[1]})")


def _pair_problems(file: ConfigFile, path: KeyPath, section: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    if ("certificate_file" in section) != ("key_file" in section):
        given = "certificate_file" if "certificate_file" in section else "key_file"
        yield file.problem((*path, given), "certificate_file and key_file are given together or not at all")


def _uplink_name_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    """A name is a place in the outbox: two uplinks that share one would each take the other's sales for delivered."""
    taken = {HTTPS: "[cloud]"}
    uplinks = file.data.get("uplink")
    for index, uplink in enumerate(uplinks if isinstance(uplinks, list) else []):
        name = uplink.get("name") if isinstance(uplink, dict) else None
        if not isinstance(name, str):
            continue
        if name in taken:
            yield file.problem(
                ("uplink", index, "name"), f"{taken[name]} has this name: expected one that no other uplink has"
            )
        taken.setdefault(name, f"uplink[{index}]")


def _window_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    for name, stream in _section(file, "stream").items():
        if not isinstance(stream, dict):
            continue
        if stream.get("sync") == "window" and "window" not in stream:
            yield file.problem(("stream", name, "sync"), 'sync = "window" needs the times: expected window as well')
        elif "window" in stream and stream.get("sync") != "window":
            yield file.problem(("stream", name, "window"), 'expected sync = "window" beside it')


def _encryption_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    encryption = _section(file, "outbox").get("encryption")
    if isinstance(encryption, dict) and ("key_file" in encryption) == ("credential" in encryption):
        yield file.problem(
            ("outbox", "encryption"), "either key_file or credential says where the keys are: expected one of the two"
        )


def _cloud_problems(file: ConfigFile, cloud: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    yield from _pair_problems(file, ("cloud",), cloud)
    given = [name for name in ("oauth", "api_key", "jwt") if name in cloud]
    if len(given) > 1:
        ways = ", ".join(f"[cloud.{name}]" for name in given)
        yield file.problem(
            ("cloud", given[1]), f"one way at most to say who we are: {ways} are given; remove all but one"
        )


def _keep_days_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    streams = _section(file, "stream")
    for name in NEVER_DROPPED:
        stream = streams.get(name)
        if isinstance(stream, dict) and "keep_days" in stream:
            yield file.problem(
                ("stream", str(name), "keep_days"),
                f"{name} are never dropped, however long they wait: expected no keep_days here",
            )


def _section(file: ConfigFile, name: str) -> Mapping[str, Any]:
    section = file.data.get(name)
    return section if isinstance(section, dict) else {}


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif path:
        yield path, value


def _kitchen_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    """Routes to printers that nobody configured."""
    devices = file.data.get("device", [])
    known = {entry.get("id") for entry in devices if isinstance(entry, dict)} if isinstance(devices, list) else set()
    kitchen = file.data.get("kitchen")
    routes = kitchen.get("route", []) if isinstance(kitchen, dict) else []
    for index, route in enumerate(routes if isinstance(routes, list) else []):
        printer = route.get("printer") if isinstance(route, dict) else None
        if isinstance(printer, str) and printer not in known:
            yield file.problem(("kitchen", "route", index, "printer"), "expected the id of a [[device]]")
