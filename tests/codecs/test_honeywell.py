"""Honeywell: commands, replies and framed results on serial; reports and commands over USB HID POS."""

from __future__ import annotations

from typing import Any

import pytest

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.decoding import find_protocols
from protocols.scanners.hid_pos import HidPosReads
from protocols.scanners.honeywell_menu import MenuReply, decode_reply, encode_hid, encode_menu
from protocols.scanners.honeywell_serial import FramedRead, HoneywellSerialCodec


def told(protocol: str, data: bytes, direction: str = "device->host") -> list[dict[str, Any]]:
    return find_protocols()[f"scanner/{protocol}"].decode(data, direction)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # Honeywell user guides, "Serial Programming Commands"
        (b"\x16T\r", {"command": "trigger_on"}),
        (b"\x16U\r", {"command": "trigger_off"}),
        (b"\x16\x07\r", {"command": "beep"}),
        (b"\x16M\r232BAD9.", {"command": "menu", "tag": "232BAD", "value": "9", "storage": "."}),
        (b"\x16M\rBEPLVL1!", {"command": "menu", "tag": "BEPLVL", "value": "1", "storage_name": "ram"}),
        (b"\x16M\rCBRENA?.", {"command": "menu", "tag": "CBRENA", "query": "?"}),
        (b"\x16M\rREVINF.", {"command": "menu", "tag": "REVINF"}),
    ],
)
def test_honeywell_command_is_told(data: bytes, expected: dict[str, Any]) -> None:
    (event,) = told("honeywell-serial", data, "host->device")
    assert {name: event.get(name) for name in expected} == expected
    (event,) = told("honeywell-hidpos", encode_hid(data), "host->device")
    assert {name: event.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"XYZABC\x05.", {"status": "ENQ", "meaning": "invalid tag/subtag", "tag": "XYZABC"}),
        (b"CBRENA1\x06.", {"status": "ACK", "tag": "CBRENA", "value": "1"}),
        (b"232BAD99\x15.", {"status": "NAK", "meaning": "invalid data"}),
        (b"CBRENA1\x06,\nSSX0\x06,\nCK20\x06.", {"status": "ACK", "value": "1"}),
        (b"BEPLVL1\x06;DECHDR\x05!", {"status": "ENQ", "storage": "!"}),
    ],
)
def test_honeywell_reply_is_told(data: bytes, expected: dict[str, Any]) -> None:
    (event,) = told("honeywell-serial", data)
    assert {name: event.get(name) for name in expected} == expected


REVISIONS = (
    b"Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoftware Part Number: CW000082BBA\r\n"
    b"Software Revision: $ProjectRevision: 16345 \r\nSerial Number: 15232B1F0C\r\nREVINF\x06."
)


def test_honeywell_revisions_are_told_by_name() -> None:
    reply = decode_reply(REVISIONS)
    assert reply is not None
    assert dict(reply.information) == {
        "Product Name": "Voyager 1602g",
        "Boot Revision": "8992",
        "Software Part Number": "CW000082BBA",
        "Software Revision": "$ProjectRevision: 16345",
        "Serial Number": "15232B1F0C",
    }


def framed(text: bytes, *, digits: bytes | None = None) -> bytes:
    data = text + b"\r"
    length = digits or f"{len(data):04d}".encode()
    return b"\x16\xfe" + (14 + len(data)).to_bytes(4, "little") + b"\rMSGGET" + length + b"dE0\x1d" + data


@pytest.mark.parametrize("text", [b"", b"4006381333931", b"9" * 2047, b"two\rlines\x16\xfe"])
def test_honeywell_framed_result_is_read_by_its_length(text: bytes) -> None:
    (event,) = HoneywellSerialCodec().feed(framed(text))
    assert isinstance(event, FramedRead)
    assert (event.data, event.aim, event.code_id, event.length) == (text, "]E0", "d", len(text) + 1)


@pytest.mark.parametrize(
    "damaged",
    [
        framed(b"12").replace(b"\rMSG", b"\x00MSG"),
        framed(b"12").replace(b"MSGGET", b"MS\x00GET"),
        framed(b"12").replace(b"\x1d", b"\r"),
        framed(b"12", digits=b"00@3"),
        framed(b"12", digits=b"0000"),
        framed(b"12", digits=b"0002"),
    ],
)
def test_honeywell_damaged_frame_is_rejected_and_the_next_is_read(damaged: bytes) -> None:
    events = HoneywellSerialCodec().feed(damaged + framed(b"4006381333931"))
    assert [type(event) for event in events] == [FrameRejected, FramedRead]
    assert isinstance(events[1], FramedRead)
    assert events[1].data == b"4006381333931"


def test_honeywell_data_of_a_damaged_frame_is_no_scan() -> None:
    codec = HoneywellSerialCodec()
    damaged = framed(b"4006381333931").replace(b"MSGGET", b"MSGGES")
    assert [type(event) for event in codec.feed(damaged)] == [FrameRejected]
    assert codec.has_pending
    assert codec.flush() == []
    assert [type(event) for event in codec.feed(b"96385074\r")] == [BarcodeRead]


def test_honeywell_scan_between_command_and_reply_is_a_scan() -> None:
    codec = HoneywellSerialCodec()
    codec.await_reply()
    read, reply = codec.feed(b"4006381333931\r" + REVISIONS)
    assert isinstance(read, BarcodeRead)
    assert read.data == b"4006381333931"
    assert isinstance(reply, MenuReply)
    assert len(reply.information) == 5


