"""A printer obeys real-time commands wherever they stand in the data: nothing that is printed may hold one."""

from __future__ import annotations

import base64
import io
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from drivers.escpos_settings import EscposSettings
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.document import FEED_LINES_MAX, SIZE_MAX, parse_document
from edge_gateway.contracts.errors import RequestError
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_encoder import EncoderOptions, encode_document
from protocols.printers.escpos_raster import disarmed, raster_commands
from simulators.escpos_printer import EscposPrinter

REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""DLE EOT, DLE ENQ, DLE DC4 (Epson ESC/POS command reference, "real-time commands")."""
DLE = 0x10
TIMES_MS = range(commands.PULSE_MS_MAX + 1)

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
digits = st.text(string.digits, min_size=1, max_size=20)
pairs = st.lists(st.sampled_from(["16", "04", "05", "20", "A"]), min_size=1).map("".join)


def image(data: bytes, width: int) -> dict[str, Any]:
    """A picture made of the bytes; those of real-time commands come often."""
    data = data.replace(b"\x00", b"\x10\x14\x01\x00\x05").replace(b"\x01", b"\x10\x04")
    row_bytes = (width + 7) // 8
    data += bytes(-len(data) % row_bytes)
    picture = Image.frombytes("1", (width, len(data) // row_bytes), bytes(byte ^ 0xFF for byte in data))
    output = io.BytesIO()
    picture.save(output, "PNG")
    return {"type": "image", "data": base64.b64encode(output.getvalue()).decode(), "dither": "threshold"}


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
    st.sampled_from([{"type": "cut"}, {"type": "drawer"}, {"type": "rule"}, {"type": "buzzer", "times": 4}]),
    st.fixed_dictionaries({"type": st.just("table"), "columns": st.just([{}, {}]), "rows": st.just([["a", "ب"]])}),
    st.builds(image, st.binary(min_size=1, max_size=60), st.integers(1, 40)),
    st.fixed_dictionaries({"type": st.just("pdf417"), "data": texts.filter(len)}),
]
OPTIONS = [
    EncoderOptions(columns=48),
    EncoderOptions(columns=48, encoding="cp1252", code_page_slot=DLE),
    EncoderOptions(columns=48, encoding="gbk"),
    EncoderOptions(columns=48, encoding="cp932", setup=commands.ENABLE_ASB + commands.DISARM_REAL_TIME),
    *(
        EncoderOptions(columns=87, raster=raster, rasteriser=FontRasteriser(), buzzer="esc_b")
        for raster in ("gs_v_0", "gs_paren_l", "column_24", "column_8")
    ),
]


@hypothesis_settings(deadline=None)
@given(st.lists(st.one_of(ELEMENTS), min_size=1, max_size=6), st.sampled_from(OPTIONS), st.data())
def test_print_holds_no_real_time_command(
    document: list[dict[str, Any]], options: EncoderOptions, data: st.DataObject
) -> None:
    times = st.sampled_from([8, 10, 32, 33, 40, 41])
    options = replace(options, drawer_on_ms=data.draw(times), drawer_off_ms=data.draw(times))
    try:
        encoded = encode_document(parse_document([*document, {"type": "drawer"}]), options).data
    except (RequestError, ValueError) as error:
        if "real-time command would stand" in str(error):
            raise  # the last check stopped it; no element may need that
        return  # does not fit, or a time that is refused: the settings never let it come so far
    job = encoded + commands.transmit_status(1) + encoded + commands.request_process_id(b"ABCD") + encoded
    assert not [pair for pair in REAL_TIME if pair in job]


@pytest.mark.parametrize("raster", ["gs_v_0", "gs_paren_l", "column_24", "column_8"])
@pytest.mark.parametrize("width", [8, 128, 1040, 1296])
def test_picture_of_any_size_holds_no_real_time_command(raster: Any, width: int) -> None:
    smuggled = b"\x10\x14\x01\x00\x05\x10\x04\x04\x10\x05\x01"
    for height in (1, 16, 24, 272, 300):
        size = width // 8 * height
        for shift in range(len(smuggled)):
            rows = (smuggled[shift:] + smuggled * (size // len(smuggled) + 1))[:size]
            data = raster_commands(Bitmap(width, height, rows), raster)
            assert not [pair for pair in REAL_TIME if pair in data]


def test_picture_changes_by_no_more_than_a_dot_for_each_command_in_it() -> None:
    rows = bytes(range(256)) * 4 + b"\x10\x04\x10\x14\x10\x10\x05"
    changed = disarmed(rows)
    assert [index for index in range(len(rows)) if rows[index] != changed[index]] == [1025, 1027, 1030]
    assert sum((a ^ b).bit_count() for a, b in zip(rows, changed, strict=True)) == 3


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
