"""``edge-gateway decode``: the batch that tools rely on, and what it says of lines it cannot decode."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


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
        [{"text": "4006381333931"}, {"text": "96385074"}],
    ),
    (
        "scanner/rs232-plain",
        "device->host",
        b"A4006381333931\r\n",
        [{"data": "4006381333931", "code_id": "A", "vendor": "zebra", "symbology": "UPC/EAN"}],
    ),
    ("scanner/rs232-plain", "device->host", b"d4006381333931\r", [{"code_id": "d", "vendor": "honeywell"}]),
    ("scanner/rs232-plain", "device->host", b"A4006381333930\r\n", [{"data": "A4006381333930"}]),
    ("scanner/rs232-plain", "device->host", b"]E04006381333931", [{"aim": "]E0", "symbology": "ean_13"}]),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        bytes.fromhex("0000210000000000020025000000000000002600000000000000280000000000"),
        [{"text": "4*9", "suffix": "Enter", "layout": "us"}],
    ),
    (
        "scanner/keyboard-hid-boot",
        "device->host",
        bytes.fromhex("0200040000000000000004000000000000000000000000000200050000000000"),
        [{"text": "AaB"}],
    ),
    (
        "barcode/gs1",
        "device->host",
        b"https://a/01/2112345678900",
        [{"digital_link": True, "ai": {"01": "02112345678900"}}],
    ),
    ("barcode/gs1", "device->host", b"15210526\x1d100329", [{"ai": {"15": "210526", "10": "0329"}}]),
    ("barcode/gs1", "device->host", b"]C101123123123133^10ABC", [{"valid": False}]),
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
