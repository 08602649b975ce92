"""What the settings of an ESC/POS printer make of its characters, logos and raw commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers import escpos_capabilities
from drivers.escpos_printer import EscposPrinter
from drivers.escpos_settings import EscposSettings
from edge_gateway.contracts.errors import ErrorCode, RequestError
from tests.support.pictures import png


def printed(document: list[dict[str, Any]], **settings: Any) -> bytes:
    return EscposPrinter.render(EscposSettings(**settings), {"document": document}).data


def text(value: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": value}]


def test_unknown_printer_is_sent_only_pages_that_every_printer_has() -> None:
    names = {page.name for page in escpos_capabilities.all_pages("default")}
    assert names == escpos_capabilities.EVERYWHERE
    assert b"\x1bt\x11\x8f\xe0\xa8\xa2\xa5\xe2\n" in printed(text("Привет"))
    assert b"\x1dv0\x00" in printed(text("Γειά")), "Greek is drawn"


def test_known_model_is_sent_all_its_pages() -> None:
    data = printed(text("Γειά"), capabilities="TM-T20II")
    assert b"\x1dv0" not in data
    assert b"\x1bt\x0e\x82\x9c\xa0\xe1\n" in data or b"\x1bt\x0f" in data


def test_pages_can_be_narrowed_down() -> None:
    assert b"\x1dv0" in printed(text("Привет"), code_pages=("cp437",))
    with pytest.raises(ValidationError, match="code_pages cp9"):
        EscposSettings(code_pages=("cp9",))


@pytest.mark.parametrize("model", escpos_capabilities.model_names())
def test_every_page_of_every_model_begins_with_ascii_and_shows_each_character_once(model: str) -> None:
    for page in escpos_capabilities.all_pages(model):
        assert sum(character.isascii() for character in page.bytes_of) >= 90, page.name
        assert all(0x20 <= byte <= 0xFF and byte != 0x7F for byte in page.bytes_of.values())


def test_logo_is_the_printers_own_or_a_file_of_the_box(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(png(16, 8))
    logos = {"own": {"key": "G1"}, "old": {"number": 2}, "file": {"file": file}, "gone": {"file": tmp_path / "no.png"}}
    settings = {"logos": logos}
    assert b"\x1d(L\x06\x000EG1\x01\x01" in printed([{"type": "logo", "name": "own"}], **settings)
    assert b"\x1cp\x02\x00" in printed([{"type": "logo", "name": "old"}], **settings)
    assert b"\x1dv0\x00\x02\x00\x08\x00" in printed([{"type": "logo", "name": "file"}], **settings)
    for name, message in (("gone", "No such file"), ("other", "no such logo; it has: file, gone, old, own")):
        with pytest.raises(RequestError, match=message) as refused:
            printed([{"type": "logo", "name": name}], **settings)
        assert refused.value.code is ErrorCode.INVALID_REQUEST
    with pytest.raises(ValidationError, match="exactly one of key, number, file"):
        EscposSettings(logos={"two": {"key": "G1", "number": 1}})  # type: ignore[dict-item] # as from a file


def test_raw_commands_are_let_through_by_name_only() -> None:
    import base64

    def raw(data: bytes) -> list[dict[str, Any]]:
        return [{"type": "raw", "data": base64.b64encode(data).decode()}]

    spacing = raw(b"\x1b3\x20text\n")
    with pytest.raises(RequestError, match="not allowed at this printer") as refused:
        printed(spacing)
    assert refused.value.code is ErrorCode.UNSUPPORTED
    allowed = {"raw_commands": ("ESC 3",)}
    assert printed(spacing + text("x"), **allowed).endswith(
        b"\x1b3\x20text\n\x1ba\x00\x1bE\x00\x1b-\x00\x1bG\x00\x1dB\x00\x1b{\x00\x1bM\x00\x1br\x00\x1d!\x00\x1bt\x13x\n"
    ), "what raw bytes may have changed is set anew"
    refusals = {
        b"\x1bp\x00\x32\x32": "ESC p is not among",
        b"\x10\x14\x01\x00\x05": "real-time command",
        b"\x1b3": "ended in the middle",
        b"\x1b\xff": "no command",
        b"x\x10": "real-time command",
    }
    for data, message in refusals.items():
        with pytest.raises(RequestError, match=message):
            printed(raw(data), **allowed)
    with pytest.raises(ValidationError, match="ESC 99: no such command"):
        EscposSettings(raw_commands=("ESC 99",))
