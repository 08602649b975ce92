"""Cuts the power at every point of a trace, and counts which promises are broken."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.powercut.disk import Cut, File, Mirror, VolatileDisk, content_after
from tests.powercut.promises import Promises
from tests.powercut.reopening import broken_with_sqlite, broken_with_store
from tests.powercut.trace import Kind, read_trace

RANDOM_CUTS: Final = (Cut.TORN, Cut.SECTORS, Cut.PAGES)
BROKEN_MAX: Final = 20
"""After so many reconstructions with a broken promise nothing is learnt from another."""
WITH_STORE_SHARE: Final = 0.005
"""Of the cuts in the middle of trading. SQLite alone reads what the store would read, twenty times as fast."""
THOROUGH_SHARE: Final = 0.05
FIRST_EVENTS: Final = 3
"""Until so many were accepted, and whenever a file comes, goes or changes its name, the store itself must cope."""
SHARE_RECORDS: Final = 32
"""Of a trace that go to one process at a time."""

Contents = Mapping[str, tuple[int, list[tuple[int, bytes]]]]


@dataclass
class Report:
    """Of one trace, or of a share of it."""

    counters: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.counters.update(other.counters)
        self.broken += other.broken


class Campaign:
    """``work``: an empty directory, in memory if there is one. ``records_before``: of the trace, not cut in.

    ``with_store``: open each reconstruction with the real store; else only near a change of names, and a sample.
    ``may_be_set_aside``: the store is known to be damaged. ``share``: (1, 3) is the second of three processes that
    share the work.
    """

    def __init__(
        self,
        trace: Path,
        work: Path,
        seed: int,
        *,
        records_before: int = 0,
        with_store: bool = False,
        cuts_each: int = 1,
        may_be_set_aside: bool = False,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._trace = trace
        self._records_before = records_before
        self._work = work
        self._seed = seed
        self._with_store = with_store
        self._cuts_each = cuts_each
        self._may_be_set_aside = may_be_set_aside
        self._share = share
        self._mirror = Mirror(work / "mirror")
        self._checked: tuple[int, int] | None = None
        self.disk = VolatileDisk()
        self.promises = Promises()
        self.report = Report()

    def run(self) -> Report:
        """Through the whole trace."""
        with asyncio.Runner() as runner:
            for number, record in enumerate(read_trace(self._trace)):
                if self._share[0] == 0:
                    self.report.counters[record.kind.name.lower()] += 1
                self._mirror.became_durable(self.disk, self.disk.follow(record))
                if record.kind is Kind.NOTED:
                    self.promises.take(record.payload)
                is_other_share = number // SHARE_RECORDS % self._share[1] != self._share[0]
                if number < self._records_before or record.kind is Kind.OPENED or is_other_share:
                    continue
                self._cut(runner, number, record.kind)
                if len(self.report.broken) >= BROKEN_MAX:
                    break
        if self._share[0] == 0:
            self.report.counters["accepted"] = self.promises.accepted
        self._mirror.close()
        return self.report

    def _cut(self, runner: asyncio.Runner, number: int, kind: Kind) -> None:
        random = Random(f"{self._seed}/{number}")
        self.report.counters["cuts"] += 1
        state = (self.disk.durable_version, self.promises.version)
        if state != self._checked:
            self._reopen(runner, number, Cut.NOTHING_KEPT, random)
            self._checked = state
        if self.disk.is_safe or kind is Kind.NOTED:
            return  # a promise changes nothing on the disk: what more of it might be kept was tried at the write
        self._reopen(runner, number, Cut.ALL_KEPT, random)
        for _ in range(self._cuts_each):
            self._reopen(runner, number, random.choice(RANDOM_CUTS), random)

    def _reopen(self, runner: asyncio.Runner, number: int, cut: Cut, random: Random) -> None:
        names = self.disk.names_after(cut, random)
        contents = {name: content_after(file, cut, random) for name, file in names.items()}
        self.report.counters["reconstructions"] += 1
        is_trading = self.promises.accepted >= FIRST_EVENTS and not self.disk.pending_names
        if self._with_store or not is_trading or random.random() < WITH_STORE_SHARE:
            self.report.counters["with_store"] += 1
            broken = runner.run(self._with_the_store(names, contents))
        else:
            self._mirror.show(names, contents)
            is_thorough = random.random() < THOROUGH_SHARE
            broken = broken_with_sqlite(self._mirror.directory, self.promises, is_thorough=is_thorough)
            self._mirror.undo(contents)
        if broken:
            self.report.counters["lost"] += sum(each.endswith(" is lost") for each in broken)
            self.report.broken.append(
                f"seed {self._seed}, power cut after record {number} of {self._trace}, {cut.value}: {'; '.join(broken)}"
            )

    async def _with_the_store(self, names: Mapping[str, File], contents: Contents) -> list[str]:
        directory = self._work / "store"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for name, (size, patches) in contents.items():
            with (directory / name).open("wb") as file:
                file.write(names[name].durable)
                for place, data in patches:
                    file.seek(place)
                    file.write(data)
                file.truncate(size)
        return await broken_with_store(directory, self.promises, may_be_set_aside=self._may_be_set_aside)
