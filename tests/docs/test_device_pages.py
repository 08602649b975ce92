"""Each supported model and each protocol has its page, as the code makes it."""

from __future__ import annotations

import re

from tests.support import device_pages


def test_pages_of_devices_and_protocols_are_as_the_code_makes_them() -> None:
    wanted = device_pages.pages()
    found = {
        path: path.read_text("utf-8")
        for folder in (device_pages.DEVICES, device_pages.PROTOCOLS)
        for path in folder.glob("*.md")
    }
    stale = sorted(path.name for path in {*wanted, *found} if wanted.get(path) != found.get(path))
    assert not stale, "run ./dev docs"


def test_links_of_these_pages_lead_somewhere() -> None:
    pages = device_pages.pages()
    for page, text in pages.items():
        for target, anchor in re.findall(r"\]\(([^)#:]+\.md)(?:#([^)]*))?\)", text):
            path = (page.parent / target).resolve()
            assert path in pages, f"{page.name}: {target}"
            assert not anchor or f"\n## {anchor.capitalize()}\n" in pages[path], f"{page.name}: {target}#{anchor}"
