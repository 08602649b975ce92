"""kill -9 at any moment of a print: at most one copy on paper, or ``unknown``; and no accepted job is lost."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from edge_gateway.contracts.printing import JobState
from edge_gateway.store import inspection
from tests.support.stores import open_store

ROOT = Path(__file__).parents[2]
KILLS = 8
MOMENTS = ("asked", "piece", "whole", "confirmed", "accepted")
"""Just before the beginning is written; between two pieces; before and after the confirmation; at the acceptance."""
OCCASIONS_MAX = 60


async def test_no_job_is_printed_twice_or_lost_however_often_the_gateway_is_killed(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    told: list[tuple[str, str]] = []
    for run in range(KILLS):
        told += _run_and_kill(tmp_path, f"run{run}", rng.choice(MOMENTS), rng.randrange(1, OCCASIONS_MAX))
    told += _run_to_the_end(tmp_path)
    paper = Counter(which for what, which in told if what == "whole")
    begun = Counter(which for what, which in told if what == "piece")
    accepted = {which for what, which in told if what == "accepted"}
    assert len(accepted) > KILLS
    assert max(paper.values()) == 1, f"seed {seed}: {paper.most_common(3)}"
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []
    async with open_store(tmp_path) as store:
        found = {
            f"{job.device_id}/{job.job_id}": job
            for printer in ("p1", "p2")
            for job in await store.prints.newest(printer, 100_000)
        }
    assert accepted <= found.keys(), f"seed {seed}: lost {accepted - found.keys()}"
    states = Counter(job.state for job in found.values())
    assert set(states) <= {JobState.COMPLETED, JobState.UNKNOWN}, f"seed {seed}: {states}"
    assert states[JobState.UNKNOWN] <= 2 * KILLS  # one of each printer at a kill
    for job in found.values():
        if job.state is JobState.COMPLETED:
            assert paper[job.job_id] == 1, f"seed {seed}: {job.job_id}"
        else:
            assert (job.record["error"]["code"], job.is_open) == ("unknown_outcome", True)
    assert begun.keys() <= {job.job_id for job in found.values()}


@pytest.mark.parametrize("moment", ["asked", "piece", "whole", "confirmed"])
async def test_kill_at_each_moment_of_a_print_leaves_at_most_one_copy(tmp_path: Path, moment: str) -> None:
    told = _run_and_kill(tmp_path, "first", moment, 3)
    told += _run_to_the_end(tmp_path)
    paper = Counter(which for what, which in told if what == "whole")
    assert max(paper.values()) == 1


def _run_and_kill(directory: Path, run: str, moment: str, occasions: int) -> list[tuple[str, str]]:
    """What the process told until it was killed; what it told while dying counts too."""
    process = _press(directory, run, "0")
    assert process.stdout is not None
    lines, left = [], occasions
    while left and (line := process.stdout.readline()):
        lines.append(line)
        left -= line.startswith(moment.encode())
    process.kill()
    rest = process.stdout.read()
    _, errors = process.communicate(timeout=20)
    assert not left, errors.decode()
    return _told(b"".join(lines) + rest)


def _run_to_the_end(directory: Path) -> list[tuple[str, str]]:
    process = _press(directory, "last", "-1")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    return _told(output)


def _press(directory: Path, run: str, count: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.printing.press", str(directory), run, count]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _told(output: bytes) -> list[tuple[str, str]]:
    words = MOMENTS
    whole = output[: output.rfind(b"\n")].decode().split("\n")
    pairs = (line.split(" ", 1) for line in whole)
    return [(pair[0], pair[1]) for pair in pairs if pair[0] in words]