@pytest.mark.parametrize("before", [b"Lot: 12345\r", b"4006381333931\t", b"4006381333931\x03"])
def test_honeywell_scan_in_front_of_a_reply_is_a_scan_whatever_its_suffix(before: bytes) -> None:
    codec = HoneywellSerialCodec()
    codec.await_reply("BEPLVL")
    read, reply = codec.feed(before + b"BEPLVL1\x06!")
    assert isinstance(read, BarcodeRead)
    assert read.data == before[:-1]
    assert isinstance(reply, MenuReply)
    assert [setting.text for setting in reply.settings] == ["BEPLVL1"]


def test_honeywell_reply_that_comes_too_late_is_no_scan_and_glues_to_none() -> None:
    rejected, read = HoneywellSerialCodec().feed(b"REVINF\x06.4006381333931\r")
    assert rejected == FrameRejected.of("reply_unasked", b"REVINF\x06.")
    assert isinstance(read, BarcodeRead)
    assert read.data == b"4006381333931"


def test_honeywell_reply_to_another_command_is_not_the_one_awaited() -> None:
    codec = HoneywellSerialCodec()
    codec.await_reply("BEPLVL")
    assert not any(isinstance(event, MenuReply) for event in codec.feed(b"REVINF\x06."))
    assert [type(event) for event in codec.feed(b"BEPLVL1\x06!")] == [MenuReply]


def test_honeywell_scans_are_not_held_while_no_reply_is_awaited() -> None:
    codec = HoneywellSerialCodec()
    assert [type(event) for event in codec.feed(b"4006381333931\r")] == [BarcodeRead]
    codec.await_reply("BEPLVL")
    assert codec.feed(b"96385074\r") == []
    assert [type(event) for event in codec.stop_awaiting()] == [BarcodeRead]


@pytest.mark.parametrize("text", ["AB", "BEPLVL1!", "BEPLVL1.", "BEP\x06LVL", "B" * 201])
def test_honeywell_text_that_is_no_menu_command_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="menu command"):
        encode_menu(text)


CAPTURE = [
    # a Voyager 1602g answers REVINF (HenkVanAsselt/python_hon_usbhid, README)
    "02385d583050726f64756374204e616d653a20566f79616765722031363032670d0a426f6f74205265766973696f6e3a203a20383939320d0a536f66743f0001",
    "02385d5830776172652050617274204e756d6265723a2043573030303038324242410d0a536f667477617265205265766973696f6e3a202450726f6a653f0001",
    "02095d5830756d3a204e2f410d0a".ljust(122, "0") + "3f0000",
    "02085d5a36524556494e46062e".ljust(122, "0") + "360000",
]


def test_honeywell_reports_of_a_reply_are_told_and_joined() -> None:
    events = told("honeywell-hidpos", bytes.fromhex("".join(CAPTURE)))
    reports = [event for event in events if event["event"] == "hid_pos_report"]
    assert [event["more"] for event in reports] == [True, True, False, False]
    assert [event["vendor_symbology"] for event in reports] == ["0x3f", "0x3f", "0x3f", "0x36"]
    assert reports[0]["data"] == "Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoft"
    assert (reports[3]["aim"], reports[3]["status"], reports[3]["command"]) == ("]Z6", "ACK", "REVINF")
    (joined,) = (event for event in events if event["event"] == "barcode_read")
    assert joined["joined"].startswith("Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoftware Part")


def report(data: bytes, aim: bytes = b"]Q1", more: int = 0, offset: int = 0) -> bytes:
    return (bytes((2, len(data))) + bytes(offset) + aim + data).ljust(61, b"\x00") + bytes((0x73, 0, more))


def reads(*reports: bytes) -> list[CodecEvent]:
    codec = HidPosReads(has_code_ids=True)
    return [event for each in reports for event in codec.feed(each)]


def test_hid_pos_long_read_is_joined() -> None:
    (read,) = reads(report(b"a" * 56, more=1), report(b"b" * 56, more=1), report(b"c"))
    assert isinstance(read, BarcodeRead)
    assert read.raw == b"]Q1" + b"a" * 56 + b"b" * 56 + b"c"
    assert read.code_id == "s"


def test_hid_pos_byte_in_front_of_the_identifier_is_skipped() -> None:
    (event,) = told("hid-pos-8c", report(b"4006381333931", b"]E0", offset=1))
    assert (event["aim"], event["aim_offset"], event["data"]) == ("]E0", 1, "4006381333931")
    (read,) = reads(report(b"4006381333931", b"\x00\x00\x00"))
    assert isinstance(read, BarcodeRead)
    assert (read.aim, read.data) == (None, b"4006381333931")


def test_hid_pos_read_whose_rest_did_not_come_is_not_glued_to_the_next() -> None:
    rejected, read = reads(report(b"a" * 56, more=1), report(b"4006381333931", b"]E0"))
    assert rejected == FrameRejected.of("aim_changed", b"a" * 56)
    assert isinstance(read, BarcodeRead)
    assert read.data == b"4006381333931"


def test_hid_pos_read_without_end_is_bounded() -> None:
    events = reads(*[report(b"a" * 56, more=1)] * 200, report(b"a"), report(b"next"))
    assert [type(event) for event in events] == [FrameRejected, BarcodeRead]


@pytest.mark.parametrize(
    "wrong",
    [b"", b"\x02", report(b"1")[:63], b"\x03" + report(b"1")[1:], b"\x02\x39" + report(b"1")[2:]],
)
def test_hid_pos_report_that_is_none_is_rejected(wrong: bytes) -> None:
    (event,) = reads(wrong)
    assert isinstance(event, FrameRejected)
