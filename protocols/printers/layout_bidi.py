"""From reading order to the order on paper: Arabic and Hebrew run right to left, numbers and Latin in them do not.

Source: Unicode Standard Annex #9, rules P2, P3, W1 to W7, N0 to N2, I1, I2, L1, L2 and L4, without embeddings,
overrides and isolates (their characters do not come so far). Own code, for the library (python-bidi) gives back text
alone, so that styles could not follow their letters; the tests compare with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.printed_text import TextRun, TextStyle
from protocols.printers.layout_width import clusters

_FIRST_RIGHT_TO_LEFT: Final = "\u0590"
_STRONG: Final = {"L": 0, "R": 1, "AL": 1}
_NEUTRAL: Final = frozenset({"B", "S", "WS", "ON", "BN"})
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}", "\uff08": "\uff09", "\u300c": "\u300d", "\u300e": "\u300f"}
_CLOSING: Final = {closing: opening for opening, closing in _BRACKETS.items()}
_MIRRORED: Final = (
    _BRACKETS
    | _CLOSING
    | {a: b for pair in ("<>", "«»", "‹›", "≤≥") for a, b in ((pair[0], pair[1]), (pair[1], pair[0]))}
)
BRACKETS_DEEP_MAX: Final = 63
"""UAX #9, BD16: deeper ones are not paired."""


@dataclass(frozen=True, slots=True)
class DirectedRun:
    """Text of one style and one direction, in reading order."""

    text: str
    style: TextStyle
    is_right_to_left: bool = False

    @property
    def shown(self) -> str:
        """In the order on paper, from left to right, brackets mirrored."""
        if not self.is_right_to_left:
            return self.text
        return "".join(_MIRRORED.get(cluster, cluster) for cluster in reversed(list(clusters(self.text))))


def reads_right_to_left(text: str) -> bool:
    """By its first letter that has a direction (P2, P3)."""
    if _is_plain(text):
        return False
    return next((_STRONG[kind] == 1 for kind in map(unicodedata.bidirectional, text) if kind in _STRONG), False)


def directed_runs(runs: Sequence[TextRun], is_right_to_left: bool) -> list[DirectedRun]:
    """The runs of one line as they stand on paper, from left to right."""
    text = "".join(run.text for run in runs)
    if not is_right_to_left and _is_plain(text):
        return [DirectedRun(run.text, run.style) for run in runs if run.text]
    levels = _levels(text, int(is_right_to_left))
    pieces: list[tuple[int, DirectedRun]] = []
    position = 0
    for run in runs:
        start = position
        position += len(run.text)
        while start < position:
            end = start + 1
            while end < position and levels[end] == levels[start]:
                end += 1
            pieces.append((levels[start], DirectedRun(text[start:end], run.style, levels[start] % 2 == 1)))
            start = end
    return _reordered(pieces)


def _is_plain(text: str) -> bool:
    return text.isascii() or max(text) < _FIRST_RIGHT_TO_LEFT


def _levels(text: str, base: int) -> list[int]:
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    _resolve_numbers(kinds, base)
    strong = [_direction(kind) for kind in kinds]
    _resolve_brackets(text, strong, base)
    _resolve_neutrals(strong, base)
    levels = []
    for kind, direction in zip(kinds, strong, strict=True):
        if kind in ("EN", "AN"):
            levels.append(base + (2 - base % 2))
        else:
            levels.append(base + (direction != base % 2))
    # L1: what is blank at the end of the line stands at its end, whatever the direction there.
    for index in range(len(text) - 1, -1, -1):
        if text[index] != " ":
            break
        levels[index] = base
    return levels


def _resolve_numbers(kinds: list[str], base: int) -> None:
    """W1 to W7, in place: marks like what they stand on, separators and signs of numbers like the numbers."""
    sos = "R" if base else "L"
    before, strong = sos, sos
    for index, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):  # W1; what has no width joins its neighbour
            kinds[index] = kind = before
        elif kind == "EN" and strong == "AL":  # W2
            kinds[index] = kind = "AN"
        if kind in _STRONG:
            strong = kind
        before = kind
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for index in range(1, len(kinds) - 1):  # W4
        left, right = kinds[index - 1], kinds[index + 1]
        if left == right and (
            (kinds[index] == "ES" and left == "EN") or (kinds[index] == "CS" and left in ("EN", "AN"))
        ):
            kinds[index] = left
    for start, end in _stretches(kinds, {"ET"}):  # W5
        if (start > 0 and kinds[start - 1] == "EN") or (end < len(kinds) and kinds[end] == "EN"):
            kinds[start:end] = ["EN"] * (end - start)
    kinds[:] = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]  # W6
    strong = sos
    for index, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[index] = "L"


def _direction(kind: str) -> int:
    """0 left to right, 1 right to left (numbers too, for what stands beside them), -1 not decided."""
    return -1 if kind in _NEUTRAL else 0 if kind == "L" else 1


def _resolve_brackets(text: str, strong: list[int], base: int) -> None:
    """N0, in place."""
    for opening, closing in _bracket_pairs(text, strong):
        inside = {direction for direction in strong[opening + 1 : closing] if direction >= 0}
        if not inside:
            continue
        direction = base
        if base not in inside:
            before = next((value for value in reversed(strong[:opening]) if value >= 0), base)
            direction = before if before != base else base
        strong[opening] = strong[closing] = direction


def _bracket_pairs(text: str, strong: list[int]) -> list[tuple[int, int]]:
    pairs, open_brackets = [], list[tuple[str, int]]()
    for index, character in enumerate(text):
        if strong[index] >= 0:
            continue
        if character in _BRACKETS:
            if len(open_brackets) == BRACKETS_DEEP_MAX:
                break
            open_brackets.append((character, index))
        elif (opening := _CLOSING.get(character)) is not None:
            for depth in range(len(open_brackets) - 1, -1, -1):
                if open_brackets[depth][0] == opening:
                    pairs.append((open_brackets[depth][1], index))
                    del open_brackets[depth:]
                    break
    return sorted(pairs)


def _resolve_neutrals(strong: list[int], base: int) -> None:
    """N1 and N2, in place."""
    for start, end in _stretches(strong, {-1}):
        before = strong[start - 1] if start else base
        after = strong[end] if end < len(strong) else base
        strong[start:end] = [before if before == after else base] * (end - start)


def _stretches(values: Sequence[object], wanted: set[object]) -> list[tuple[int, int]]:
    found, index = [], 0
    while index < len(values):
        end = index
        while end < len(values) and values[end] in wanted:
            end += 1
        if end > index:
            found.append((index, end))
        index = max(end, index + 1)
    return found


def _reordered(pieces: list[tuple[int, DirectedRun]]) -> list[DirectedRun]:
    """L2: from the highest level down, each stretch of that level or higher is turned round."""
    order = list(range(len(pieces)))
    highest = max((level for level, _ in pieces), default=0)
    for level in range(highest, 0, -1):
        at_least = [pieces[index][0] >= level for index in order]
        for start, end in _stretches(at_least, {True}):
            order[start:end] = reversed(order[start:end])
    return [pieces[index][1] for index in order]
