"""The oracle of prints can see: paper with a second copy, half a copy or a stranger's line does not pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from simulators.escpos_paper import ColumnImage, Line, Picture
from simulators.print_torture.jobs import SHAPES, JobMaker, TortureJob
from simulators.print_torture.oracle import PrintOracle, Verdict
from simulators.print_torture.roll import Roll, copies

COPY = "=COPY="


@dataclass
class Item:
    """A line on paper."""

    text: str


def _job(shape: str, *, policy: str | None = "continue") -> TortureJob:
    maker = JobMaker(7, ["printer"])
    jobs = (maker.job(number) for number in range(1, 200))
    return replace(next(job for job in jobs if job.shape == shape), policy=policy)


def _paper(job: TortureJob, indices: Iterable[int] | None = None) -> list[Item | Picture]:
    """The lines of a job as they should be, pictures behind them."""
    lines = {line.mark.index: line for line in job.lines}
    items: list[Item | Picture] = []
    for index in sorted(lines) if indices is None else indices:
        line = lines[index]
        items.append(Item(line.text if line.text is not None else f"[qr {line.mark}]"))
        if line.picture_dots:
            items.append(Picture(160, line.picture_dots, bytes(20 * line.picture_dots), 1))
    return items


def _judged(
    job: TortureJob, state: str | None, *pieces: Sequence[Item | Picture | Line], told: str | None = None, **record: Any
) -> Verdict:
    oracle, roll = PrintOracle(), Roll(COPY)
    known = oracle.known(job)
    known.is_accepted = True
    if told is not None:
        known.tell("reply", told)
    begun = {"begun_at": "2026-11-21T10:00:00Z"}
    known.record = None if state is None else {"state": state, **begun, **record}
    for piece in pieces:
        roll.take(piece)
    return oracle.judge([roll])


def _kinds(verdict: Verdict) -> list[str]:
    return [breach.kind for breach in verdict.breaches]


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_oracle_takes_every_shape_for_whole_when_it_is(shape: str) -> None:
    job = _job(shape)
    verdict = _judged(job, "completed", _paper(job), told="completed")
    assert _kinds(verdict) == []
    assert verdict.on_paper == {"whole": 1}


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("state", ["completed", "unknown", "failed"])
def test_oracle_sees_a_second_copy_whatever_was_told(shape: str, state: str) -> None:
    job = _job(shape)
    assert "double_printed" in _kinds(_judged(job, state, _paper(job), _paper(job)))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_oracle_sees_that_the_last_line_is_missing(shape: str) -> None:
    job = _job(shape)
    last = job.lines[-1].mark.index
    assert _kinds(_judged(job, "completed", _paper(job, range(1, last)))) == ["completed_not_whole"]
    assert _kinds(_judged(job, "unknown", _paper(job, range(1, last)))) == []
    assert _kinds(_judged(job, "failed", _paper(job, range(1, last)))) == []


def test_oracle_sees_that_a_line_in_the_middle_is_missing() -> None:
    job = _job("long")
    gap = [index for index in range(1, job.lines[-1].mark.index + 1) if index != 30]
    assert _kinds(_judged(job, "completed", _paper(job, gap))) == ["completed_not_whole"]


def test_oracle_sees_that_a_picture_is_not_whole() -> None:
    job = _job("raster")
    paper = _paper(job)
    for item in paper:
        if isinstance(item, Picture):
            item.height_dots -= 1
    assert _kinds(_judged(job, "completed", paper)) == ["completed_not_whole"]


def test_oracle_takes_a_picture_in_strips_for_whole_when_it_is() -> None:
    job = _job("raster")
    strips: list[Item | Picture | Line] = []
    for item in _paper(job):
        count = -(-item.height_dots // 24) if isinstance(item, Picture) else 0
        strips += [Line([ColumnImage((0,) * 160, 24, 1, 1)]) for _ in range(count)] or [item]
    assert _kinds(_judged(job, "completed", strips)) == []
    is_strip = [isinstance(item, Line) for item in strips]
    del strips[is_strip.index(True)]
    assert _kinds(_judged(job, "completed", strips)) == ["completed_not_whole"]


def test_oracle_sees_a_changed_line() -> None:
    job = _job("short")
    paper = _paper(job)
    paper[0] = Item(paper[0].text + "?")
    assert set(_kinds(_judged(job, "completed", paper))) == {"completed_not_whole", "changed_on_paper"}


def test_oracle_sees_a_whole_copy_of_a_job_that_is_said_to_have_failed() -> None:
    job = _job("short")
    for state in ("failed", "cancelled"):
        assert _kinds(_judged(job, state, _paper(job))) == ["whole_though_not_completed"]


def test_oracle_sees_paper_of_a_job_that_was_never_begun() -> None:
    job = _job("short")
    assert "printed_before_begun" in _kinds(_judged(job, "expired", _paper(job, [1]), begun_at=None))
    assert "printed_before_begun" in _kinds(_judged(job, "unknown", _paper(job, [1]), begun_at=None))


def test_oracle_sees_a_lost_job_and_one_without_an_end() -> None:
    job = _job("short")
    assert _kinds(_judged(job, None)) == ["lost"]
    assert _kinds(_judged(job, "printing")) == ["never_ended"]
    assert _kinds(_judged(job, "accepted", begun_at=None)) == ["never_ended"]


def test_oracle_sees_that_two_answers_differ() -> None:
    job = _job("short")
    assert _kinds(_judged(job, "completed", _paper(job), told="unknown")) == ["told_otherwise"]


def test_oracle_lets_a_beginning_be_there_twice_only_by_the_policies_that_say_so() -> None:
    for policy, kinds in (("continue", ["partly_printed_again"]), (None, ["partly_printed_again"]), ("restart", [])):
        job = _job("short", policy=policy)
        assert _kinds(_judged(job, "completed", _paper(job, [1]), _paper(job))) == kinds


def test_oracle_puts_a_job_together_that_was_taken_up_behind_a_cut() -> None:
    job = _job("several_cuts", policy="last_cut")
    first, last = job.parts[0], job.lines[-1].mark.index
    again = _paper(job, range(first + 1, last + 1))
    verdict = _judged(job, "completed", _paper(job, range(1, first + 2)), again)
    assert _kinds(verdict) == []
    assert verdict.on_paper == {"whole": 1}


def test_oracle_takes_no_two_halves_of_a_part_for_a_whole() -> None:
    job = _job("long")
    last = job.lines[-1].mark.index
    verdict = _judged(
        job, "completed", _paper(job, range(1, 31)), [Item("@9999.001.002@")], _paper(job, range(31, last + 1))
    )
    assert "completed_not_whole" in _kinds(verdict)
    assert "printed_unasked" in _kinds(verdict)


def test_oracle_tells_copies_that_a_person_asked_for_from_the_first_print() -> None:
    job = _job("several_cuts")
    roll = Roll(COPY)
    roll.take([*_paper(job), Item(f"      {COPY}"), Item("-" * 42), *_paper(job)])
    runs = roll.runs()[job.number]
    assert copies(job, runs).whole == 1
    assert copies(job, runs, of_copies=True).whole == 1


def test_oracle_sees_a_copy_that_nobody_asked_for() -> None:
    job = _job("short")
    verdict = _judged(job, "unknown", _paper(job), [Item(COPY)], _paper(job))
    assert _kinds(verdict) == ["printed_unasked"]


def test_jobs_of_one_seed_are_the_same_again_and_every_shape_is_among_them() -> None:
    first, again, other = ([JobMaker(seed, ["a", "b"]).job(number) for number in range(1, 60)] for seed in (1, 1, 2))
    assert first == again != other
    assert {job.shape for job in first} == set(SHAPES)
    assert {job.printer for job in first} == {"a", "b"}
