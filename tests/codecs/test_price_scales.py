"""Frames of scales that compute the price, of HID and of Bluetooth: what each means, with where it was printed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from protocols.decoding import DEVICE_TO_HOST, HOST_TO_DEVICE, find_protocols
from protocols.scales.dialog_06_checksums import ChecksumSecret, hex_digits, read_hex, remainder

DIVA = "Mettler Toledo DIVA service manual, pp. 54-55"
CELY = "Cely PI100 manual, pp. 18-20"
AVIATOR = "Ohaus Aviator service manual, pp. 36-41"
G310 = "captured exchange with a Dibal G310"
SIG = "bluetooth-sig-python, test_weight_measurement.py"
DYMO = "reports of a Dymo M10"
SPEC = "made from the description of the frame"

DEVICE: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("dialog-06", b"\x0211\x1b247\x03", {"record": "11", "challenge": True, "d0": "2", "z": "0x47"}, DIVA),
    ("dialog-06", b"\x0211\x1b0\x03", {"record": "11", "d0": "0", "checksums": "invalid"}, DIVA),
    ("dialog-06", b"\x0211\x1b1\x03", {"record": "11", "d0": "1", "checksums": "valid"}, DIVA),
    ("dialog-06", b"\x0211\x1b2;2\x03", {"z": "0xB2", "hex_alphabet": "':'..'?' stand for A..F"}, CELY),
    (
        "dialog-06",
        b"\x0202\x1b3\x1b01235\x1b000199\x1b000246\x03",
        {"record": "02", "weight": "1.235", "unit": "kg", "unit_price": "1.99", "price": "2.46", "total": "2.46"},
        SPEC,
    ),
    ("dialog-06", b"\x0202\x1b1\x1b00215\x1b00199\x1b000428\x03", {"weight": "2.15", "unit": "lb"}, SPEC),
    ("dialog-06", b"\x0202\x1b2\x1b02155\x1b00199\x1b000428\x03", {"weight": "2.155", "unit": "lb"}, SPEC),
    ("dialog-06", b"\x0202\x1b0\x1b01044\x1b00199\x1b000199\x03", {"unit": "lb-oz", "weight_oz": "20.500"}, SPEC),
    ("dialog-06", b"\x0209\x1b32\x03", {"status": 32, "meaning": "overload", "overload": True}, DIVA),
    ("dialog-06", b"\x0209\x1b20\x03", {"status": 20, "in_motion": True, "scale_status": "weight_unstable"}, DIVA),
    ("dialog-06", b"\x0209\x1b31\x03", {"status": 31, "under_zero": True}, DIVA),
    ("dialog-06", b"\x15", {"nak": True}, DIVA),
    ("l2-mettler", b"\x15\r\n", {"error": "invalid_or_not_ready"}, AVIATOR),
    ("l2-mettler", b"01235 000246\r\n", {"weight": "1.235", "price": "2.46"}, SPEC),
    ("tisa", b"9900031600000004\r\n", {"weight": "0.316", "total": "0.00", "error": False, "check": "4"}, G310),
    ("tisa", b"9910123500000004\r\n", {"weight": "1.235", "error": True, "stable": False}, SPEC),
    ("tisa", b"9900123500002464\r\n", {"valid": False, "reason": "xor"}, SPEC),
    ("epos1-berkel", b"\x0d", {"confirmed": True}, AVIATOR),
    ("epos1-berkel", b"\x02)01235\x1c\x03", {"weight": "1.235", "unit": "kg", "capacity": "15 kg"}, SPEC),
    ("epos1-berkel", b"\x02*00215\x1c\x03", {"weight": "2.15", "unit": "lb", "capacity": "30 lb"}, SPEC),
    ("epos1-berkel", b"\x02901235\x0c\x03", {"under_or_over": True, "status": "not_ready"}, SPEC),
    ("epos1-berkel", b"\x02)01235\x1d\x03", {"valid": False, "reason": "bcc"}, SPEC),
    ("cas", b"\x01\x02S 01.235kgd\x03\x04", {"weight": "1.235", "unit": "kg", "stable": True}, SPEC),
    ("cas", b"\x81\x02S 001.235kgT\x03\x04", {"weight": "1.235", "stable": True}, SPEC),
    ("cas", b"\x01\x02S-00.120kgo\x03\x04", {"weight": "-0.120", "status": "weight_under_zero"}, SPEC),
    ("cas", b"\x01\x02U 01.235kgb\x03\x04", {"weight": "1.235", "stable": False}, SPEC),
    ("cas", b"\x01\x02SF00.000kg\x07\x03\x04", {"overload": True, "weight": None}, SPEC),
    ("cas", b"\x01\x02S 01.235kg000299000369j\x03\x04", {"unit_price": "2.99", "total": "3.69"}, SPEC),
    ("epelsa", b"\x1bU+01.235\r\n", {"weight": "1.235", "stable": False}, SPEC),
    ("epelsa", b"-  0.120\r\n", {"weight": "-0.120", "status": "weight_under_zero"}, SPEC),
    ("hid-8d", b"\x03\x02\x0b\xff\x00\x00", {"weight": "0.0", "unit": "oz", "status": "stable_at_zero"}, DYMO),
    ("hid-8d", b"\x03\x04\x0c\xfe\xd7\x00", {"weight": "2.15", "unit": "lb", "exponent": -2}, SPEC),
    ("hid-8d", b"\x03\x05\x03\xfd\x78\x00", {"weight": "-0.120", "status": "under_zero"}, SPEC),
    ("hid-8d", b"\x03\x04\x02\x02\x0c\x00", {"weight": "1200", "unit": "g"}, SPEC),
    ("ble-181d", b"\x00\xb0\x36", {"weight": "70.00", "unit": "kg"}, SIG),
    ("ble-181d", b"\x00\xb1\x36", {"weight": "70.005"}, SPEC),
    ("ble-181d", b"\x00\xff\xff", {"weight": None, "status": "not_ready", "error": "measurement_unsuccessful"}, SPEC),
    ("ble-181d", b"\x00\x01", {"valid": False, "reason": "needs at least 3 bytes"}, SIG),
    ("ble-181d", b"\x00\x00\x00\x00", {"characteristic": "2A9E", "bmi": False, "multi_user": False}, SIG),
    ("ble-181d", b"\x00\x00\x00", {"characteristic": "2A9D", "weight": "0.00", "status": "weight_zero"}, SIG),
    ("ble-181d", b"\x02\xb0\x36\xe7", {"valid": False, "reason": "needs at least 10 bytes"}, SIG),
    ("ble-181d", b"\x07\x00\x00\x00", {"characteristic": "2A9E", "bmi": True, "multi_user": True}, SIG),
]
HOST: list[tuple[str, bytes, dict[str, Any], str]] = [
    (
        "dialog-06",
        b"\x04\x0203\x1b000199\x1b0015\x03",
        {"unit_price": "1.99", "tare_digits": "0015"},
        SPEC,
    ),
    ("dialog-06", b"\x04\x0220\x1b1\x03", {"record": "20", "show_version": True}, DIVA),
    ("dialog-06", b"\x04\x05", {"command": "request_result"}, DIVA),
    ("dialog-06", b"\x04", {"command": "end_of_transmission"}, DIVA),
    ("l2-mettler", b"G00123T0123\r\n", {"unit_price": "1.23", "tare": "0.123"}, AVIATOR),
    ("tisa", b"98001990\r\n", {"unit_price": "1.99"}, SPEC),
    ("epos1-berkel", b"\x05", {"command": "poll"}, AVIATOR),
    ("epos1-berkel", b"\x02Z\x00\x00\x00\x00\x00\x03Z", {"command": "zero"}, AVIATOR),
    ("epos1-berkel", b"\x02@01235u\x03", {"expects": "CR (confirmed) or ACK (not confirmed)"}, AVIATOR),
    ("cas", b"\x11", {"command": "send_weight"}, AVIATOR),
    ("hid-8d", b"\x02\x02", {"command": "zero"}, SPEC),
]


@pytest.mark.parametrize(
    ("protocol", "direction", "data", "meaning"),
    [(protocol, DEVICE_TO_HOST, data, meaning) for protocol, data, meaning, _ in DEVICE]
    + [(protocol, HOST_TO_DEVICE, data, meaning) for protocol, data, meaning, _ in HOST],
)
def test_frame_means_what_its_document_says(
    protocol: str, direction: str, data: bytes, meaning: dict[str, Any]
) -> None:
    (told,) = find_protocols()[f"scale/{protocol}"].decode(data, direction)
    assert {name: told.get(name) for name in meaning} == meaning


def test_remainder_is_that_of_a_crc() -> None:
    """CRC-16/XMODEM (polynomial 0x11021, no reflection, start 0) of the two bytes of a word."""
    assert [remainder(word, 0x11021) for word in (0x0000, 0x0001, 0x3132, 0xFFFF)] == [0x0000, 0x1021, 0x20B5, 0x1D0F]


@pytest.mark.parametrize("style", ["letters", "colon"])
def test_hex_digits_are_read_back_in_either_alphabet(style: Any) -> None:
    for word in (0x0000, 0xABCD, 0x19AF, 0xFFFF):
        assert read_hex(hex_digits(word, style)) == word
    assert read_hex(";2") == read_hex("B2") == 0xB2
    assert read_hex("G1") is None


def test_answer_to_a_challenge_is_rotated_as_it_says() -> None:
    """By hand: CS 8001 to the left by 4, its remainder to the right by 7, in pairs."""
    secret = ChecksumSecret.parse("polynomial = 0x11021")
    key = remainder(0x8001, 0x11021)
    turned = (key >> 7 | key << 9) & 0xFFFF
    assert secret.answer(0x47, lambda bits: 0x8001, 1, "letters") == f"0018{turned:04X}"
    assert len(secret.answer(0x47, Random(1).getrandbits, 5, "colon")) == 40


def test_secret_shows_nothing_of_itself() -> None:
    secret = ChecksumSecret.parse("ABCD 1234 # the first\n\n0001 4321")
    assert str(secret) == repr(secret) == "ChecksumSecret(hidden)"
    with pytest.raises(ValueError, match="line 2: expected") as refused:
        ChecksumSecret.parse("ABCD 1234\nhunter2")
    assert "hunter2" not in str(refused.value)
