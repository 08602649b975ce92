"""Recordings of a device's wire: the text format (tests/recordings/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.contracts.tap import RawDirection

FIRST_LINE = "# edge-gateway recording 1"
SOURCES = ("hardware", "simulator", "manual")
CHARACTERS_MAX = 1_000_000
LINES_MAX = 100_000
"""Both: a recording is read by people and kept in the repository; a day on a wire belongs elsewhere."""

Direction = RawDirection | Literal["!"]
_LINE = re.compile(r"(\d+(?:\.\d+)?) (<<|>>|[<>!]) (\S.*)")
_HEADERS = frozenset({"profile", "transport", "settings", "report_descriptor", "source", "begins", "note"})
MID_SESSION = "mid-session"
"""``begins``: the driver was at work when it began, so that what it asks first is not in the recording."""


class RecordingError(EdgeGatewayError):
    """A file that is no recording; the message names the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One line: one read, report or notification. ``command`` and ``params`` of ``!``, ``data`` of the others."""

    at_s: float
    direction: Direction
    data: bytes = b""
    command: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.direction == "!":
            said: dict[str, Any] = {"command": self.command}
            if self.params:
                said["params"] = dict(self.params)
            return f"{self.at_s:.3f} ! {json.dumps(said, ensure_ascii=False)}"
        return f"{self.at_s:.3f} {self.direction} {self.data.hex()}"


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file."""

    profile: str
    source: str
    transport: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    chunks: tuple[Chunk, ...] = ()
    report_descriptor: bytes = b""
    """Of a HID device."""
    begins: str = ""
    """Empty: with the first byte of a connection; or MID_SESSION."""

    def header(self) -> str:
        """The lines before the first chunk."""
        lines = [FIRST_LINE, f"profile: {self.profile}"]
        for key, value in (("transport", self.transport), ("settings", self.settings)):
            if value:
                lines.append(f"{key}: {json.dumps(dict(value), ensure_ascii=False)}")
        if self.report_descriptor:
            lines.append(f"report_descriptor: {self.report_descriptor.hex()}")
        lines.append(f"source: {self.source}")
        if self.begins:
            lines.append(f"begins: {self.begins}")
        if self.note:
            lines.append(f"note: {' '.join(self.note.split())}")
        return "\n".join(lines) + "\n\n"

    def __str__(self) -> str:
        return self.header() + "".join(f"{chunk}\n" for chunk in self.chunks)


def parse(text: str) -> Recording:
    """Raises RecordingError."""
    if len(text) > CHARACTERS_MAX:
        raise RecordingError(f"recording of {len(text)} characters; at most {CHARACTERS_MAX} are read")
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        raise RecordingError(f"recording of {len(lines)} lines; at most {LINES_MAX} are read")
    if not lines or lines[0].rstrip() != FIRST_LINE:
        raise RecordingError(f"line 1: {lines[0] if lines else ''!r}; expected {FIRST_LINE!r}")
    header: dict[str, str] = {}
    chunks: list[Chunk] = []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if (match := _LINE.fullmatch(stripped)) is not None:
            chunks.append(_chunk(number, match, chunks[-1].at_s if chunks else 0.0))
            continue
        key, colon, value = stripped.partition(":")
        if chunks or not colon or key not in _HEADERS or key in header:
            raise RecordingError(
                f"line {number}: {stripped[:80]!r}; expected 'seconds direction bytes', or once, before the first of "
                f"these, a header of {', '.join(sorted(_HEADERS))}"
            )
        header[key] = value.strip()
    return _from_header(header, tuple(chunks))


def _from_header(header: Mapping[str, str], chunks: tuple[Chunk, ...]) -> Recording:
    if not header.get("profile"):
        raise RecordingError("header 'profile' is missing; expected the name of a firmware profile")
    if header.get("source") not in SOURCES:
        raise RecordingError(f"header 'source' is {header.get('source')!r}; expected one of {', '.join(SOURCES)}")
    if header.get("begins", MID_SESSION) != MID_SESSION:
        raise RecordingError(f"header 'begins' is {header['begins']!r}; expected {MID_SESSION}, or no such header")
    return Recording(
        header["profile"],
        header["source"],
        _json_object(header.get("transport", "{}"), "header 'transport'"),
        _json_object(header.get("settings", "{}"), "header 'settings'"),
        header.get("note", ""),
        chunks,
        _hex(header.get("report_descriptor", ""), "header 'report_descriptor'"),
        header.get("begins", ""),
    )


def _chunk(number: int, match: re.Match[str], last_at_s: float) -> Chunk:
    at_s, rest = float(match[1]), match[3]
    if at_s < last_at_s:
        raise RecordingError(f"line {number}: {at_s} s after {last_at_s} s; time never goes back in a recording")
    if match[2] == "!":
        said = _json_object(rest, f"line {number}")
        command, params = said.get("command"), said.get("params", {})
        if not isinstance(command, str) or not isinstance(params, dict) or said.keys() - {"command", "params"}:
            raise RecordingError(f'line {number}: {rest[:80]}; expected {{"command": "…", "params": {{…}}}}')
        return Chunk(at_s, "!", command=command, params=params)
    direction: Direction = "<"
    for known in ("<<", ">>", ">"):
        if match[2] == known:
            direction = known
    return Chunk(at_s, direction, _hex(rest, f"line {number}"))


def _hex(text: str, where: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise RecordingError(f"{where}: {text[:80]!r}; expected bytes in hex") from None


def _json_object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordingError(f"{where}: {text[:80]!r} is no JSON ({error.msg})") from None
    if not isinstance(value, dict):
        raise RecordingError(f"{where}: {text[:80]!r}; expected a JSON object")
    return value
