"""Status of label printers: what each answer means, under the names and in the words that tools rely on."""

from __future__ import annotations

import pytest

from protocols.decoding import JsonEvent, find_protocols
from protocols.printers.tspl_status import TsplExtendedStatus, TsplQuery, TsplStatus, TsplStatusCodec, TsplText

HOST_STATUS_1 = "\x02030,{paper},{pause},1245,{formats},{full},0,0,000,0,0,0\x03\r\n"
HOST_STATUS_2 = "\x02000,{unused},{head},{ribbon},{thermal},2,4,0,{remaining},1,000\x03\r\n"
HOST_STATUS_3 = "\x021234,0\x03"
NOTHING = {
    "paper": 0,
    "pause": 0,
    "formats": "000",
    "full": 0,
    "unused": 0,
    "head": 0,
    "ribbon": 0,
    "thermal": 0,
    "remaining": "00000000",
}


def host_status(**changes: object) -> bytes:
    return (HOST_STATUS_1 + HOST_STATUS_2 + HOST_STATUS_3).format(**NOTHING | changes).encode()


def decode(protocol: str, data: bytes, direction: str = "device->host") -> list[JsonEvent]:
    return find_protocols()[protocol].decode(data, direction)


def only(protocol: str, data: bytes) -> JsonEvent:
    (event,) = decode(protocol, data)
    return event


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            {"ready": True, "complete": True, "labels_remaining": 0, "print_mode": "tear off"},
        ),
        ({"pause": 1}, {"ready": False, "paused": True}),
        ({"paper": 1}, {"ready": False, "paper_out": True, "media_out": True}),
        ({"head": 1}, {"ready": False, "head_up": True, "head_open": True}),
        ({"ribbon": 1, "thermal": 1}, {"ready": False, "ribbon_out": True, "thermal_transfer": True}),
        ({"formats": "003", "remaining": "00000012"}, {"ready": True, "formats_in_buffer": 3, "labels_remaining": 12}),
        ({"full": 1}, {"ready": False, "buffer_full": True}),
        # Some readers take the unused flag for the head; the manual's field of the head is the next one.
        ({"unused": 1}, {"ready": True, "head_up": False}),
    ],
)
def test_zpl_host_status_is_read_as_the_manual_counts(changes: dict[str, object], expected: JsonEvent) -> None:
    event = only("zpl.status", host_status(**changes))
    assert {name: event[name] for name in expected} == expected
    assert event["query"] == "~HS"


def test_zpl_host_status_that_breaks_off_is_not_ready() -> None:
    event = only("zpl.status", b"\x02030,0,0,800,002,0,0,0,000,0,0,0\x03")
    assert event["complete"] is False
    assert event["formats_in_buffer"] == 2
    assert event["label_length_dots"] == 800
    assert "ready" not in event


def test_zpl_host_status_with_a_bad_number_is_an_error() -> None:
    event = only("zpl.status", host_status(thermal="abc"))
    assert event["event"] == "frame_rejected"
    assert event["error"] == "malformed numeric field in string 2"
    assert event["query"] == "~HS"


def test_zpl_identity_and_errors_are_told() -> None:
    identity = only("zpl.status", b"\x02ZTC ZD421-203dpi ZPL,V93.21.17Z,8,8192KB\x03\r\n")
    assert (identity["model"], identity["firmware"], identity["dpmm"]) == ("ZTC ZD421-203dpi ZPL", "V93.21.17Z", 8)
    text = "\x02\r\n\r\n  PRINTER STATUS\r\n  ERRORS:         1 00000000 00010005\r\n"
    status = only("zpl.status", (text + "  WARNINGS:       1 00000000 00000002\r\n\x03\r\n").encode())
    assert status["errors"] == ["media out", "head open", "paused"]
    assert status["warnings"] == ["clean printhead"]


STATES = {
    0x01: "head opened",
    0x02: "paper jam",
    0x04: "out of paper",
    0x08: "out of ribbon",
    0x10: "pause",
    0x20: "printing",
    0x40: "cover opened",
    0x80: "environment temperature over range",
}


def test_tspl_status_of_every_combination_names_its_conditions() -> None:
    for value in range(256):
        words = [word for mask, word in sorted(STATES.items(), reverse=True) if value & mask]
        event = only("tspl.status", bytes((value,)))
        assert event["state"] == (" + ".join(words) or "normal")
        assert event["query"] == "ESC ! ? (1b213f)"
        assert event["ready"] is (value & ~0x20 == 0)


