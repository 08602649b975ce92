"""What was promised of each print job against what is on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.print_torture.jobs import TortureJob
from simulators.print_torture.roll import Copies, Roll, Seen, copies

ENDS: Final = ("completed", "failed", "unknown", "cancelled", "expired")
NOT_PRINTED: Final = frozenset({"failed", "cancelled", "expired"})
AGAIN: Final = frozenset({"restart", "last_cut"})
"""Policies under which the beginning of a job may be on paper twice."""


@dataclass(slots=True)
class Known:
    """All that a till was told of one job. ``record``: of ``read_job`` when everything was over; None: not found.

    ``reprint``: record of the copy that a person asked for.
    """

    job: TortureJob
    is_accepted: bool = False
    told: list[tuple[str, str]] = field(default_factory=list)
    """Where from, and which end."""
    record: Mapping[str, Any] | None = None
    reprint: Mapping[str, Any] | None = None
    contradicted: str = ""
    """The error code of the same id with other content."""
    refusal: str = ""
    """Why it was refused for good: no job here deserves that."""

    @property
    def state(self) -> str:
        return "lost" if self.record is None else str(self.record["state"])

    def tell(self, source: str, state: str) -> None:
        """Somebody said that the job has ended so."""
        if state in ENDS and (source, state) not in self.told:
            self.told.append((source, state))


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise. ``kind``: a figure of the report that must be 0."""

    kind: str
    job_id: str
    words: str


@dataclass(slots=True)
class Verdict:
    """``states`` by count; ``sound``: jobs of which paper and state were compared."""

    states: Counter[str] = field(default_factory=Counter)
    on_paper: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(breach.kind == kind for breach in self.breaches)


class PrintOracle:
    """Knows the jobs by number. ``judge`` when everything has ended."""

    def __init__(self) -> None:
        self.jobs: dict[int, Known] = {}

    def known(self, job: TortureJob) -> Known:
        return self.jobs.setdefault(job.number, Known(job))

    def by_id(self, job_id: str) -> Known | None:
        return next((known for known in self.jobs.values() if known.job.job_id == job_id), None)

    def judge(self, rolls: Iterable[Roll]) -> Verdict:
        """Every job that was accepted, and paper that nobody asked for."""
        verdict = Verdict()
        found: dict[int, list[list[Seen]]] = {}
        for roll in rolls:
            for number, runs in roll.runs().items():
                found.setdefault(number, []).extend(runs)
        for number in sorted(found.keys() - self.jobs.keys()):
            words = f"job {number} is on paper, and nobody asked for it"
            verdict.breaches.append(Breach("printed_unasked", str(number), words))
        for known in self.jobs.values():
            if known.refusal:
                words = f"{known.job.job_id} ({known.job.shape}, {known.job.printer}): {known.refusal}"
                verdict.breaches.append(Breach("refused", known.job.job_id, words))
            if not known.is_accepted:
                continue
            runs = found.get(known.job.number, [])
            paper = copies(known.job, runs)
            verdict.states[known.state] += 1
            verdict.on_paper[_on_paper(paper)] += 1
            verdict.breaches += _breaches(known, paper)
            verdict.breaches += _reprint_breaches(known, copies(known.job, runs, of_copies=True))
        return verdict


def _on_paper(paper: Copies) -> str:
    """One word for what is on paper."""
    if paper.whole:
        return "whole" if paper.whole == 1 else "more_than_one"
    return "begun" if paper.begun else "nothing"


def _breaches(known: Known, paper: Copies) -> Iterable[Breach]:
    job, state = known.job, known.state
    record = known.record or {}
    words = f"{job.job_id} ({job.shape}, {job.printer}, {job.policy}) is {state}; on paper: {_described(paper)}"
    if known.record is None:
        yield Breach("lost", job.job_id, f"{words}; it was accepted")
    elif state not in ENDS:
        yield Breach("never_ended", job.job_id, words)
    if paper.whole > 1:
        yield Breach("double_printed", job.job_id, words)
    elif paper.lines > 1 and record.get("state") and job.policy not in AGAIN:
        yield Breach("partly_printed_again", job.job_id, words)
    if state == "completed" and paper.whole != 1:
        yield Breach("completed_not_whole", job.job_id, words)
    if state in NOT_PRINTED and paper.whole:
        yield Breach("whole_though_not_completed", job.job_id, words)
    if (state == "expired" or (state in ENDS and record.get("begun_at") is None)) and paper.lines:
        yield Breach("printed_before_begun", job.job_id, words)
    if paper.changed:
        yield Breach("changed_on_paper", job.job_id, f"{words}; {paper.changed[0]!r}")
    for source, told in known.told:
        if told != state:
            yield Breach("told_otherwise", job.job_id, f"{words}; {source} said {told}")
    if known.contradicted and known.contradicted != "conflict":
        yield Breach("told_otherwise", job.job_id, f"{words}; other content was answered {known.contradicted}")


def _reprint_breaches(known: Known, paper: Copies) -> Iterable[Breach]:
    """In fair weather a copy is printed once, and marked."""
    if known.reprint is None:
        if paper.lines:
            yield Breach("printed_unasked", known.job.job_id, f"{known.job.job_id}: a copy is on paper unasked")
        return
    state = str(known.reprint["state"])
    if state != "completed" or paper.whole != 1:
        words = f"the copy of {known.job.job_id} is {state}; on paper: {_described(paper)}"
        yield Breach("reprint_wrong", known.job.job_id, words)


def _described(paper: Copies) -> str:
    return f"{paper.whole} whole, {paper.begun} begun, a line {paper.lines} times"
