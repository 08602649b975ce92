"""A short print campaign on the real daemon, real Mosquitto and simulated printers: every promise is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import torture_print
from simulators.print_torture import report
from simulators.print_torture.campaign import PrintTortureOptions, run_print_torture
from simulators.print_torture.effects import JOBS_FOR_EVERY_FAULT, Effects
from simulators.print_torture.faults import AROUND, TROUBLES, fault_names

SEED, JOBS = 5, 24
FINE: dict[str, Any] = {**dict.fromkeys(report.ZERO, 0), "completed": 1, "faults_without_effect": []}


@pytest.mark.e2e
async def test_print_campaign_keeps_every_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    code = await run_print_torture(PrintTortureOptions(SEED, JOBS, file, tmp_path / "store"))
    said = capsys.readouterr().err
    assert code == 0, said
    result = json.loads(file.read_text())
    assert result["jobs"] == JOBS
    assert sum(result[state] for state in ("completed", "failed", "unknown", "cancelled", "expired")) == JOBS
    assert (result["lost"], result["double_printed"]) == (0, 0)
    assert result["kills"] > 0
    struck = [fault for fault in result["faults"].values() if fault.get("at_byte")]
    assert all(sum(fault["bytes_behind_cut"].values()) == fault["at_byte"] for fault in struck)
    assert struck
    assert (tmp_path / "store" / "tcp-epson.paper.txt").read_text()


def test_print_campaign_that_kept_every_promise_has_no_complaint() -> None:
    assert report.complaints(FINE) == []


@pytest.mark.parametrize("broken", report.ZERO)
def test_print_campaign_complains_of_each_broken_promise(broken: str) -> None:
    assert report.complaints({**FINE, broken: 2}) == [f"{broken} is 2, expected 0"]


def test_print_campaign_complains_if_nothing_was_printed() -> None:
    assert len(report.complaints({**FINE, "completed": 0})) == 1


def test_print_campaign_complains_of_a_fault_that_never_met_a_print() -> None:
    (complaint,) = report.complaints({**FINE, "faults_without_effect": ["unplug"]})
    assert complaint.startswith("unplug never struck")


def test_effects_miss_no_fault_that_struck_within_a_byte_and_ask_little_of_a_short_campaign() -> None:
    effects = Effects()
    effects.at_byte("kill", 12)
    effects.idle("unplug")
    effects.at_any_time("terminate")
    faults = ["kill", "terminate", "unplug"]
    assert effects.missing(faults, JOBS_FOR_EVERY_FAULT) == ["terminate", "unplug"]
    assert effects.missing(faults, JOBS_FOR_EVERY_FAULT - 1) == []
    assert effects.report()["kill"]["bytes_behind_cut"] == {"0": 0, "1-9": 0, "10-99": 1, "100-999": 0, "1000-": 0}


def test_print_faults_are_named_once() -> None:
    assert len(fault_names()) == len(set(fault_names())) == len(AROUND) + len(TROUBLES)


def test_torture_print_names_the_faults_it_knows_when_one_is_unknown() -> None:
    app = typer.Typer()
    torture_print.register(app)
    done = CliRunner().invoke(app, ["--without", "rain"])
    assert done.exit_code == 2
    assert "rain; expected some of broker_kill" in " ".join(done.output.replace("│", "").split())
