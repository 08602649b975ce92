"""What a host sends to an ESC/POS printer, read: commands by name with their values, text in its code pages."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.decoding import find_protocols


def read(data: bytes, protocol: str = "escpos", direction: str = "host->device") -> list[dict[str, Any]]:
    return find_protocols()[protocol].decode(data, direction)


@pytest.mark.parametrize(
    ("data", "written", "values"),
    [
        (b"\x1b!\xb9", "ESC ! 185", {"font": "b", "bold": True, "height": 2, "width": 2, "underline": 1}),
        (b"\x1b-\x32", "ESC - 50", {"underline": 2}),
        (b"\x1d!\x21", "GS ! 33", {"width": 3, "height": 2}),
        (b"\x1ba1", "ESC a 49", {"align": "center"}),
        (b"\x1bt\x13", "ESC t 19", {"code_page": "cp858"}),
        (b"\x1bp\x01\x32\xfa", "ESC p 1 50 250", {"pin": 5, "on_ms": 100, "off_ms": 500}),
        (b"\x10\x14\x01\x00\x05", "DLE DC4 1 0 5", {"pin": 2, "on_ms": 500}),
        (b"\x1dVB\x03", "GS V 66 3", {"mode": "partial", "feed": 3}),
        (b"\x1dVA\x00", "GS V 65 0", {"mode": "full", "feed": 0}),
        (b"\x1dV1", "GS V 49", {"mode": "partial"}),
        (b"\x1br\x01", "ESC r 1", {"colour": "red"}),
        (b"\x1dkH\x03A1Z", "GS k 72", {"symbology": "code_93", "data": "A1Z"}),
        (b"\x1dkI\x08{C{1\x0c\x22{B", "GS k 73", {"symbology": "code_128", "data": "\x1d1234"}),
        (b"\x1dk\x02400638133393\x00", "GS k 2", {"symbology": "ean_13", "data": "400638133393"}),
        (b"\x1d(k\x06\x001P0abc", "GS ( k", {"symbology": "qr", "function": "store", "data": "abc"}),
        (b"\x1d(k\x03\x001E2", "GS ( k", {"function": "level", "level": "Q"}),
        (b"\x1d(k\x04\x000E0\x33", "GS ( k", {"symbology": "pdf417", "level": 3}),
        (b"\x1d(k\x04\x000E1\x02", "GS ( k", {"symbology": "pdf417", "level": 2}),
        (
            b"\x1dv0\x00\x02\x00\x01\x00\xff\xff",
            "GS v 0",
            {"width_dots": 16, "height_dots": 1, "data_bytes": 2},
        ),
        (b"\x1b*\x21\x01\x00abc", "ESC *", {"width_dots": 1, "height_dots": 24, "mode": 33}),
        (b"\x1d(L\x06\x000EG1\x01\x01", "GS ( L", {"function": "print_stored", "key": "G1"}),
        (b"\x1b(A\x04\x00\x30\x31\x02\x03", "ESC ( A", {"times": 2, "duration_ms": 300}),
        (b"\x1bB\x02\x03", "ESC B 2 3", {"times": 2, "duration_ms": 300}),
        (b"\x1d(D\x03\x00\x14\x01\x00", "GS ( D", {"enabled": {"DLE DC4 1": False}}),
        (b"\x1dI\x43", "GS I 67", {"asks": "model_name"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_command_is_told_with_what_its_parameters_mean(data: bytes, written: str, values: dict[str, Any]) -> None:
    (told,) = read(data)
    assert told["written"] == written
    assert {name: told.get(name) for name in values} == values


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"Pchn\x1bt\x12\xa5\x86\n", ["Pchnąć\n"]),
        (b"one\ntwo", ["one\n", "two"]),
        (b"\x1c&\xba\xba\xd7\xd6\x1c.a\x82\n", ["汉字aé\n"]),
        (b"\x1cC\x01\x1c&\x8a\xbf\x8e\x9a\n", ["漢字\n"]),
        (b"a\x1bE\x01b\n", ["a", "b\n"]),
        (b"\x1bt\x12\xa5\x1b@\x82\n", ["ą", "é\n"]),
        (b"Ti\x1bt\x1e\xd5ng Vi\xd6t\n", ["Tiếng Việt\n"]),
        (b"\x1bt\x1f\xa7\xa2\n", ["ĐÂ\n"]),
        (b"\x1bt\x1e\x80\xb0\n", ["\ufffd\ufffd\n"]),
    ],
)
def test_text_is_told_line_by_line_across_code_pages(data: bytes, lines: list[str]) -> None:
    assert [told["text"] for told in read(data) if told["event"] == "printed_text"] == lines


@pytest.mark.parametrize(
    ("data", "written", "values"),
    [
        (b"\x1bE", "ESC E", {"bold": True}),
        (b"\x1bF", "ESC F", {"bold": False}),
        (b"\x1b-\x31", "ESC - 49", {"underline": True}),
        (b"\x1b\x1da1", "ESC GS a 49", {"align": "center"}),
        (b"\x1b\x1dt\x20", "ESC GS t 32", {"code_page": "cp1252"}),
        (b"\x1b\x1dt\x19", "ESC GS t 25", {"code_page": "25"}),
        (b"\x1bi\x01\x02", "ESC i 1 2", {"height": 2, "width": 3}),
        (b"\x0e", "SO", {"width": 2}),
        (b"\x1bd\x00", "ESC d 0", {"mode": "full", "feeds": False}),
        (b"\x1bd\x33", "ESC d 51", {"mode": "partial", "feeds": True}),
        (b"\x1b\x07\x14\x0a", "ESC BEL 20 10", {"on_ms": 200, "off_ms": 100}),
        (b"\x07", "BEL", {"pin": 2}),
        (b"\x1a", "SUB", {"pin": 5}),
        (b"\x1b\x1d\x19\x11\x01\x05\x0a", "ESC GS EM DC1 1 5 10", {"on_ms": 100, "off_ms": 200}),
        (b"\x1b\x1d\x03\x01\x34\x12", "ESC GS ETX 1 52 18", {"function": 1, "document_id": 0x1234}),
        (b"\x1b\x1dyS1\x03", "ESC GS y S 1 3", {"level": "H"}),
        (b"\x1b\x1dyS1\x09", "ESC GS y S 1 9", {}),
        (b"\x1b\x1dyD1\x00\x03\x00abc", "ESC GS y D 1", {"data": "abc", "data_bytes": 3}),
        (b"\x1b\x1dxS2\x02", "ESC GS x S 2 2", {"module_dots": 2}),
        (b"\x1bb\x03\x02\x02\x504006381333931\x1e", "ESC b", {"symbology": "ean_13", "text_position": "below"}),
        (b"\x1b\x1dS\x01\x02\x00\x01\x00\x00\xff\xff", "ESC GS S", {"width_dots": 16, "height_dots": 1}),
        (b"\x1b\x1ea\x01", "ESC RS a 1", {"enabled": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_command_of_a_star_printer_is_told_with_what_its_parameters_mean(
    data: bytes, written: str, values: dict[str, Any]
) -> None:
    for protocol in ("star", "star.status"):
        (told,) = read(data, protocol)
        assert told["written"] == written
        assert {name: told.get(name) for name in values} == values
        assert "values" not in told


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"\x1b\x1dt\x01h\x82llo\n\r", ["héllo\n"]),
        (b"\x1b\x1dt\x01h\x82\x1b\x1dt\x0f\xaf\x1b\x1dt\x0a\xa6\x1b\x1dt\x05\x88\n", ["héψжł\n"]),
        (b"\x1b\x1dt\x15\xa1\xd3\n", ["กำ\n"]),
        (b"one\ntwo\x1bEthree", ["one\n", "two", "three"]),
        (b"\x1b\x1dt\x05\x88\x1b@a\n", ["ł", "a\n"]),
    ],
)
def test_text_for_a_star_printer_is_told_line_by_line_across_code_pages(data: bytes, lines: list[str]) -> None:
    assert [told["text"] for told in read(data, "star") if told["event"] == "printed_text"] == lines


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (251658262, {"print_success": True, "online": True, "paper_low": False, "drawer_pin3_high": True}),
        (251854870, {"print_success": True, "online": True, "paper_low": True, "near_end": True, "paper_loaded": True}),
        (1, {"no_response": True, "no_response_0x1": True, "code": "EX_BADPORT", "print_success": False}),
        (0x000C002C, {"online": False, "cover_open": True, "paper_loaded": False, "print_success": False}),
    ],
)
def test_status_of_epos_print_is_told(value: int, expected: dict[str, Any]) -> None:
    (told,) = read(value.to_bytes(4, "little"), "escpos.epos_xml", "device->host")
    assert told["xml_status_decimal"] == value
    assert {name: told.get(name) for name in expected} == expected
    assert "online" not in told or value != 1
