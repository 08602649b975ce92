"""The outbox against a model of a few lines, through restarts, in any order of calls."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import ConflictError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from tests.support.stores import event

STREAMS = st.sampled_from(["transactions", "device_events", "telemetry"])
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", None])
DIGESTS = st.sampled_from(["d1", "d2"])
INDEXES = st.lists(st.integers(0, 30), max_size=5)


class OutboxMachine(RuleBasedStateMachine):
    """The model: a list of pending ids per stream, the dead ones, how many were delivered, and the keys."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.pending: dict[str, list[str]] = {"transactions": [], "device_events": [], "telemetry": []}
        self.dead: dict[str, list[str]] = {name: [] for name in self.pending}
        self.delivered = dict.fromkeys(self.pending, 0)
        self.keys: dict[str, tuple[str, str]] = {}
        self.count = 0
        self.open()

    def open(self) -> None:
        clock = SystemClock()
        self.database = Database(OutboxSettings(directory=Path(self.directory.name), disk_free_bytes_min=0), clock)
        self.outbox = SqliteOutbox(self.database, clock)
        self.run(self.database.open())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(appends=st.lists(st.tuples(STREAMS, KEYS, DIGESTS), min_size=1, max_size=8))
    def append_together(self, appends: list[tuple[str, str | None, str]]) -> None:
        work, expected = [], []
        for stream, key, digest in appends:
            self.count += 1
            event_id = f"e{self.count}"
            work.append(self.outbox.append(event(event_id, stream=stream), key=key, digest=digest))
            if key is not None and key in self.keys:
                known_digest, known_id = self.keys[key]
                expected.append((known_id, False) if known_digest == digest else ConflictError)
                continue
            self.pending[stream].append(event_id)
            expected.append((event_id, True))
            if key is not None:
                self.keys[key] = (digest, event_id)

        async def together() -> list[Any]:
            return await asyncio.gather(*work, return_exceptions=True)

        for outcome, wanted in zip(self.run(together()), expected, strict=True):
            if wanted is ConflictError:
                assert isinstance(outcome, ConflictError)
            else:
                assert (outcome.event_id, outcome.is_new) == wanted

    @rule(stream=STREAMS, limit=st.integers(1, 20), delivered=INDEXES, dead=INDEXES)
    def settle_some(self, stream: str, limit: int, delivered: list[int], dead: list[int]) -> None:
        given = [one.id for one in self.run(self.outbox.pending(stream, limit))]
        assert given == self.pending[stream][:limit]
        gone = [given[index] for index in set(delivered) if index < len(given)]
        buried = [given[index] for index in set(dead) - set(delivered) if index < len(given)]
        self.run(self.outbox.settle(gone, dict.fromkeys(buried, "no")))
        self.pending[stream] = [one for one in self.pending[stream] if one not in gone and one not in buried]
        self.dead[stream] += buried
        self.delivered[stream] += len(gone)

    @rule(stream=STREAMS)
    def replay(self, stream: str) -> None:
        with inspection.opened(Path(self.directory.name), is_writing=True) as connection:
            assert sorted(inspection.replay(connection, stream=stream)) == sorted(self.dead[stream])
        back = self.pending[stream] + self.dead[stream]
        self.pending[stream] = sorted(back, key=lambda event_id: int(event_id[1:]))
        self.dead[stream] = []

    @rule()
    def restart(self) -> None:
        self.run(self.database.close())
        self.open()

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "outbox"):
            return
        counts = self.run(self.outbox.counts())
        for name, pending in self.pending.items():
            found = (counts[name].pending, counts[name].dead, counts[name].delivered_total)
            assert found == (len(pending), len(self.dead[name]), self.delivered[name])

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            with inspection.opened(Path(self.directory.name)) as connection:
                assert inspection.problems(connection) == []
            self.run(self.database.close())
            self.loop.close()
            self.directory.cleanup()


TestOutboxModel = OutboxMachine.TestCase
TestOutboxModel.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, print_blob=True)
