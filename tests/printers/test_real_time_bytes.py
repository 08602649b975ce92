"""A printer obeys real-time commands wherever they stand in the data: nothing that is printed may hold one."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.escpos_settings import EscposSettings
from edge_gateway.contracts.document import FEED_LINES_MAX, SIZE_MAX, parse_document
from edge_gateway.contracts.errors import RequestError
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_encoder import EncoderOptions, encode_document
from simulators.escpos_printer import EscposPrinter

REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""DLE EOT, DLE ENQ, DLE DC4 (Epson ESC/POS command reference, "real-time commands")."""
DLE = 0x10
TIMES_MS = range(commands.PULSE_MS_MAX + 1)

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
digits = st.text(string.digits, min_size=1, max_size=20)
pairs = st.lists(st.sampled_from(["16", "04", "05", "20", "A"]), min_size=1).map("".join)
ELEMENTS: list[st.SearchStrategy[dict[str, Any]]] = [
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts, "size": st.tuples(*[st.integers(1, SIZE_MAX)] * 2).map(list)}
    ),
    st.fixed_dictionaries({"type": st.just("columns"), "left": texts, "right": texts}),
    st.fixed_dictionaries({"type": st.just("qr"), "data": st.one_of(digits, texts.filter(len))}),
    st.fixed_dictionaries(
        {
            "type": st.just("barcode"),
            "symbology": st.sampled_from(["code_128", "code_39"]),
            "data": st.one_of(digits, pairs),
        }
    ),
    st.fixed_dictionaries({"type": st.just("feed"), "lines": st.integers(1, FEED_LINES_MAX)}),
    st.sampled_from([{"type": "cut"}, {"type": "drawer"}, {"type": "rule"}]),
]
OPTIONS = [
    EncoderOptions(columns=48),
    EncoderOptions(columns=48, encoding="cp1252", code_page_slot=DLE),
    EncoderOptions(columns=48, encoding="gbk"),
    EncoderOptions(columns=48, encoding="cp932", setup=commands.ENABLE_ASB + commands.DISARM_REAL_TIME),
]


@given(st.lists(st.one_of(ELEMENTS), min_size=1, max_size=6), st.sampled_from(OPTIONS), st.data())
def test_print_holds_no_real_time_command(
    document: list[dict[str, Any]], options: EncoderOptions, data: st.DataObject
) -> None:
    times = st.sampled_from([8, 10, 32, 33, 40, 41])
    options = replace(options, drawer_on_ms=data.draw(times), drawer_off_ms=data.draw(times))
    try:
        encoded = encode_document(parse_document([*document, {"type": "drawer"}]), options).data
    except (RequestError, ValueError):
        return  # does not fit, or a time that is refused: the settings never let it come so far
    job = encoded + commands.transmit_status(1) + encoded + commands.request_process_id(b"ABCD") + encoded
    assert not [pair for pair in REAL_TIME if pair in job]


@pytest.mark.parametrize("pin", [2, 5])
def test_drawer_pulse_never_holds_the_byte_that_begins_a_real_time_command(pin: Any) -> None:
    for ms in TIMES_MS[commands.PULSE_UNIT_MS :]:
        for on_ms, off_ms in ((ms, 200), (100, ms)):
            if ms in (32, 33):
                with pytest.raises(ValueError, match="32 and 33 ms are sent as DLE"):
                    commands.drawer_kick(pin, on_ms, off_ms)
            else:
                assert DLE not in commands.drawer_kick(pin, on_ms, off_ms)


@pytest.mark.parametrize("times", [{"drawer_pulse_ms": 32, "drawer_pause_ms": 40}, {"drawer_pause_ms": 33}])
def test_settings_refuse_a_pulse_that_would_begin_a_real_time_command(times: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=r"32 and 33 ms are sent as DLE"):
        EscposSettings(**times)  # type: ignore[arg-type] # by name
    EscposSettings(drawer_pulse_ms=34, drawer_pause_ms=40)


async def test_pulse_of_32_and_40_ms_would_have_been_taken_for_another_command() -> None:
    """What the check is for, on the far end: the pulse vanishes, and the printer waits for the rest of DLE DC4."""
    printer = EscposPrinter()
    await printer.start()
    printer.data_received(bytes((0x1B, 0x70, 0, 32 // 2, 40 // 2)) + b"next")
    await printer.stop()
    assert printer.counters["drawer_kicks"] == 0