@pytest.mark.parametrize(
    ("frame", "message", "warning", "errors"),
    [
        ("@@@@", "normal", "normal", []),
        ("`@@@", "pause", "normal", []),
        ("B@@@", "backing label", "normal", []),
        ("C@@@", "cutting", "normal", []),
        ("E@@A", "printer error", "normal", ["paper empty"]),
        ("F@@@", "form feed", "normal", []),
        ("K@@@", "waiting to press print key", "normal", []),
        ("L@@@", "waiting to take label", "normal", []),
        ("P@@@", "printing batch", "normal", []),
        ("W@@@", "imaging", "normal", []),
        ("@A@@", "normal", "paper low", []),
        ("@B@@", "normal", "ribbon low", []),
        ("@H@@", "normal", "receive buffer full", []),
        ("@C@@", "normal", "paper low + ribbon low", []),
        ("E@AB", "printer error", "normal", ["print head overheat", "paper jam"]),
        ("E@BD", "printer error", "normal", ["stepping motor overheat", "ribbon empty"]),
        ("E@DH", "printer error", "normal", ["print head error", "ribbon jam"]),
        ("E@H`", "printer error", "normal", ["cutter jam", "print head open"]),
        ("E@Pa", "printer error", "normal", ["insufficient memory", "paper empty", "print head open"]),
        ("Z@@P", "unknown (5A)", "normal", ["unknown (50)"]),
    ],
)
def test_tspl_extended_status_names_every_letter(frame: str, message: str, warning: str, errors: list[str]) -> None:
    event = only("tspl.status", f"\x02{frame}\x03\r\n".encode())
    assert (event["message"], event["warning"], event["errors"]) == (message, warning, errors)
    assert event["query"] == "ESC ! S"


def test_tspl_byte_that_could_begin_a_frame_is_read_by_its_question() -> None:
    codec = TsplStatusCodec()
    codec.expect(TsplQuery.STATUS)
    (jam,) = codec.feed(b"\x02")
    assert isinstance(jam, TsplStatus)
    codec.expect(TsplQuery.MODEL)
    codec.expect(TsplQuery.EXTENDED)
    model, extended = codec.feed(b"TTP-244 Plus\r\n\x02@@@@\x03\r\n")
    assert isinstance(model, TsplText)
    assert model.text == "TTP-244 Plus"
    assert isinstance(extended, TsplExtendedStatus)
    assert codec.flush() == []


def test_tspl_status_bytes_in_a_row_are_all_read() -> None:
    assert [event["state"] for event in decode("tspl.status", b"\x02\x40\x02")] == [
        "paper jam",
        "cover opened",
        "paper jam",
    ]


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0x00, "normal"),
        (0x80, "paper empty"),
        (0x40, "cover open"),
        (0x20, "cutter jam"),
        (0x10, "TPH overheat"),
        (0x08, "gap detection error"),
        (0x04, "ribbon end"),
        (0xC4, "paper empty + cover open + ribbon end"),
    ],
)
def test_slcs_status_names_its_conditions(value: int, state: str) -> None:
    assert only("bixolon_slcs.status", bytes((value,)))["state"] == state


def test_slcs_byte_with_an_unassigned_bit_is_no_status() -> None:
    assert only("bixolon_slcs.status", b"\x81")["event"] == "frame_rejected"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x06", {"event": "epl_acknowledged", "acknowledged": True}),
        (b"\x1511\r\n", {"query": "US", "error": "print head open", "codes": ["11"]}),
        (b"\x1507P003\r\n", {"error": "out of media", "labels_remaining": 3}),
        (b"07,11\r\n", {"query": "^ee", "errors": ["out of media", "print head open"]}),
        (b"00\r\n", {"state": "normal", "errors": []}),
        (b"\x1555\r\n", {"error": "unknown (55)"}),
    ],
)
def test_epl_reports_are_told(data: bytes, expected: JsonEvent) -> None:
    event = only("epl.status", data)
    assert {name: event[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("protocol", "data", "commands"),
    [
        ("zpl.status", b"~HS~HI~HQES", ["~HS", "~HI", "~HQ"]),
        ("zpl.status", b"^XA^CI28^FO10,20^A0N,30,30^FDx^FS^PQ2,0,0,N^XZ", None),
        ("tspl.status", b"\x1b!?\x1b!S~!T\r\nCLS\r\nPRINT 2,1\r\n", ["ESC ! ?", "ESC ! S", "~!T", "CLS", "PRINT"]),
        ("tspl.status", b"BITMAP 0,0,2,2,0,\r\n\x1b!\r\nCLS\r\n", ["BITMAP", "CLS"]),
        ("bixolon_slcs.status", b"^cu\r\nCB\r\nT0,0,3,1,1,0,0,N,N,'P1'\r\nP1\r\n", ["^cu", "CB", "T", "P"]),
        ("epl.status", b'US\nN\nGW0,0,1,2,\n\n\nA0,0,0,3,1,1,N,"x"\nP2\n', ["US", "N", "GW", "A", "P"]),
    ],
)
def test_commands_of_the_host_are_told(protocol: str, data: bytes, commands: list[str] | None) -> None:
    events = decode(protocol, data, "host->device")
    assert all(event["event"] == "label_command" for event in events)
    if commands is not None:
        assert [event["command"] for event in events] == commands
