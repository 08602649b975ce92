"""On which line of a TOML file each key stands; ``tomllib`` gives values without their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

KeyPath = tuple[str | int, ...]
"""Keys and, for arrays of tables, indexes from 0: ``("device", 1, "transport", "baud")``."""

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_KEY = rf"(?:{_PART})(?:\s*\.\s*(?:{_PART}))*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=\s*")
_INLINE_TOKEN = re.compile(rf"({_KEY})\s*=\s*|\"\"\"|'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*|[\[\]{{}}]")
_PARTS = re.compile(_PART)
_TOKEN = re.compile(r"\"\"\"|'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*|[\[\]{}]")


def find_key_lines(text: str) -> Mapping[KeyPath, int]:
    """Line (from 1) of every table header and key of a file that ``tomllib`` accepts.

    An entry of an array of tables has its index in its path, whether it is written ``[[device]]`` or inline.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    array_sizes: dict[KeyPath, int] = {}
    rows = text.split("\n")
    row = 0
    while row < len(rows):
        number, content = row + 1, rows[row]
        row += 1
        if header := _HEADER.match(content):
            is_array = header[1] == "[["
            table = _resolve(_split(header[2]), array_sizes, is_array=is_array)
            _note(lines, table, number)
        elif assignment := _ASSIGNMENT.match(content):
            path = table + _split(assignment[1])
            _note(lines, path, number)
            value, row = _whole_value(rows, row, content[assignment.end() :])
            _note_inline(lines, path, value, number)
    return lines


def line_of(path: Sequence[str | int], lines: Mapping[KeyPath, int]) -> int | None:
    """The line of a key, or of the nearest table around it that the file names."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(tuple(path[:length]))) is not None:
            return line
    return None


def _note(lines: dict[KeyPath, int], path: KeyPath, number: int) -> None:
    """The path and, where they have no line yet, the tables it makes on its way."""
    for length in range(1, len(path)):
        lines.setdefault(path[:length], number)
    lines[path] = number


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") if part[0] in "\"'" else part for part in _PARTS.findall(dotted))


def _resolve(names: tuple[str, ...], sizes: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    """The header's names with an index after each that is an array of tables: ``[device.x]`` means its last entry."""
    path: KeyPath = ()
    for position, name in enumerate(names):
        path += (name,)
        if is_array and position == len(names) - 1:
            sizes[path] = sizes.get(path, 0) + 1
        if path in sizes:
            path += (sizes[path] - 1,)
    return path


def _whole_value(rows: list[str], row: int, first: str) -> tuple[str, int]:
    """A value that goes on over lines (arrays, multi-line strings), and the row after it."""
    value = first
    while _is_open(value) and row < len(rows):
        value += "\n" + rows[row]
        row += 1
    return value, row


def _is_open(value: str) -> bool:
    depth, position = 0, 0
    while token := _TOKEN.search(value, position):
        position = token.end()
        if token[0] in {'"""', "'''"}:
            end = _end_of_multiline(value, position, token[0])
            if end < 0:
                return True
            position = end
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
    return depth > 0


def _end_of_multiline(value: str, start: int, quote: str) -> int:
    pattern = r'(?:[^\\]|\\.)*?"""' if quote == '"""' else r".*?'''"
    found = re.compile(pattern, re.DOTALL).match(value, start)
    return found.end() if found else -1


def _note_inline(lines: dict[KeyPath, int], path: KeyPath, value: str, number: int) -> None:
    """Keys of inline tables, also of those in arrays; an array's entries are numbered as those of ``[[…]]`` are."""
    around: list[tuple[KeyPath, int | None]] = []  # the path, and in an array the index of its next table
    position = 0
    while token := _INLINE_TOKEN.search(value, position):
        position = token.end()
        line = number + value.count("\n", 0, token.start())
        if token[0] in {'"""', "'''"}:
            position = max(position, _end_of_multiline(value, position, token[0]))
        elif token[1]:
            path = around[-1][0] + _split(token[1])
            _note(lines, path, line)
        elif token[0] == "[":
            around.append((path, 0))
        elif token[0] == "{":
            if around and (index := around[-1][1]) is not None:
                path = (*around[-1][0], index)
                around[-1] = (around[-1][0], index + 1)
                _note(lines, path, line)
            around.append((path, None))
        elif token[0] in {"]", "}"}:
            around.pop()
