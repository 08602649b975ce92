"""The pictures of the page of print documents are what is printed today."""

from __future__ import annotations

from tests.support import document_pictures
from tests.support.document_pictures import PAGE, PICTURES
from tests.support.goldens import difference


def test_page_shows_the_picture_of_each_example() -> None:
    page = PAGE.read_text("utf-8")
    assert document_pictures.rendered(page) == page, "run ./dev docs"


def test_pictures_are_what_is_printed() -> None:
    drawn = dict(document_pictures.pictures())
    assert {path.stem for path in PICTURES.glob("document-*.png")} == {f"document-{name}" for name in drawn}
    for name, png in drawn.items():
        found = (PICTURES / f"document-{name}.png").read_bytes()
        assert difference(found, png) is None, f"{name}: run ./dev docs, and look at the picture"
