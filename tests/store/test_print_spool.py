"""Print jobs on disk: accepted once, begun once, never forgotten while somebody has to look at the paper."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConflictError, StorageFullError
from edge_gateway.contracts.print_jobs import ContentLostError, ContentsKept, JobLostError, NewJob, SpooledJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.settings import EncryptionSettings
from edge_gateway.store import inspection, retention
from edge_gateway.store.key_ring import KeyRing
from edge_gateway.store.key_usage import key_usage
from edge_gateway.store.page_file import PageFile
from edge_gateway.store.page_survey import Holds, Survey
from tests.store.damage import damage_page
from tests.support.clock import FakeClock
from tests.support.stores import Store, noise, open_store

CONTENT = b'{"document":[{"type":"text","text":"two coffees"}]}'


def job(job_id: str, *, device_id: str = "p1", content: bytes = CONTENT, digest: str = "d") -> NewJob:
    deadline_at = FakeClock().now() + timedelta(hours=1)
    return NewJob(device_id, job_id, digest, 0, deadline_at, {"on_paper_end": "continue"}, content)


async def end(
    store: Store, found: SpooledJob, state: JobState = JobState.COMPLETED, kept: ContentsKept | None = None
) -> None:
    await store.prints.write(
        found, state=state, record={**found.record, "result": {"bytes": 1}}, is_open=False, contents_kept=kept
    )


async def test_spool_answers_a_repeat_with_the_job_and_refuses_other_content(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = await store.prints.accept(job("a"))
        assert (first.state, first.device_id, first.printer, first.is_open) == (JobState.ACCEPTED, "p1", "p1", True)
        assert await store.prints.accept(job("a")) == first
        assert (await store.prints.accept(job("a", device_id="p2"))).position > first.position
        with pytest.raises(ConflictError, match="accepted before with other content"):
            await store.prints.accept(job("a", digest="other"))
    async with open_store(tmp_path) as store:
        assert await store.prints.find("p1", "a") == first
        assert await store.prints.find("p1", "b") is None
        assert await store.prints.content(first) == CONTENT


async def test_spool_makes_unknown_what_a_crash_cut_short_and_keeps_what_was_not_begun(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        waiting, begun, ended = [await store.prints.accept(job(name)) for name in ("waiting", "begun", "ended")]
        await store.prints.begin(begun, {**begun.record, "sent_bytes": 0})
        await store.prints.begin(ended, ended.record)
        await end(store, ended)
    async with open_store(tmp_path) as store:
        found = {each.job_id: each for each in await store.prints.recover()}
        assert found.keys() == {"waiting", "begun"}
        assert found["waiting"].state is JobState.ACCEPTED
        assert found["begun"].state is JobState.UNKNOWN
        assert found["begun"].record["error"]["code"] == "unknown_outcome"
        with pytest.raises(JobLostError):
            await store.prints.begin(begun, begun.record)
        with pytest.raises(JobLostError):
            await store.prints.begin(ended, ended.record)
        await store.prints.begin(waiting, waiting.record)


async def test_spool_lists_the_jobs_of_a_printer_and_those_it_took_over(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for name in ("one", "two"):
            await store.prints.accept(job(name))
        moved = await store.prints.accept(job("three", device_id="p2"))
        await store.prints.accept(job("four", device_id="p22"))
        await store.prints.write(moved, state=JobState.ACCEPTED, record=moved.record, is_open=True, printer="p1")
        assert [each.job_id for each in await store.prints.newest("p1", 10)] == ["three", "two", "one"]
        assert [each.job_id for each in await store.prints.newest("p2", 10)] == ["three"]
        assert [each.job_id for each in await store.prints.newest("p1", 1)] == ["three"]
        assert await store.prints.newest("p1", 10, [JobState.UNKNOWN]) == []


async def test_spool_keeps_contents_of_as_many_ended_jobs_as_are_wanted(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        jobs = [await store.prints.accept(job(f"j{number}")) for number in range(5)]
        for each in jobs[:4]:
            await end(store, each, kept=ContentsKept(2, 1_000_000))
        assert [(await store.prints.find("p1", each.job_id)).has_content for each in jobs] == [  # type: ignore[union-attr]
            False,
            False,
            True,
            True,
            True,
        ]
        with pytest.raises(ContentLostError, match="not kept any more"):
            await store.prints.content(jobs[0])


async def test_spool_keeps_no_more_bytes_of_ended_jobs_than_are_wanted(tmp_path: Path) -> None:
    """Pictures that were printed must not take the room of sales."""
    async with open_store(tmp_path) as store:
        picture = noise("picture", 40_000).encode()
        jobs = [await store.prints.accept(job(f"j{number}", content=picture)) for number in range(6)]
        other = await store.prints.accept(job("other", device_id="p2", content=picture))
        await end(store, other, kept=ContentsKept(200, 100_000))
        for each in jobs[:5]:
            await end(store, each, kept=ContentsKept(200, 100_000))
        found = [await store.prints.find(each.device_id, each.job_id) for each in [*jobs, other]]
        assert [each is not None and each.has_content for each in found] == [*[False] * 3, *[True] * 4]


async def test_spool_forgets_ended_jobs_after_days_of_running_and_open_ones_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PRINT_JOBS_MAX", 2)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        jobs = [await store.prints.accept(job(f"j{number}")) for number in range(6)]
        await end(store, jobs[0])
        await store.prints.write(jobs[1], state=JobState.UNKNOWN, record=jobs[1].record, is_open=True)
        for each in jobs[2:]:
            await end(store, each)
        bite = await store.database.submit(retention.Retention(clock, 90), None)
        assert bite.print_jobs == 3
        assert [each.job_id for each in await store.prints.newest("p1", 10)] == ["j5", "j4", "j1"]


async def test_spool_knows_a_job_that_was_settled_late_for_as_long_as_any_other(tmp_path: Path) -> None:
    """A receipt that was unknown over the holidays, and a till that repeats its request when it is switched on."""
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        days = retention.Retention(clock, 90)
        late, early = [await store.prints.accept(job(name)) for name in ("late", "early")]
        await store.prints.write(late, state=JobState.UNKNOWN, record=late.record, is_open=True)
        await end(store, early)

        async def marks() -> int:
            statement = "SELECT coalesce(max(position), 0) FROM command_watermark"
            found: int = (await store.database.read(lambda one: one.execute(statement).fetchone()))[0]
            return found

        async def run(count: int) -> list[str]:
            """For so many days, or one more: the store marks them by itself as well."""
            until = await marks() + count
            while await marks() < until:
                await clock.advance(retention.DAY_S)
                await store.database.submit(days, None)
            await store.prints.accept(job(f"{clock.monotonic()}"))
            known = [await store.prints.find("p1", name) for name in ("late", "early")]
            return [each.job_id for each in known if each is not None]

        assert await run(retention.COMMAND_KEEP_DAYS - 1) == ["late", "early"]
        assert await run(4) == ["late"]
        await end(store, late)
        assert await run(retention.COMMAND_KEEP_DAYS - 1) == ["late"]
        assert await run(4) == []


async def test_spool_seals_what_is_printed_and_tells_which_key_it_needs(tmp_path: Path) -> None:
    key_file = tmp_path / "keys"
    key_file.write_text("11" * 32)
    directory = tmp_path / "store"
    directory.mkdir()
    sealed = EncryptionSettings(key_file=key_file)
    async with open_store(directory, encryption=sealed) as store:
        found = await store.prints.accept(job("secret", content=b'{"document":[{"text":"Maria Muster"}]}'))
        assert b"Muster" in await store.prints.content(found)
    for path in directory.glob("outbox.db*"):
        assert b"Muster" not in path.read_bytes()
    ring = KeyRing(sealed)
    ring.load()
    with inspection.opened(directory) as connection:
        assert [usage.print_jobs for usage in key_usage(connection, ring)] == [1]
        assert inspection.problems(connection) == []
    async with open_store(directory, encryption=sealed) as store:
        assert b"Muster" in await store.prints.content(found)


async def test_spool_refuses_jobs_with_clear_words_when_the_store_is_full_and_keeps_what_came_of_others(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path, bytes_max=1_000_000) as store:
        accepted: list[SpooledJob] = []

        async def fill() -> None:
            while True:
                content = f'{{"document":"{noise(str(len(accepted)), 60_000)}"}}'.encode()
                accepted.append(await store.prints.accept(job(f"j{len(accepted)}", content=content)))

        with pytest.raises(StorageFullError, match=r"its limit outbox.bytes_max is 1000000"):
            await fill()
        assert len(accepted) > 3
        # A repeat is answered, and what was accepted is printed and ends.
        assert await store.prints.accept(job("j0")) == accepted[0]
        for each in accepted:
            await store.prints.begin(each, each.record)
            await end(store, each, kept=ContentsKept(0, 0))
        await store.database.measure()
        assert (await store.prints.accept(job("later"))).state is JobState.ACCEPTED


async def filled(directory: Path, count: int = 60) -> dict[str, JobState]:
    """A store with many jobs; answers how each stands."""
    states: dict[str, JobState] = {}
    async with open_store(directory) as store:
        for number in range(count):
            name = f"j{number:02d}"
            found = await store.prints.accept(job(name, content=f'{{"text":"{noise(name, 600)}"}}'.encode()))
            states[name] = (JobState.ACCEPTED, JobState.PRINTING, JobState.COMPLETED)[number % 3]
            if number % 3:
                await store.prints.begin(found, found.record)
            if number % 3 == 2:
                await end(store, found)
        await store.database.read(lambda one: one.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
    return states


def pages_of(path: Path, what: Holds) -> list[int]:
    survey = Survey(PageFile(path))
    for _ in survey.run():
        pass
    return survey.pages(what)


async def salvaged(directory: Path) -> dict[str, SpooledJob]:
    async with open_store(directory) as store:
        return {each.job_id: each for each in await store.prints.newest("p1", 1000)}


@pytest.mark.parametrize("seed", range(8))
async def test_spool_row_that_is_lost_with_a_damaged_page_is_unknown_and_never_printed_again(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    states = await filled(tmp_path)
    path = tmp_path / "outbox.db"
    data = bytearray(path.read_bytes())
    for page in rng.sample(pages_of(path, Holds.PRINTS), 3):
        damage_page(data, page, "zero", rng)
    path.write_bytes(data)
    found = await salvaged(tmp_path)
    assert found.keys() == states.keys(), f"seed {seed}"
    stubs = [each for each in found.values() if "lost with it" in each.record.get("error", {}).get("message", "")]
    assert stubs, f"seed {seed}"
    for name, each in found.items():
        if states[name] is JobState.COMPLETED and each not in stubs:
            assert each.state is JobState.COMPLETED
        else:
            assert (each.state, each.is_open) == (JobState.UNKNOWN, True), f"seed {seed}: {name}"
    async with open_store(tmp_path) as store:
        for each in found.values():
            with pytest.raises(JobLostError):
                await store.prints.begin(each, each.record)
            assert (await store.prints.accept(job(each.job_id))).state is each.state  # a repeat is no new job


async def test_spool_keys_that_are_lost_cost_no_job(tmp_path: Path) -> None:
    states = await filled(tmp_path)
    path = tmp_path / "outbox.db"
    data = bytearray(path.read_bytes())
    for page in pages_of(path, Holds.PRINT_KEYS):
        damage_page(data, page, "zero", random.Random(page))
    path.write_bytes(data)
    found = await salvaged(tmp_path)
    assert found.keys() == states.keys()
    assert {name for name, each in found.items() if each.state is JobState.COMPLETED} == {
        name for name, state in states.items() if state is JobState.COMPLETED
    }
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []


async def test_spool_content_that_is_damaged_is_told_and_not_printed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        found = await store.prints.accept(job("a"))
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("UPDATE print_job SET content = CAST(replace(content, 'two', 'six') AS BLOB)")
    connection.commit()
    connection.close()
    with inspection.opened(tmp_path) as looked_at:
        assert inspection.problems(looked_at) == ["print job p1/a: damaged on disk, its checksum does not agree"]
    async with open_store(tmp_path) as store:
        with pytest.raises(ContentLostError, match="damaged on disk"):
            await store.prints.content(found)
