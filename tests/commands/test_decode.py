"""``edge-gateway decode``: the batch that tools rely on, and what it says of lines it cannot decode."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocols.scanners.zebra_ssi import encode_packet
from protocols.scanners.zebra_ssi_tables import Opcode, Source, Status


def decode(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_gateway", "decode", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


CASES: list[tuple[str, str, bytes, list[dict[str, Any]]]] = [
    (
        "scanner/rs232-plain",
        "device->host",
        b"4006381333931\r\n96385074\r\n",
        [{"text": "4006381333931"}, {"text": "96385074", "frames": ["4006381333931", "96385074"]}],
    ),
    (
        "scale/toledo-8217",
        "device->host",
        b"35\r\x0200.500\r",
        [{"discard": "35\\r"}, {"frames": [{"discard": "35\\r"}, {"weight": "0.500"}]}],
    ),
    (
        "scale/toledo-8217",
        "device->host",
        b"\x02?A\r\x0201.235\r\x02?@\r",
        [
            {"status": "weight_unstable"},
            {"weight": "1.235"},
            {
                "in_reply_to": "B (confidence result)",
                "frames": [{"status": "weight_unstable"}, {"weight": "1.235"}, {"status": "not_ready"}],
            },
        ],
    ),
    (
        "scanner/rs232-plain",
        "device->host",
        b"A4006381333931\r\n",
        [{"data": "4006381333931", "code_id": "A", "vendor": "zebra", "symbology": "UPC/EAN"}],
    ),
    (
        "scanner/rs232-plain",
        "device->host",
        b"d4006381333931\r",
        [{"code_id": "d", "vendor": "honeywell", "symbology": "EAN-13"}],
    ),
    ("scanner/rs232-plain", "device->host", b"D96385074\r", [{"code_id": "D", "symbology": "EAN-8"}]),
    ("scanner/rs232-plain", "device->host", b"E04252614\r", [{"symbology": "UPC-E", "gtin": "00042100005264"}]),
    ("scanner/rs232-plain", "device->host", b"L9781492053743\r", [{"vendor": "zebra", "symbology": "Bookland"}]),
    ("scanner/rs232-plain", "device->host", b"P0Q0104006381333931\r", [{"code_id": "P0Q", "symbology": "GS1 QR"}]),
    ("scanner/rs232-plain", "device->host", b"A4006381333930\r\n", [{"data": "A4006381333930"}]),
    ("scanner/rs232-plain", "device->host", b"]E04006381333931", [{"aim": "]E0", "symbology": "ean_13"}]),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        bytes.fromhex("0000210000000000020025000000000000002600000000000000280000000000"),
        [{"text": "4*9", "suffix": "Enter", "layout": "us", "reports": 4, "de_layout": "4(9"}],
    ),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        bytes.fromhex("0200040000000000000004000000000000000000000000000200050000000000"),
        [{"text": "AaB", "fr_layout": "QqB"}],
    ),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        bytes.fromhex("00001c000000000000000000000000000000210000000000"),  # Y, up, 4
        [
            {
                "text": "y4",
                "us_layout": "y4",
                "de_layout": "z4",
                "fr_layout_unshifted": "y'",
                "note": "same usages, different text: layout must be configuration",
            }
        ],
    ),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        # Alt with 0029, then 3, then Alt with 0232
        bytes.fromhex(
            "0400620000000000 0400620000000000 04005a0000000000 0400610000000000 0000000000000000 0000200000000000"
            "0400620000000000 04005a0000000000 04005b0000000000 04005a0000000000 0000000000000000"
        ),
        [{"text": "\x1d3è", "alt_keypad": ["0029", "0232"], "reports": 11}],
    ),
    (
        "barcode/gs1",
        "device->host",
        b"https://a/01/2112345678900",
        [{"digital_link": True, "ai": {"01": "02112345678900"}}],
    ),
    ("barcode/gs1", "device->host", b"15210526\x1d100329", [{"ai": {"15": "210526", "10": "0329"}}]),
    (
        "barcode/gs1",
        "device->host",
        b"]C101123123123133^10ABC",
        [{"valid": False, "reason": "illegal caret / bad AI data"}],
    ),
    ("barcode/upc-ean", "device->host", b"04252614", [{"format": "UPC-E", "upc_a": "042100005264"}]),
    ("barcode/upc-ean", "device->host", b"9781492053743", [{"isbn10": "1492053740", "valid": True}]),
    ("scale/toledo-8217", "host->device", b"W", [{"command": "request_weight"}]),
    ("scale/toledo-8217", "device->host", b"\x0201.235\r", [{"weight": "1.235"}]),
]


def test_batch_decodes_every_line_in_order(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    requests = [
        {"id": f"case-{number}", "protocol": protocol, "direction": direction, "hex": data.hex()}
        for number, (protocol, direction, data, _) in enumerate(CASES)
    ]
    batch.write_text("\n".join(map(json.dumps, requests)) + "\n")
    result = decode("--batch", str(batch))
    assert result.returncode == 0, result.stderr
    answers = lines_of(result.stdout)
    assert [answer["id"] for answer in answers] == [request["id"] for request in requests]
    for answer, (protocol, _, data, expected) in zip(answers, CASES, strict=True):
        assert set(answer) == {"id", "events"}
        assert len(answer["events"]) == len(expected), f"{protocol} {data!r}: {answer}"
        for event, wanted in zip(answer["events"], expected, strict=True):
            assert {name: event.get(name) for name in wanted} == wanted


LONG = b"https://id.gs1.org/01/09506000134352/10/ABC1/21/12345?17=201225&99=LONG"


def report(data: bytes, aim: bytes = b"]Q1", *, is_more: bool = False) -> bytes:
    return (b"\x02" + bytes([len(data)]) + aim + data).ljust(63, b"\x00") + bytes([is_more])


def parted(protocol: str, *parts: bytes) -> list[list[dict[str, Any]]]:
    lines = [json.dumps({"id": n, "protocol": protocol, "hex": part.hex()}) for n, part in enumerate(parts)]
    return [answer["events"] for answer in lines_of(decode("--batch", "-", stdin="\n".join(lines)).stdout)]


def test_batch_joins_the_parts_of_a_read_that_stand_on_lines_of_their_own() -> None:
    first, second = parted("scanner/hid-pos-8c", report(LONG[:56], is_more=True), report(LONG[56:]))
    assert [event["event"] for event in first] == ["hid_pos_report"]
    assert (second[0]["data"], second[0]["more"]) == (LONG[56:].decode(), False)
    assert second[1]["joined"] == LONG.decode()

    packets = [
        encode_packet(Opcode.DECODE_DATA, b"\x1chttp", status=Status.CONTINUED, source=Source.DECODER),
        encode_packet(Opcode.DECODE_DATA, b"\x1c://x.example", source=Source.DECODER),
    ]
    first, second = parted("scanner/zebra-ssi", *packets)
    assert [event["continued"] for event in first] == [True]
    assert (second[0]["data"], second[1]["joined"]) == ("://x.example", "http://x.example")


def test_batch_joins_no_lines_that_are_not_parts_of_one_read() -> None:
    alone, another = parted("scanner/hid-pos-8c", report(LONG[:56]), report(LONG[56:]))
    assert len(alone) == len(another) == 1
    _, between, after = parted(
        "scanner/hid-pos-8c", report(LONG[:56], is_more=True), report(b"4006381333931", b"]E0"), report(LONG[56:])
    )
    assert between[0]["data"] == "4006381333931"
    assert not any("joined" in event for event in after)


def test_batch_goes_on_after_lines_it_cannot_decode() -> None:
    good = {"id": 7, "protocol": "scanner/rs232-plain", "direction": "device->host", "hex": "31320d"}
    bad = [
        {**good, "protocol": "scale/nobody"},
        {**good, "hex": "3"},
        {**good, "hex": None},
        {**good, "direction": "sideways"},
        {**good, "protocol": "barcode/gs1", "direction": "host->device"},
    ]
    lines = [*map(json.dumps, bad), "not json", "[]", "[" * 100_000, "", json.dumps(good)]
    result = decode("--batch", "-", stdin="\n".join(lines))
    assert result.returncode == 0
    *refused, last = lines_of(result.stdout)
    assert len(refused) == len(bad) + 3
    assert all(answer["events"] == [] and answer["error"] for answer in refused)
    assert [answer["id"] for answer in refused] == [7] * len(bad) + [None] * 3
    assert last["events"][0]["text"] == "12"


def test_batch_repeats_an_id_that_no_text_can_have() -> None:
    request = {"id": "\ud800", "protocol": "scanner/rs232-plain", "hex": "31320d"}
    result = decode("--batch", "-", stdin=json.dumps(request))
    assert (result.returncode, lines_of(result.stdout)[0]["id"]) == (0, "\ud800"), result.stderr


@pytest.mark.parametrize(
    "hex_bytes", [["0x02", "0x30312e323335", "0d"], ["0230312e3233350d"], ["02:30:31:2e:32:33:35:0d"]]
)
def test_bytes_are_taken_as_people_write_them(hex_bytes: list[str]) -> None:
    (event,) = lines_of(decode("scale/toledo-8217", *hex_bytes).stdout)
    assert event["weight"] == "1.235"


@pytest.mark.parametrize(
    "arguments", [[], ["scale/nobody", "00"], ["scale/toledo-8217", "zz"], ["--batch", "/nowhere/batch.jsonl"]]
)
def test_wrong_usage_ends_with_2_and_says_why(arguments: list[str]) -> None:
    result = decode(*arguments)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_list_names_protocols_and_directions() -> None:
    listed = {line["protocol"]: line["directions"] for line in lines_of(decode("--list").stdout)}
    assert listed["scale/toledo-8217"] == ["device->host", "host->device"]
    assert listed["scanner/keyboard-wedge"] == ["device->host"]


def test_decode_batch_goes_on_after_lines_that_no_parser_and_no_encoding_likes(tmp_path: Path) -> None:
    good = '{"id": "good", "protocol": "scale/toledo-8217", "hex": "0230312e3233350d"}'
    lines = ['{"id": "\\ud800", "protocol": "scale/toledo-8217", "hex": "57"}', "[" * 100_000, good]
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(lines) + "\n")
    decoded = decode("--batch", str(batch))
    assert decoded.returncode == 0, decoded.stderr
    half, nested, whole = lines_of(decoded.stdout)
    assert half["id"] == "\ud800"
    assert "nested too deeply" in nested["error"]
    assert whole["events"][0]["weight"] == "1.235"
