"""Datalogic host commands (KA-01506): one byte each; answers as lines of named frames."""

from __future__ import annotations

import pytest

from protocols.decoding import find_protocols

DATALOGIC = find_protocols()["scanner/datalogic-host"]


@pytest.mark.parametrize(
    ("byte", "command"),
    [
        (b"B", "beep"),
        (b"D", "disable"),
        (b"E", "enable"),
        (b"F", "not_on_file"),
        (b"R", "reset"),
        (b"\x01", "beep"),
        (b"\x07", "beep"),
        (b"i", "id"),
        (b"h", "health"),
        (b"s", "status"),
    ],
)
def test_datalogic_command_is_told(byte: bytes, command: str) -> None:
    (event,) = DATALOGIC.decode(byte, "host->device")
    assert event["command"] == command
    assert event.get("forced", False) is (byte == b"\x01")


def test_datalogic_answers_are_told_by_name() -> None:
    events = DATALOGIC.decode(b"MM9800I\rSG13C01234\rAR96-1234\r\nhOK\rmNA\rvFAIL\rZ?\r")
    assert [(event.get("name"), event["data"]) for event in events] == [
        ("model", "M9800I"),
        ("serial_number", "G13C01234"),
        ("application_rom", "R96-1234"),
        ("horizontal_laser", "OK"),
        ("motor", "NA"),
        ("vertical_laser", "FAIL"),
        (None, "?"),
    ]
