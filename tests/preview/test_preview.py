"""``edge-gateway print --preview``: picture and text of what a printer will print, and what is wrong told."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner, Result

from edge_gateway.commands import print as print_command
from edge_gateway.contracts.printing import Rendered
from edge_gateway.preview.rendered import Job, printer_of_profile, render
from edge_gateway.preview.shown import show
from tests.support.goldens import CHINESE, printer
from tests.support.print_examples import data_for

CONFIG = """
[store]
id = "S001"

[[device]]
id = "lane3-printer"
lane = "lane-3"
profile = "generic-escpos"
transport = { kind = "tcp", host = "192.0.2.1" }
settings = { columns = 32 }
"""


def run(tmp_path: Path, content: Any, *arguments: str) -> Result:
    import typer

    document = tmp_path / "document.json"
    document.write_text(content if isinstance(content, str) else json.dumps(content))
    app = typer.Typer()
    print_command.register(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["print", *arguments, str(document)])


def text_of(document: list[dict[str, Any]], own: dict[str, Any] | None = None) -> str:
    shown = show(render(printer(own or {}), {"document": document}))
    assert shown.problems == ()
    return shown.text


def test_picture_and_text_are_written(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    document = [{"type": "text", "text": "Hello", "align": "center"}, {"type": "cut"}]
    result = run(tmp_path, document, "--preview", str(out), "--text", "--profile", "epson-tm-t20")
    assert result.exit_code == 0, result.output
    assert result.stdout == " " * 21 + "Hello\n"
    with Image.open(out) as picture:
        assert picture.width == 48 * 12 + 48


def test_template_is_expanded_with_its_data(tmp_path: Path) -> None:
    content = {"template": "receipt", "data": data_for("receipt", "de")}
    result = run(tmp_path, content, "--json", "--profile", "epson-tm-t20")
    facts = json.loads(result.stdout)
    assert "KAUFHAUS" in facts["text"].replace(" ", "")
    assert facts["problems"] == []
    assert facts["bytes"] < 2500


def test_device_of_a_configuration_has_its_own_width(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG)
    document = [{"type": "columns", "left": "a", "right": "b"}]
    result = run(tmp_path, document, "--text", "--config", str(config), "--device", "lane3-printer")
    assert result.stdout == "a" + " " * 30 + "b\n", result.output


@pytest.mark.parametrize(
    ("content", "arguments", "code", "told"),
    [
        ("no json", ("--text", "--profile", "epson-tm-t20"), 1, "no JSON"),
        ({"text": "x"}, ("--text", "--profile", "epson-tm-t20"), 1, "expected a document"),
        ([{"type": "txt"}], ("--text", "--profile", "epson-tm-t20"), 1, "document[0]"),
        ({"template": "nothing"}, ("--text", "--profile", "epson-tm-t20"), 1, "expected one of kitchen_ticket"),
        ([{"type": "cut"}], ("--text", "--profile", "no-such"), 2, "no-such"),
        ([{"type": "cut"}], ("--text", "--profile", "mettler-toledo-8217"), 2, "driver of a printer"),
        ([{"type": "cut"}], ("--text", "--profile", "epson-tm-t20", "--columns", "7"), 2, "columns"),
        ([{"type": "cut"}], ("--profile", "epson-tm-t20"), 2, "--preview"),
        ([{"type": "cut"}], ("--text",), 2, "--profile"),
        ([{"type": "cut"}], ("--text", "--config", "x.toml"), 2, "--device"),
        ([{"type": "cut"}], ("--preview", "/no/such/folder/x.png", "--profile", "epson-tm-t20"), 2, "No such file"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: Any, arguments: tuple[str, ...], code: int, told: str) -> None:
    result = run(tmp_path, content, *arguments)
    assert result.exit_code == code, result.output
    assert told in " ".join(result.output.replace("│", "").split())


def test_unknown_device_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG)
    result = run(tmp_path, [{"type": "cut"}], "--text", "--config", str(config), "--device", "printer")
    assert result.exit_code == 2
    assert "lane3-printer" in result.output


def test_bytes_that_a_printer_would_garble_are_told() -> None:
    settings = printer_of_profile("epson-tm-t20", {})
    garbled = Job(settings, Rendered(b"\x1b@ok\n\x1b\x07\x1dv0\x00\x01\x00"), ())
    assert show(garbled).problems == (
        "unknown command 1b 07 1d",
        "unknown command 07 1d 76",
        "cut off in the middle of a command: 1d 76 30 00 01 00",
    )


def test_text_says_what_a_picture_of_text_says() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "ขอบคุณ", "align": "center"},
        {"type": "columns", "left": "น้ำ", "right": "45.00"},
        {"type": "columns", "left": "2.50", "right": "شكرا 12"},
        {"type": "text", "text": "plain"},
    ]
    wanted = [" " * 21 + "ขอบคุณ", "น้ำ" + " " * 41 + "45.00", "2.50" + " " * 37 + "شكرا 12", "plain"]
    for raster in ("gs_v_0", "gs_paren_l", "column_24"):
        assert text_of(document, {"raster": raster}).splitlines() == wanted


def test_text_is_on_its_columns() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "Ab", "size": [2, 2]},
        {"type": "text", "text": "right", "align": "right"},
        {"type": "table", "columns": [{"width": 10}, {"width": 6, "align": "right"}], "rows": [["one", "1.00"]]},
        {"type": "barcode", "symbology": "ean_13", "data": "4006381333931", "align": "left"},
        {"type": "buzzer"},
        {"type": "drawer"},
        {"type": "cut"},
        {"type": "text", "text": "second"},
    ]
    assert text_of(document, {"buzzer": "esc_b"}).splitlines() == [
        "A b",
        " " * 43 + "right",
        "one" + " " * 10 + "1.00",
        "[ean_13 4006381333931]",
        "4006381333931",
        "[buzzer sounds 1 times]",
        "[drawer opens, pin 2]",
        "- " * 24,
        "second",
    ]


def test_ideographs_take_two_columns() -> None:
    document = [{"type": "columns", "left": "漢字", "right": "x"}]
    assert text_of(document, CHINESE) == "漢字" + " " * 43 + "x\n"


def test_image_is_on_the_picture_dot_for_dot() -> None:
    logo = Image.new("1", (16, 8), 1)
    logo.putpixel((3, 2), 0)
    out = io.BytesIO()
    logo.save(out, "PNG")
    document = [{"type": "image", "data": base64.b64encode(out.getvalue()).decode(), "align": "left"}]
    shown = show(render(printer({}), {"document": document}))
    with Image.open(io.BytesIO(shown.png)) as picture:
        grey = picture.convert("L")
    black = [(x, y) for y in range(grey.height) for x in range(grey.width) if grey.getpixel((x, y)) == 0]
    assert black == [(24 + 3, 24 + 2)]
    assert shown.text == "[picture 8 dots high]\n"


@pytest.mark.parametrize("raster", ["raster", "column_24"])
def test_star_printer_shows_the_same_text_as_an_epson(raster: str) -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "Grüße", "align": "center", "bold": True, "size": [2, 2]},
        {"type": "columns", "left": "ขอบคุณ", "right": "45.00"},
        {"type": "columns", "left": "TOTAL", "right": "45.00", "underline": True},
        {"type": "qr", "data": "S001-1"},
        {"type": "barcode", "symbology": "ean_13", "data": "4006381333931"},
        {"type": "drawer"},
        {"type": "cut"},
    ]
    star = show(render(printer_of_profile("generic-star", {"raster": raster}), {"document": document}))
    assert star.problems == ()
    assert star.text == text_of(document)
    with Image.open(io.BytesIO(star.png)) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"))
    assert {each.text for each in found} == {"S001-1", "4006381333931"}
