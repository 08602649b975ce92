"""One GS1 element string at a time, on biip: its application identifier and its checked value."""

from __future__ import annotations

from dataclasses import dataclass

from biip import ParseConfig, ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from edge_gateway.contracts.check_digits import has_valid_check_digit
from protocols.barcodes.gs1 import GS

_CONFIG = ParseConfig(gs1_element_strings_verify_date=False, separator_chars=(GS,))


CHECKED_KEYS = frozenset({"00", "01", "02", "03", *(f"41{number}" for number in range(8))})
"""SSCC, GTIN and GLN with nothing behind their check digit (GS1 General Specifications 7.9): a wrong one is no key."""


@dataclass(frozen=True, slots=True)
class Element:
    """``length``: characters of identifier and value. ``is_separator_required``: unless it ends the data."""

    identifier: str
    value: str
    length: int
    is_separator_required: bool


def first_of(text: str) -> Element | None:
    """The element string in front of ``text``; None where there is none."""
    try:
        found = GS1ElementString.extract(text, config=_CONFIG)
    except ParseError:
        return None
    if found.ai.ai in CHECKED_KEYS and not has_valid_check_digit(found.value):
        return None
    return Element(found.ai.ai, found.value, len(found), found.ai.separator_required)


def value_of(text: str) -> str | None:
    """The value of ``text``, which must be one element string and nothing else; None where it is not."""
    try:
        return GS1ElementString.parse(text, config=_CONFIG).value if text.isascii() else None
    except ParseError:
        return None


def is_application_identifier(key: str) -> bool:
    try:
        return GS1ApplicationIdentifier.extract(key).ai == key
    except ParseError:
        return False
