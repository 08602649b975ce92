"""The simulated label printers' own understanding of their languages: commands written by hand, from the manuals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulators.label_languages.epl import EplParser
from simulators.label_languages.slcs import SlcsParser
from simulators.label_languages.tspl import TsplParser
from simulators.label_languages.zpl import ZplParser
from simulators.label_machine import LabelMachine, Parser

PARSERS: dict[str, Callable[[LabelMachine], Parser]] = {
    "zpl": ZplParser,
    "epl": EplParser,
    "tspl": TsplParser,
    "slcs": SlcsParser,
}
ONE = {
    "zpl": "^XA^FO10,10^A0N,30,30^FDhello^FS^PQ{count}^XZ",
    "epl": 'N\nA50,0,0,3,1,1,N,"hello"\nP{count}\n',
    "tspl": 'CLS\r\nTEXT 10,10,"3",0,1,1,"hello"\r\nPRINT {count}\r\n',
    "slcs": "CB\r\nT50,100,3,1,1,0,0,N,N,'hello'\r\nP{count}\r\n",
}


def taken(language: str, text: str) -> LabelMachine:
    """A machine that was sent the text and is paused."""
    machine = LabelMachine(PARSERS[language])
    machine.set_fault("paused", True)
    machine.parser.feed(text.encode())
    return machine


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(
            ("zpl", each)
            for each in (
                "~SD15^XA^XZ",
                "~TA000^XA^XZ",
                "~JSN^XA^XZ",
                "~JC^XA^XZ",
                "^XA^PON^MNY^JUS^XZ",
                "^XA^SZ2^KD0^XZ",
                "~JR",
            )
        ),
        *(
            ("epl", each)
            for each in ("JF\n", "JB\n", "O\n", "OD,S8\n", "rN\n", "f200\n", "M8,8,8\n", "Q200,24+0\n", "UN\n")
        ),
        *(("tspl", each) for each in ("SIZE 2.5, 1.5\r\n", "SIZE 480 dot,320 dot\r\n", "SIZE 60 mm, 40 mm\r\n")),
        *(
            ("tspl", each)
            for each in ("SOUND 5,200\r\n", "COUNTRY 001\r\n", "FEED 100\r\n", "HOME\r\n", "SET PEEL OFF\r\n")
        ),
        *(
            ("slcs", each)
            for each in ("@\r\n", "SOT\r\n", "SM10,0\r\n", "STd\r\n", "TA0\r\n", "CS13,0\r\n", "CUTn\r\n")
        ),
    ],
)
def test_setting_of_which_nothing_is_seen_is_no_error(language: str, text: str) -> None:
    machine = taken(language, text)
    assert (machine.errors, machine.parser.is_in_middle) == ([], False)


@pytest.mark.parametrize(
    ("language", "count", "labels"),
    [
        *((language, "3", 3) for language in ONE),
        ("epl", "2,3", 6),
        ("tspl", "2,3", 6),
        ("tspl", "2, 1", 2),
        ("slcs", "2,2", 4),
    ],
)
def test_quantity_is_sets_times_copies(language: str, count: str, labels: int) -> None:
    machine = taken(language, ONE[language].format(count=count))
    assert [batch.remaining for batch in machine.batches] == [labels]
    assert machine.errors == []


@pytest.mark.parametrize(
    ("text", "width", "height"),
    [("SIZE 60 mm,40 mm", 480, 320), ("SIZE 2.5,1.5", 508, 304), ("SIZE 480 dot, 320 dot", 480, 320)],
)
def test_size_of_a_tspl_label_is_told_in_any_unit(text: str, width: int, height: int) -> None:
    machine = taken("tspl", f"{text}\r\n" + ONE["tspl"].format(count=1))
    (batch,) = machine.batches
    assert abs(batch.label.width - width) <= 1
    assert abs(batch.label.height - height) <= 1


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(
            ("zpl", each)
            for each in ("~XX^XA^XZ", "^XA^QQ1^XZ", "^FDx^FS", "^XA^FO1,1^A0^FDx^FS^XZ", "x^XA^XZ", "^XA^CI13^XZ")
        ),
        *(("epl", each) for each in ("xyz\n", "A1,2\n", "P1\n", 'A50,0,0,3,1,1,N,"x\n', "C\n")),
        *(("tspl", each) for each in ("XYZ\r\n", "TEXT 1,1\r\n", "PRINT 1\r\n", 'KILL "A"\r\n', "SIZE 6 mm,4\r\n")),
        *(("slcs", each) for each in ("QQ\r\n", "T1,2\r\n", "P1\r\n")),
    ],
)
def test_what_no_printer_understands_is_one_error_in_words(language: str, text: str) -> None:
    (error,) = taken(language, text).errors
    assert "literal" not in error
    assert "index" not in error


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("zpl", each) for each in ("^XA", "^XA^FO1,1^FDx", "~H")),
        *(("epl", each) for each in ("N", "GW0,0,1,2,a")),
        *(("tspl", each) for each in ("CLS", "BITMAP 0,0,1,2,0,a")),
        *(("slcs", each) for each in ("CB", "LD\x01\x00")),
    ],
)
def test_command_that_was_cut_off_is_told(language: str, text: str) -> None:
    assert taken(language, text).parser.is_in_middle


def test_pause_of_a_zebra_printer_is_pressed_and_released_by_command() -> None:
    machine = taken("zpl", "~PS")
    assert machine.faults == set()
    machine.parser.feed(b"~PP")
    assert machine.faults == {"paused"}


def test_both_status_questions_of_slcs_are_answered() -> None:
    machine = LabelMachine(SlcsParser)
    said: list[bytes] = []
    machine.write = said.append
    machine.set_fault("media_out", True)
    machine.parser.feed(b"^cu\r\n^cp\r\n")
    assert said == [b"\x80", b"\x80\x00"]
