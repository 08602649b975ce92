"""Driving licences of North America (PDF417): only what a till may know, the age and whether it has expired.

AAMVA DL/ID Card Design Standard (2020), annex D.12: ``@`` LF RS CR, ``ANSI `` or ``AAMVA``, issuer (6 digits), version
(2), jurisdiction version (2, from version 2 on), number of subfiles (2), then subfiles. Elements are three letters and
their value up to LF. The offsets in the header are often wrong, so DBA and DBB are looked for by their names. Dates:
CCYYMMDD in version 1 and in Canada, else MMDDCCYY; a month of 19 or 20 does not exist, so each date tells its own form.

Nothing else of a licence leaves this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

HEADER_OFFSET_BYTES_MAX = 16
"""What scanners put in front: an identifier, a space, control characters."""

_HEADER = re.compile(
    rb"(?P<lead>[^@]{0,%d})@(?P<controls>[\r\n\x1c\x1d\x1e]{0,8})"
    rb"(?P<file_type>ANSI ?|AAMVA)(?P<iin>[0-9]{6})(?P<version>[0-9]{2})" % HEADER_OFFSET_BYTES_MAX
)
_BEGIN = rb"(?:[\r\n\x1c\x1d\x1e]|(?:DL|ID|EN)(?=D[A-D][A-Z]))"
_ELEMENT = {name: re.compile(_BEGIN + name + rb"[ ]?([0-9]{8})") for name in (b"DBA", b"DBB")}
_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Licence:
    """``born``, ``expires``: None where the licence does not say, or says no date.

    ``record_separator``: RS, or what was there in its place; None where nothing was.
    """

    file_type: str
    iin: str
    version: int
    record_separator: str | None
    has_leading_space: bool
    born: date | None
    expires: date | None


def is_licence(data: bytes) -> bool:
    """The data begins as a licence does."""
    return _HEADER.match(data) is not None


def licence_of(data: bytes) -> Licence | None:
    """None where the data is no licence."""
    header = _HEADER.match(data)
    if header is None:
        return None
    separators = header["controls"].strip(b"\r\n")
    return Licence(
        file_type=header["file_type"].decode("ascii").strip(),
        iin=header["iin"].decode("ascii"),
        version=int(header["version"]),
        record_separator=f"0x{separators[0]:02X}" if separators else None,
        has_leading_space=header["lead"].endswith(b" "),
        born=_date(data, b"DBB"),
        expires=_date(data, b"DBA"),
    )


def is_of_age(licence: Licence, age: int, today: date) -> bool | None:
    """Whether the holder is ``age`` or older. None: the licence does not say. Born on 29 February: from 1 March."""
    born = licence.born
    if born is None:
        return None
    has_birthday_to_come = (today.month, today.day) < (born.month, born.day)
    return today.year - born.year - has_birthday_to_come >= age


def is_expired(licence: Licence, today: date) -> bool | None:
    """It is valid through the last day. None: the licence does not say."""
    return None if licence.expires is None else today > licence.expires


def _date(data: bytes, name: bytes) -> date | None:
    match = _ELEMENT[name].search(data)
    if match is None:
        return None
    digits = match[1].decode("ascii")
    for year, month, day in ((digits[4:], digits[:2], digits[2:4]), (digits[:4], digits[4:6], digits[6:])):
        if int(year) in _YEARS:
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None
