"""The outbox against a model of a few lines: uplinks that come and go, replays, restarts, days that pass."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_gateway.contracts.errors import ConflictError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.store.retention import Retention
from tests.support.clock import FakeClock
from tests.support.stores import InlineSqlite, event

ALL = ("transactions", "device_events", "telemetry")
CONFIGURATIONS = [
    {"a": ALL},
    {"a": ALL, "b": ("transactions", "telemetry")},
    {"a": ("transactions",), "b": ALL, "c": ALL},
    {"b": ("transactions", "telemetry")},
    {},
]
KEEP_DAYS = 2
DAY_S = 86_400

STREAMS = st.sampled_from(ALL)
UPLINKS = st.integers(0, 5)
"""Whichever is configured."""
SOURCES = st.sampled_from(["s1", "s2", "s3"])
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", None])
DIGESTS = st.sampled_from(["d1", "d2"])
INDEXES = st.lists(st.integers(0, 30), max_size=8)


class Model:
    """Kept events of each stream in order, who is done with each, the dead letters, and what was counted."""

    def __init__(self) -> None:
        self.uplinks: dict[str, tuple[str, ...]] = {}
        self.ever: set[tuple[str, str]] = set()
        self.kept: dict[str, list[int]] = {name: [] for name in ALL}
        self.done: dict[int, set[str]] = {}
        self.sources: dict[int, str] = {}
        self.dead: dict[tuple[str, int], str] = {}
        self.delivered = dict.fromkeys(ALL, 0)
        self.dropped = 0
        self.days: set[int] = set()
        self.marks: list[int] = []

    def takers(self, stream: str) -> set[str]:
        return {name for name, streams in self.uplinks.items() if stream in streams}

    def waiting(self, uplink: str, stream: str) -> list[int]:
        is_taken = uplink in self.takers(stream)
        return [one for one in self.kept[stream] if is_taken and uplink not in self.done[one]]

    def let_go(self, stream: str) -> None:
        takers = self.takers(stream)
        self.kept[stream] = [one for one in self.kept[stream] if not takers or not takers <= self.done[one]]

    def replay(self, uplink: str, stream: str) -> list[int]:
        back = sorted(one for (name, one), its in self.dead.items() if (name, its) == (uplink, stream))
        for one in back:
            del self.dead[uplink, one]
            if one not in self.kept[stream]:
                self.kept[stream] = sorted([*self.kept[stream], one])
                self.done[one] = {name for name, its in self.ever if its == stream}
            self.done[one].discard(uplink)
        return back

    def look(self, day: int, count: int) -> None:
        if day not in self.days:
            self.days.add(day)
            self.marks.append(count)
        if len(self.marks) > KEEP_DAYS:
            old = [one for one in self.kept["telemetry"] if one <= self.marks[-1 - KEEP_DAYS]]
            self.dropped += len(old)
            self.kept["telemetry"] = [one for one in self.kept["telemetry"] if one not in old]
            oldest_kept = self.marks[-1 - KEEP_DAYS] + 1
            dead = {place for place, its in self.dead.items() if its == "telemetry" and place[1] < oldest_kept}
            self.dropped += len(dead)
            self.dead = {place: its for place, its in self.dead.items() if place not in dead}


class OutboxMachine(RuleBasedStateMachine):
    """Events are numbered, and called by their number."""

    @initialize(configuration=st.sampled_from(CONFIGURATIONS))
    def begin(self, configuration: dict[str, tuple[str, ...]]) -> None:
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.model = Model()
        self.keys: dict[str, tuple[str, int]] = {}
        self.count = 0
        self.epochs: list[int] = []
        self.open(configuration)

    def open(self, configuration: dict[str, tuple[str, ...]]) -> None:
        place = OutboxSettings(directory=Path(self.directory.name), disk_free_bytes_min=0)
        self.database = Database(place, self.clock, InlineSqlite.start)
        self.outbox = SqliteOutbox(self.database, self.clock, configuration, keep_days={"telemetry": KEEP_DAYS})
        self.run(self.database.open())
        assert self.database.epoch is not None
        self.epochs.append(self.database.epoch)
        self.model.uplinks = configuration
        self.model.ever |= {(name, stream) for name, streams in configuration.items() for stream in streams}
        for name in configuration:
            self.run(self.outbox.feed(name).backlog("audit", after=0, limit=1))
        for stream in ALL:
            self.model.let_go(stream)
        self.look()

    def run(self, work: Any) -> Any:
        async def wait() -> Any:
            return await work

        return self.loop.run_until_complete(wait())

    def uplink(self, number: int) -> str | None:
        names = sorted(self.model.uplinks)
        return names[number % len(names)] if names else None

    def look(self) -> None:
        """As the database does every minute, and at the start."""

        async def until_done() -> None:
            assert self.database.trim is not None
            await self.database.submit(Retention(self.clock, 90), None)
            while await self.database.submit(self.database.trim, None):
                pass

        self.run(until_done())
        self.model.look(int(self.clock.now().timestamp()) // DAY_S, self.count)

    @rule(appends=st.lists(st.tuples(STREAMS, SOURCES, KEYS, DIGESTS), min_size=1, max_size=8))
    def append_together(self, appends: list[tuple[str, str, str | None, str]]) -> None:
        work, expected = [], []
        for stream, source, key, digest in appends:
            self.count += 1
            one = event(f"{self.count}", stream=stream, source=source)
            work.append(partial(self.outbox.append, one, key=key, digest=digest))
            if key is not None and key in self.keys:
                known_digest, known_id = self.keys[key]
                expected.append((str(known_id), False) if known_digest == digest else ConflictError)
                continue
            self.model.kept[stream].append(self.count)
            self.model.done[self.count] = set()
            self.model.sources[self.count] = source
            expected.append((str(self.count), True))
            if key is not None:
                self.keys[key] = (digest, self.count)

        async def together() -> list[Any]:
            return await asyncio.gather(*[append() for append in work], return_exceptions=True)

        for outcome, wanted in zip(self.run(together()), expected, strict=True):
            if wanted is ConflictError:
                assert isinstance(outcome, ConflictError)
            else:
                assert (outcome.event_id, outcome.is_new) == wanted

    @rule(number=UPLINKS, stream=STREAMS, skip=st.integers(0, 5), delivered=INDEXES, dead=INDEXES)
    def settle_some(self, number: int, stream: str, skip: int, delivered: list[int], dead: list[int]) -> None:
        if (uplink := self.uplink(number)) is None:
            return
        feed, waiting = self.outbox.feed(uplink), self.model.waiting(uplink, stream)
        found = self.run(feed.backlog(stream, after=0, limit=20))
        assert [int(one.event.id) for one in found] == waiting[:20]
        if skip < len(found):
            above = self.run(feed.backlog(stream, after=found[skip].sequence, limit=20))
            assert [int(one.event.id) for one in above] == waiting[skip + 1 : skip + 21]
        count = len(found) or 1
        gone = [found[index] for index in {one % count for one in delivered} if found]
        buried = [one for one in {found[index % count] for index in dead if found} if one not in gone]
        fates = [one.sequence for one in gone], {one.sequence: "no" for one in buried}
        for _ in range(2):  # twice is harmless
            self.run(feed.settle(*fates))
        for one in gone + buried:
            self.model.done[int(one.event.id)].add(uplink)
        self.model.dead |= {(uplink, int(one.event.id)): stream for one in buried}
        self.model.delivered[stream] += len(gone)
        self.model.let_go(stream)

    @rule(number=UPLINKS, stream=STREAMS, index=st.integers(-1, 30), limit=st.integers(1, 30))
    def read_live(self, number: int, stream: str, index: int, limit: int) -> None:
        if (uplink := self.uplink(number)) is not None:
            self.check_live(uplink, stream, index, limit)

    def check_live(self, uplink: str, stream: str, index: int, limit: int) -> None:
        feed, waiting = self.outbox.feed(uplink), self.model.waiting(uplink, stream)
        found = self.run(feed.backlog(stream, after=0, limit=100))
        place = min(index, len(found) - 1)
        beyond = found[place].sequence if place >= 0 else 0
        live = self.run(feed.live(stream, beyond=beyond, limit=limit))
        assert all(one.sequence > beyond for one in live)
        held_up = {self.model.sources[one] for one in waiting[: place + 1]}
        may_overtake = [one for one in waiting[place + 1 :] if self.model.sources[one] not in held_up]
        given = [int(one.event.id) for one in live]
        for source in {self.model.sources[one] for one in given}:
            its_given = [one for one in given if self.model.sources[one] == source]
            its_waiting = [one for one in may_overtake if self.model.sources[one] == source]
            assert its_given == its_waiting[: len(its_given)], "of each source from its oldest on"
        if place < 0:
            assert given == waiting[:limit]

    @rule(index=st.integers(-1, 30))
    def replay(self, index: int) -> None:
        for uplink, stream in sorted({(name, stream) for (name, _), stream in self.model.dead.items()}):
            if uplink in self.model.takers(stream):
                self.replay_of(uplink, stream, index)

    def replay_of(self, uplink: str, stream: str, index: int) -> None:
        self.run(self.outbox.feed(uplink).live(stream, beyond=0, limit=1))
        with inspection.opened(Path(self.directory.name), is_writing=True) as connection:
            replayed = inspection.replay(connection, stream=stream, uplink=uplink)
        assert sorted(int(one) for one in replayed) == self.model.replay(uplink, stream)
        self.check_live(uplink, stream, index, 30)

    @rule(jump_s=st.sampled_from([0, DAY_S // 3, -DAY_S]), configuration=st.sampled_from(CONFIGURATIONS))
    def restart(self, jump_s: int, configuration: dict[str, tuple[str, ...]]) -> None:
        self.run(self.database.close())
        self.clock.jump_wall_clock(jump_s)
        self.open(configuration)
        self.clock.jump_wall_clock(-jump_s)

    @rule()
    def day_passes(self) -> None:
        self.clock.jump_wall_clock(DAY_S)
        self.look()

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "outbox"):
            return
        counts = self.run(self.outbox.counts())
        for name, kept in self.model.kept.items():
            found = (counts[name].pending, counts[name].dead, counts[name].delivered_total)
            dead = sum(stream == name for stream in self.model.dead.values())
            assert found == (len(kept), dead, self.model.delivered[name])
            for uplink in self.model.uplinks:
                assert self.outbox.feed(uplink).lag(name) == len(self.model.waiting(uplink, name))
        assert counts["telemetry"].dropped_total == self.model.dropped
        assert self.epochs == sorted(set(self.epochs))

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            with inspection.opened(Path(self.directory.name)) as connection:
                assert inspection.problems(connection) == []
            self.run(self.database.close())
            self.loop.close()
            self.directory.cleanup()


TestOutboxModel = OutboxMachine.TestCase
TestOutboxModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, print_blob=True)


LONG_RUN_STEPS = 800


def test_outbox_agrees_with_its_model_over_a_long_run() -> None:
    """The same machine with a taste for what takes many steps: uplinks that differ, replays beside live reads."""
    seed = SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    random = Random(seed)
    machine = OutboxMachine()
    machine.begin(CONFIGURATIONS[1])

    def some() -> list[int]:
        return [random.randrange(30) for _ in range(random.randrange(4))]

    def append() -> None:
        machine.append_together(
            [
                (random.choice(ALL), random.choice(["s1", "s2", "s3"]), random.choice(["k1", None, None]), "d1")
                for _ in range(random.randrange(1, 6))
            ]
        )

    steps: list[tuple[int, Callable[[], None]]] = [
        (30, append),
        (40, lambda: machine.settle_some(random.randrange(6), random.choice(ALL), 1, some(), some())),
        (30, lambda: machine.read_live(random.randrange(6), random.choice(ALL), random.randrange(-1, 9), 9)),
        (6, lambda: machine.replay(random.randrange(-1, 9))),
        (2, machine.day_passes),
        (4, lambda: machine.restart(random.choice([0, DAY_S, -DAY_S]), random.choice(CONFIGURATIONS))),
    ]
    for _ in range(LONG_RUN_STEPS):
        [step] = random.choices([step for _, step in steps], [weight for weight, _ in steps])
        step()
        machine.counts_agree()
    machine.teardown()
