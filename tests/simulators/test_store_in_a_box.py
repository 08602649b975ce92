"""The demo judges itself: what makes it fail, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import torture
from simulators.pos_client_statistics import PosStatistics
from simulators.store_in_a_box.report import complaints


def _report(sold: PosStatistics, not_sold: PosStatistics | None = None, **wrong: Any) -> dict[str, Any]:
    lanes = {"lane-1": sold.to_json(), "lane-2": (not_sold or sold).to_json()}
    return {"lost": 0, "lost_ids": [], "duplicated": 0, "lanes": lanes, **wrong}


SOLD = PosStatistics(scans_seen=2, submitted=1, accepted={"S-1": "019a"})


def test_demo_that_sold_on_every_lane_is_fine() -> None:
    assert complaints(_report(SOLD), has_chaos=False) == []


def test_demo_with_a_lane_that_sold_nothing_fails_and_says_what_its_till_saw() -> None:
    report = _report(SOLD, PosStatistics(scans_seen=3))
    [complaint] = complaints(report, has_chaos=False)
    assert complaint.startswith('lane-2 sold nothing; its till saw {"scans_seen": 3, "submitted": 0, ')
    assert complaints(report, has_chaos=True) == [], "faults may keep a lane from selling for as long as they last"


@pytest.mark.parametrize("has_chaos", [False, True])
def test_demo_that_lost_or_doubled_something_fails(has_chaos: bool) -> None:
    found = complaints(_report(SOLD, lost=1, lost_ids=["S-1"], duplicated=2), has_chaos=has_chaos)
    assert found == [
        "1 accepted transactions did not reach the cloud: S-1",
        "2 events or transactions were applied twice by the cloud",
    ]


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_torture_takes_its_report_file_by_either_name(option: str) -> None:
    app = typer.Typer()
    torture.register(app)
    done = CliRunner().invoke(app, ["torture", option, "report.json", "--minutes", "0"])
    assert done.exit_code == 2
    assert "--minutes" in done.output, "the option that is wrong is another one"
    assert "No such option" not in done.output
