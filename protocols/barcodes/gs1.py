"""GS1 element strings and GS1 Digital Link, on biip (``gs1_elements``), with what biip leaves open.

Ours, not biip's: an element that needs a separator must have one or end the data; one application identifier with two
values refuses the whole; a date that does not exist does not lose the rest of the data; in a Digital Link the
rightmost primary key wins. General Specifications 7.8; GS1 Digital Link URI syntax 1.4.

``gs1_elements`` is imported where the first GS1 symbol is met: biip holds 10 MB of company prefixes, and a till may
never scan one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote

from protocols.barcodes.gtin import normalised

GS = "\x1d"
"""Group separator: how a scanner transmits FNC1 behind an element of variable length."""

COMPOSITE = "|]e0"
"""Between the linear and the two-dimensional part of a composite symbol that came as one message."""

TEXT_CHARACTERS_MAX = 8192
"""More than any symbol holds (QR: 7,089 digits); bounds the work on one read."""

ApplicationIdentifiers = Mapping[str, str]

_DATE_INSIDE = re.compile(r"1[1-7][0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?=$|10|21|30|37|310|392)")

_FREE_TEXT = frozenset({"10", "21", "22", "30", "37", "240", "241", "250", "251", "400"})
"""Elements that others usually follow, and whose own values seldom hold a date."""

# Upper or lower case as a whole: a mixed-case scheme is no GS1 Digital Link.
_DIGITAL_LINK = re.compile(r"(?:https?|HTTPS?)://[^/?#]+(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.DOTALL)
_PRIMARY_KEYS = frozenset(
    {"00", "01", "253", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018"}
    | {"sscc", "gtin", "gdti", "gcn", "ginc", "gsin", "gln", "grai", "giai", "itip", "cpid", "gmn", "gsrnp", "gsrn"}
)
_ALIASES = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "sscc": "00", "giai": "8004", "grai": "8003", "gln": "414",
    "gsrn": "8018", "gsrnp": "8017", "gdti": "253", "gcn": "255", "gmn": "8013", "ginc": "401", "gsin": "402",
    "lot": "10", "ser": "21", "cpv": "22", "exp": "17",
}  # fmt: skip


def element_strings(text: str) -> ApplicationIdentifiers | None:
    """Application identifiers and their values, in order; None where the text is not wholly element strings.

    Separators in front, doubled or at the end are tolerated, as scanners send them.
    """
    rest = text.lstrip(GS)
    if not rest or len(rest) > TEXT_CHARACTERS_MAX or not rest.isascii():
        return None
    from protocols.barcodes import gs1_elements

    found: list[tuple[str, str]] = []
    while rest:
        element = gs1_elements.first_of(rest)
        if element is None:
            return None
        rest = rest[element.length :]
        if rest and element.is_separator_required and not rest.startswith(GS):
            return None
        found.append((element.identifier, element.value))
        rest = rest.lstrip(GS)
    return _without_conflict(found)


def may_lack_separators(text: str) -> bool:
    """Element strings without any GS, of which one seems to have run into the next.

    Either it is longer than it may be, or inside it stands what looks like a date with its identifier (10ABC17261231).
    """
    if GS in text or len(text) > TEXT_CHARACTERS_MAX or not text.isascii():
        return False
    from protocols.barcodes import gs1_elements

    rest = text
    while rest and (element := gs1_elements.first_of(rest)) is not None:
        rest = rest[element.length :]
        is_run_on = element.identifier in _FREE_TEXT and _DATE_INSIDE.search(element.value, 1) is not None
        if element.is_separator_required and (rest or is_run_on):
            return True
    return False


def digital_link(text: str) -> ApplicationIdentifiers | None:
    """The application identifiers of a GS1 Digital Link URI; None where the text is another address or none."""
    match = _DIGITAL_LINK.fullmatch(text) if len(text) <= TEXT_CHARACTERS_MAX else None
    if match is None:
        return None
    path = _key_and_qualifiers(match["path"].strip("/").split("/"))
    if not path:
        return None
    # parse_qsl would read a plus sign as a space; in a Digital Link it is a plus sign.
    query = parse_qsl((match["query"] or "").replace("+", "%2B").replace(";", "&"))
    pairs = [*path, *((_ALIASES.get(key, key), value) for key, value in query)]
    checked = _checked_pairs(pairs, keys_required=len(path))
    return None if checked is None else _without_conflict(checked)


def gtin_of(application_identifiers: ApplicationIdentifiers) -> str | None:
    """The GTIN of the item itself (AI 01), if its check digit is right."""
    return normalised(application_identifiers.get("01", ""))


def _key_and_qualifiers(segments: list[str]) -> list[tuple[str, str]]:
    """The rightmost primary key of the path with its value, and the pairs behind it; empty where there is none."""
    for start in range(len(segments) - 2, -1, -2):
        if segments[start] in _PRIMARY_KEYS:
            pairs = zip(segments[start::2], segments[start + 1 :: 2], strict=True)
            return [(_ALIASES.get(key, key), unquote(value)) for key, value in pairs]
    return []


def _checked_pairs(pairs: Iterable[tuple[str, str]], keys_required: int) -> list[tuple[str, str]] | None:
    """None where one is wrong. Of the query, keys that are no application identifier are no business of GS1."""
    from protocols.barcodes import gs1_elements

    checked: list[tuple[str, str]] = []
    for position, (key, value) in enumerate(pairs):
        if position >= keys_required and not gs1_elements.is_application_identifier(key):
            continue
        padded = value.zfill(14) if key in ("01", "02") else value
        parsed = gs1_elements.value_of(f"{key}{padded}")
        if parsed is None:
            return None
        checked.append((key, parsed))
    return checked


def _without_conflict(pairs: Iterable[tuple[str, str]]) -> ApplicationIdentifiers | None:
    found: dict[str, str] = {}
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            return None
    return found
