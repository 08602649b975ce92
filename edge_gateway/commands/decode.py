"""``edge-gateway decode``: bytes to events, one JSON object per line."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

if TYPE_CHECKING:
    from protocols.decoding import Decodable

INPUT_BYTES_MAX = 16_777_216
"""Of one set of bytes: far above any conversation that is looked at, far below the memory of the box."""

PARTS_BYTES_MAX = 65_536
"""Of a read whose parts stand on lines of their own: several times the longest that any codec joins."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decode")(decode)


def decode(
    protocol: str | None = typer.Argument(None, help="Protocol name, such as scale/toledo-8217; see --list."),
    hex_bytes: list[str] | None = typer.Argument(None, metavar="[HEX...]", help="Bytes in hex; none: read stdin."),
    batch: Path | None = typer.Option(
        None, "--batch", help='File (- for stdin) of {"id","protocol","direction","hex"} lines.'
    ),
    direction: str = typer.Option("device->host", "--direction", help="device->host or host->device."),
    is_list: bool = typer.Option(False, "--list", help="List the protocols and the directions they decode."),
) -> None:
    """Turn a device's bytes into events, one JSON object per line. The end of the bytes counts as an idle line.

    With --batch each line of F gives one line {"id", "events"} in the same order. A line that cannot be decoded
    (unknown protocol or direction, bad hex, bad JSON) gives empty events and an "error", and the run goes on: the exit
    code is 0 if the file could be read. PROTOCOL and --direction are then for lines that name none. Parts of one read
    (reports, packets) on lines that follow each other are joined on the last of them.
    """
    from protocols.decoding import find_protocols

    protocols = find_protocols()
    if is_list:
        for name, decodable in protocols.items():
            sides = [side for side in ("device->host", "host->device") if decodable.side(side)]
            typer.echo(json.dumps({"protocol": name, "directions": sides}))
    elif batch is not None:
        together = Batch(protocols, protocol, direction)
        with _open_lines(batch) as lines:
            for line in lines:
                if line.strip():
                    typer.echo(_as_line(together.decode(line)))
    elif protocol is None:
        raise typer.BadParameter("name a protocol, or give --batch or --list", param_hint="PROTOCOL")
    else:
        text = " ".join(hex_bytes) if hex_bytes else sys.stdin.read()
        answer = decode_line(json.dumps({"hex": text}), protocols, protocol, direction)
        if "error" in answer:
            raise typer.BadParameter(answer["error"])
        for event in answer["events"]:
            typer.echo(_as_line(event))


def _as_line(told: Mapping[str, Any]) -> str:
    """JSON that any terminal and file takes: half a surrogate pair, which no encoding has, as its escape."""
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def decode_line(
    line: str, protocols: Mapping[str, Decodable], protocol: str | None = None, direction: str = "device->host"
) -> dict[str, Any]:
    """One line by itself to ``{"id", "events"}``, with ``"error"`` where it cannot be decoded; never raises."""
    return Batch(protocols, protocol, direction).decode(line)


class Batch:
    """Lines in, answers out. A line whose last frame is a part is continued by the next of its protocol and way."""

    def __init__(self, protocols: Mapping[str, Decodable], protocol: str | None, direction: str) -> None:
        self._protocols = protocols
        self._protocol = protocol
        self._direction = direction
        self._way: tuple[str, str] | None = None
        self._parts = b""

    def decode(self, line: str) -> dict[str, Any]:
        """``{"id", "events"}``, with ``"error"`` where it cannot be decoded; never raises."""
        request_id: Any = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a line must be a JSON object")
            request_id = request.get("id")
            events = self._events(request)
        except ValueError as error:
            return {"id": request_id, "events": [], "error": str(error)}
        except RecursionError:
            return {"id": None, "events": [], "error": "nested too deeply; a line is one flat JSON object"}
        return {"id": request_id, "events": events}

    def _events(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        from protocols.decoding import is_to_be_continued

        name = request.get("protocol", self._protocol)
        if not isinstance(name, str) or name not in self._protocols:
            raise ValueError(f"protocol {name!r}: unknown; edge-gateway decode --list shows the known ones")
        wanted = request.get("direction") or self._direction
        if wanted not in ("device->host", "host->device"):
            raise ValueError(f"direction {wanted!r}: expected device->host or host->device")
        if self._protocols[name].side(wanted) is None:
            raise ValueError(f"protocol {name!r}: does not decode {wanted}")
        data = _bytes_of(request.get("hex"))
        before = self._parts if self._way == (name, wanted) else b""
        events = self._protocols[name].decode(data, wanted, before=before)
        parts = before + data
        self._way = (name, wanted)
        self._parts = parts if is_to_be_continued(events) and len(parts) <= PARTS_BYTES_MAX else b""
        return events


def _bytes_of(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"hex {text!r}: expected a string of hexadecimal digits")
    if len(text) > 3 * INPUT_BYTES_MAX:
        raise ValueError(f"hex: more than {INPUT_BYTES_MAX} bytes at once")
    try:
        return bytes.fromhex(text.replace("0x", "").replace(":", " ").replace(",", " "))
    except ValueError as error:
        raise ValueError(f"hex {text[:40]!r}: {error}") from error


def _open_lines(path: Path) -> AbstractContextManager[TextIO]:
    """The file, or standard input for ``-``; the command ends with code 2 where it cannot be read."""
    if str(path) == "-":
        return nullcontext(sys.stdin)
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--batch") from error
