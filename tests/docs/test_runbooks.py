"""docs/runbooks.md has a place for every alarm, in one form; what it names is there."""

from __future__ import annotations

import re

from edge_gateway.contracts import log_events
from edge_gateway.schemas.catalogue import ALERTS
from tests.support.markdown import ROOT, pages

PAGE = ROOT / "docs/runbooks.md"
FORM = ("**You see**", "**It means**", "**Do**", "**It is over when**")
STORE_AND_UPLINKS = re.compile(
    r"(store|event|events|keys|uplink|network|certificates)_\w+|command_channel_lost|loss_\w+"
)
"""Names of log events that a person looks up here."""
TOLD_ELSEWHERE = {"store_opened", "store_migrated", "events_dropped"}
"""Ordinary, or counted."""


def test_runbooks_name_every_alert() -> None:
    text = PAGE.read_text("utf-8")
    missing = [alert.name for alert in ALERTS if f"`alert.{alert.name}.v1`" not in text]
    assert not missing


def test_runbooks_name_every_log_event_of_store_and_uplinks() -> None:
    text = PAGE.read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "edge_gateway").rglob("*.py"))
    names = {value for name, value in vars(log_events).items() if f"log_events.{name}" in code}
    wanted = {name for name in names if STORE_AND_UPLINKS.fullmatch(name)} - TOLD_ELSEWHERE
    assert not sorted(name for name in wanted if f"`{name}`" not in text)


def test_runbooks_have_one_form() -> None:
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(sections) > len(ALERTS)
    for section in sections:
        places = [section.find(part) for part in FORM]
        assert -1 not in places, section.splitlines()[0]
        assert places == sorted(places), section.splitlines()[0]


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in [*pages(), *(ROOT / "docs/adr").glob("*.md")]:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
            path = (page.parent / target).resolve() if target else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor:
                assert anchor in _anchors(path.read_text("utf-8")), f"{page.name}: {target}#{anchor}"


def _anchors(text: str) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
