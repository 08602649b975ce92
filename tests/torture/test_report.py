"""The report reads what the gateway said of its losses, and the campaign complains of each broken promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import torture
from edge_gateway.contracts import log_events
from simulators.torture import report

FINE: dict[str, Any] = {
    **dict.fromkeys(report.ZERO, 0),
    "accepted_sales": 1,
    "destroyed": 0,
    "reported_lost": 0,
    "reported_lost_is_exact": True,
    "fresh_event_passed": True,
}


def test_campaign_that_kept_every_promise_has_no_complaint() -> None:
    assert report.complaints(FINE) == []


@pytest.mark.parametrize("broken", report.ZERO)
def test_campaign_complains_of_each_broken_promise(broken: str) -> None:
    assert report.complaints({**FINE, broken: 2}) == [f"{broken} is 2, expected 0"]


def test_campaign_complains_if_nothing_fresh_gets_through_or_nothing_was_sold() -> None:
    assert len(report.complaints({**FINE, "fresh_event_passed": False})) == 1
    assert len(report.complaints({**FINE, "accepted_sales": 0})) == 1


def test_campaign_complains_of_destroyed_events_that_the_gateway_did_not_tell_of() -> None:
    assert report.complaints({**FINE, "destroyed": 3, "reported_lost": 3}) == []
    [complaint] = report.complaints({**FINE, "destroyed": 3, "reported_lost": 2})
    assert complaint == "3 events were destroyed by flipped bits, and the gateway told of 2"


def test_report_reads_the_losses_from_the_gateways_log(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    lines: list[dict[str, Any]] = [
        {"event": log_events.EVENTS_LOST, "lost": {"transactions": 2, "device_events": 1}, "is_exact": True},
        {"event": log_events.EVENT_DAMAGED, "event_id": "e1"},
        {"event": log_events.STORE_OPENED},
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert report.told_lost(log) == {"reported_lost": 4, "reported_lost_is_exact": True}


def test_torture_names_the_faults_it_knows_when_one_is_unknown() -> None:
    app = typer.Typer()
    torture.register(app)
    done = CliRunner().invoke(app, ["--without", "rain"])
    assert done.exit_code == 2
    assert "rain; expected some of acl_refusal" in " ".join(done.output.replace("│", "").split())
