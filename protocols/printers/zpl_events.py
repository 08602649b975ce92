"""What a Zebra printer says, understood: the events of its status codec, and the tables behind them.

Source: Zebra, "ZPL II Programming Guide", ~HS (host status), ~HI (host identification), ~HQ (host query, ES).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent

PRINT_MODES: Final = {
    "0": "rewind",
    "1": "peel off",
    "2": "tear off",
    "3": "cutter",
    "4": "applicator",
    "5": "delayed cut",
    "6": "linerless peel",
    "7": "linerless rewind",
    "8": "partial cutter",
    "9": "RFID",
    "K": "kiosk",
    "S": "stream",
    "A": "kiosk with presenter",
}
"""``r`` of the second string: the mode of ^MM. Manuals count differently from 5 on: the number is told beside it."""


@dataclass(frozen=True, slots=True)
class HostStatus(CodecEvent):
    """The answer to ~HS. ``is_complete`` False: the printer stopped before the third string; ``is_ready`` is None then,
    and what was not sent is None.

    Field by field as the manual names them: string 1 ``aaa,b,c,dddd,eee,f,g,h,iii,j,k,l``, string 2
    ``mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www``, string 3 ``xxxx,y``. ``n`` is unused (some readers take it for the head).
    """

    query: str
    is_complete: bool
    is_ready: bool | None = None
    communication_settings: int | None = None
    paper_out: bool | None = None
    paused: bool | None = None
    label_length_dots: int | None = None
    formats_in_buffer: int | None = None
    buffer_full: bool | None = None
    diagnostic_mode: bool | None = None
    partial_format: bool | None = None
    corrupt_ram: bool | None = None
    under_temperature: bool | None = None
    over_temperature: bool | None = None
    function_settings: int | None = None
    unused_flag: int | None = None
    head_up: bool | None = None
    ribbon_out: bool | None = None
    thermal_transfer: bool | None = None
    print_mode: str | None = None
    print_mode_code: str | None = None
    width_mode: int | None = None
    label_waiting: bool | None = None
    labels_remaining: int | None = None
    format_while_printing: bool | None = None
    graphics_stored: int | None = None
    password: str | None = None
    static_ram: bool | None = None


@dataclass(frozen=True, slots=True)
class HostIdentification(CodecEvent):
    """The answer to ~HI. ``memory``: as sent, such as ``8176KB``."""

    query: str
    model: str
    firmware: str
    dots_per_mm: int | None = None
    memory: str | None = None
    options: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorStatus(CodecEvent):
    """The answer to ~HQES. ``*_flags``: hexadecimal, group 2 before group 1, as sent without the space."""

    query: str
    has_errors: bool
    errors: tuple[str, ...]
    has_warnings: bool
    warnings: tuple[str, ...]
    error_flags: str
    warning_flags: str


@dataclass(frozen=True, slots=True)
class VariableReply(CodecEvent):
    """The answer to ``! U1 getvar``: text in quotes."""

    query: str
    value: str


def malformed_string(fields: Sequence[Sequence[str]]) -> int | None:
    """Number of the first string with a field that should be a number and is none; None: all are well."""
    for number, string in enumerate(fields, start=1):
        if not all(_is_number(value) or _is_mode(number, position, value) for position, value in enumerate(string)):
            return number
    return None


def host_status(strings: Sequence[Sequence[str]]) -> HostStatus:
    """From the strings that came, each cut at its commas and all numbers."""
    values: dict[str, bool | int | str | None] = {}
    for names, string in zip(_STRINGS, strings, strict=False):
        for (name, kind), value in zip(names, string, strict=True):
            if name:
                values[name] = bool(int(value)) if kind is bool else int(value) if kind is int else value
    is_complete = len(strings) == len(_STRINGS)
    if (mode := values.get("print_mode_code")) is not None:
        values["print_mode"] = PRINT_MODES.get(str(mode))
    ready = not any(values.get(name) for name in _NOT_READY) if is_complete else None
    return HostStatus("~HS", is_complete, ready, **values)  # type: ignore[arg-type]  # by kind, as the table says


def flag_words(groups: str, table: Mapping[int, Sequence[str]]) -> tuple[str, ...]:
    """The words of ``table`` (nibble number to words of its bits, low bit first) that are set in hexadecimal text."""
    number = int(groups, 16)
    found = []
    for nibble, words in table.items():
        bits = number >> 4 * (nibble - 1)
        found += [word for bit, word in enumerate(words) if bits >> bit & 1]
    return tuple(found)


ERRORS: Final[Mapping[int, Sequence[str]]] = {
    1: ("media out", "ribbon out", "head open", "cutter fault"),
    2: (
        "printhead over temperature",
        "motor over temperature",
        "bad printhead element",
        "printhead detection error",
    ),
    3: ("invalid firmware configuration", "printhead thermistor open"),
    4: ("paper jam during retract", "presenter not running", "paper feed error", "clear paper path failed"),
    5: ("paused", "retract function timed out", "black mark calibrate error", "black mark not found"),
}
WARNINGS: Final[Mapping[int, Sequence[str]]] = {
    1: ("need to calibrate media", "clean printhead", "replace printhead", "paper near end"),
    2: ("paper before head", "black mark", "paper after head", "loop ready"),
    3: ("presenter", "retract ready", "in retract", "at bin"),
}

_STRINGS: Final[Sequence[Sequence[tuple[str, type]]]] = (
    (
        ("communication_settings", int),
        ("paper_out", bool),
        ("paused", bool),
        ("label_length_dots", int),
        ("formats_in_buffer", int),
        ("buffer_full", bool),
        ("diagnostic_mode", bool),
        ("partial_format", bool),
        ("", int),
        ("corrupt_ram", bool),
        ("under_temperature", bool),
        ("over_temperature", bool),
    ),
    (
        ("function_settings", int),
        ("unused_flag", int),
        ("head_up", bool),
        ("ribbon_out", bool),
        ("thermal_transfer", bool),
        ("print_mode_code", str),
        ("width_mode", int),
        ("label_waiting", bool),
        ("labels_remaining", int),
        ("format_while_printing", bool),
        ("graphics_stored", int),
    ),
    (("password", str), ("static_ram", bool)),
)
FIELD_COUNTS: Final = tuple(len(names) for names in _STRINGS)
"""Of the three strings: what tells them apart."""
_NOT_READY: Final = (
    "paper_out",
    "paused",
    "buffer_full",
    "diagnostic_mode",
    "corrupt_ram",
    "under_temperature",
    "over_temperature",
    "head_up",
    "ribbon_out",
)
_MODE_POSITION: Final = 5


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _is_mode(number: int, position: int, value: str) -> bool:
    return (number, position) == (2, _MODE_POSITION) and value in PRINT_MODES
