"""Driving licences: the age and the expiry, in every form that issuers print; and nothing else. All names invented."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.barcodes.aamva import is_expired, is_licence, is_of_age, licence_of
from protocols.decoding import find_protocols

ELEMENTS = "DAQX0000000\nDCSEXAMPLE\nDACINVENTED\nDADNONE\nDAG1 NO STREET\nDBB{born}\nDBA{expires}\nDBC1\nDAJXX\n"


def licence(
    head: str = "@\n\x1e\rANSI ",
    numbers: str = "63600009000",
    born: str = "07041990",
    expires: str = "07042030",
    subfile: str = "DL00410278ZV03190008DL",
) -> bytes:
    elements = ELEMENTS.format(born=born, expires=expires)
    return f"{head}{numbers}2{subfile}{elements}\rZVZVA01\r".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (licence(), ("ANSI", "636000", 9, "0x1E")),
        (licence("@\n\x1e\rAAMVA", "6360030101"[:10], "19900704", "20300704"), ("AAMVA", "636003", 1, "0x1E")),
        (licence("@\n\x1c\rANSI ", "636005010", "19900704", "20300704"), ("ANSI", "636005", 1, "0x1C")),
        (licence("@\n\rANSI "), ("ANSI", "636000", 9, None)),
        (licence(" @\n\x1e\rANSI "), ("ANSI", "636000", 9, "0x1E")),
        (licence("]L0@\r\n\x1e\rANSI "), ("ANSI", "636000", 9, "0x1E")),
        (licence(born="19900704", expires="20300704"), ("ANSI", "636000", 9, "0x1E")),  # Canada
        (licence(subfile="DL99999999ZV00000001DL"), ("ANSI", "636000", 9, "0x1E")),  # offsets lie
        (licence() + b"\\928\\111\\100", ("ANSI", "636000", 9, "0x1E")),  # error correction, escaped
    ],
)  # fmt: skip
def test_licence_is_read_in_every_form(data: bytes, expected: tuple[str, str, int, str | None]) -> None:
    found = licence_of(data)
    assert found is not None
    assert (found.file_type, found.iin, found.version, found.record_separator) == expected
    assert (found.born, found.expires) == (date(1990, 7, 4), date(2030, 7, 4))


def test_dates_are_found_where_they_are_the_first_element() -> None:
    data = licence().replace(b"DBB07041990\n", b"").replace(b"DLDAQ", b"DLDBB07041990\nDAQ")
    found = licence_of(data)
    assert found is not None
    assert found.born == date(1990, 7, 4)


@pytest.mark.parametrize("born", ["00000000", "13321990", "NONE", "        "])
def test_licence_without_a_date_says_that_it_does_not_know(born: str) -> None:
    found = licence_of(licence(born=born))
    assert found is not None
    assert is_of_age(found, 18, date(2026, 11, 22)) is None


@pytest.mark.parametrize(
    ("today", "age", "expected"),
    [
        (date(2008, 7, 3), 18, False),
        (date(2008, 7, 4), 18, True),
        (date(2011, 7, 3), 21, False),
        (date(2011, 7, 4), 21, True),
    ],
)
def test_age_begins_on_the_birthday(today: date, age: int, expected: bool) -> None:
    found = licence_of(licence())
    assert found is not None
    assert is_of_age(found, age, today) is expected


def test_age_of_who_was_born_on_29_february_begins_on_1_march() -> None:
    found = licence_of(licence(born="02292008"))
    assert found is not None
    assert is_of_age(found, 18, date(2026, 2, 28)) is False
    assert is_of_age(found, 18, date(2026, 3, 1)) is True


def test_licence_is_valid_through_its_last_day() -> None:
    found = licence_of(licence())
    assert found is not None
    assert is_expired(found, date(2030, 7, 4)) is False
    assert is_expired(found, date(2030, 7, 5)) is True


def test_decode_shows_developers_the_dates_and_no_person() -> None:
    [event] = find_protocols()["barcode/aamva-pdf417"].decode(licence())
    assert event == {
        "event": "licence_parsed", "file_type": "ANSI", "iin": "636000", "version": 9, "dob": "1990-07-04",
        "expiry": "2030-07-04", "record_separator": "0x1E", "leading_space": False,
    }  # fmt: skip
    [rejected] = find_protocols()["barcode/aamva-pdf417"].decode(licence()[3:])
    assert rejected["data"] == ""


@given(data=st.binary(max_size=300))
def test_licence_never_raises(data: bytes) -> None:
    licence_of(data)
    licence_of(b"@\n\x1e\rANSI 636000090002" + data)
    assert not is_licence(b"4006381333931")
