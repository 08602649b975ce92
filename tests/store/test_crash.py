"""kill -9 at any moment: what was promised is there, and nothing is done twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from edge_gateway.contracts.store import Appended
from edge_gateway.store import inspection
from tests.support.stores import TRANSACTIONS, event, open_store

ROOT = Path(__file__).parents[2]
KILLS = 12
LINES_MAX = 400


async def test_outbox_loses_nothing_it_confirmed_however_often_it_is_killed(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    lines_before_kill = random.Random(seed)
    promised: dict[str, list[str]] = {"appended": [], "delivering": [], "claimed": [], "finished": []}
    for run in range(KILLS):
        for what, which in _run_and_kill(tmp_path, f"run{run}", lines_before_kill.randrange(20, LINES_MAX)):
            promised[what].append(which)

    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []
    async with open_store(tmp_path) as store:
        assert store.database.set_aside_as is None
        pending = {one.id for one in await store.pending(TRANSACTIONS, 1_000_000)}
        lost = set(promised["appended"]) - pending - set(promised["delivering"])
        assert not lost, f"{len(lost)} of {len(promised['appended'])} lost"
        for event_id in promised["appended"][-50:]:
            again = await store.outbox.append(event("other"), key=f"key-{event_id}", digest="d")
            assert again == Appended(event_id, False)
        for request in set(promised["claimed"]):
            reply = await store.commands.claim(request, "d")
            assert reply is not None, f"{request} would be carried out again"
            is_finished = request in promised["finished"]
            assert json.loads(reply)["status"] in (("completed",) if is_finished else ("completed", "unknown"))


def _run_and_kill(directory: Path, run: str, line_count: int) -> list[tuple[str, str]]:
    """What the process was promised until it was killed; what it wrote while dying counts too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.producer", str(directory), run],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = []
    while len(lines) < line_count and (line := process.stdout.readline()):
        lines.append(line)
    process.kill()
    rest = process.stdout.read()  # through the same buffer as the lines, which communicate() would pass over
    _, errors = process.communicate(timeout=20)
    assert len(lines) >= line_count, errors.decode()
    whole = (b"".join(lines) + rest).decode()
    told = [line.split(" ", 1) for line in whole[: whole.rfind("\n")].split("\n")]
    return [(what, which) for what, which in told if what in ("appended", "delivering", "claimed", "finished")]
