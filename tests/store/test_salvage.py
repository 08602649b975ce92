"""A damaged store: every row on a sound page survives, none that is damaged goes out, what is lost is counted."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge_gateway.app import Gateway
from edge_gateway.commands import outbox
from edge_gateway.contracts.errors import StorageFullError, StoreError
from edge_gateway.contracts.states import Health
from edge_gateway.settings import EncryptionSettings, GatewaySettings
from edge_gateway.store import inspection, integrity, keys, salvaging, set_aside
from edge_gateway.store.feed import OTHER_WRITER_CHECK_S
from edge_gateway.store.page_file import PageFile, WalFile, log_damage
from edge_gateway.store.page_survey import Survey
from edge_gateway.store.salvage_reader import SalvageReader
from tests.store.damage import KINDS, Layout, damage, damage_page, layout_of, safe
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store
from tests.support.waiting import wait_until

STREAMS = (TRANSACTIONS, "device_events")
EVENTS, DELIVERED, REFUSED = 240, 30, 4
ALL_KEYS = "SELECT key, sequence FROM idempotency_key UNION SELECT key, sequence FROM pending WHERE key IS NOT NULL"


@dataclass(frozen=True)
class Original:
    """A sound store to make damaged ones from, and what is in it."""

    directory: Path
    settings: dict[str, Any]
    rows: dict[int, str]
    appended: dict[int, str]
    """Delivered and refused ones included."""
    layout: Layout
    keys: dict[str, int]

    def copy_to(self, directory: Path) -> Path:
        for path in self.directory.glob("outbox.db*"):
            shutil.copy(path, directory)
        return directory / "outbox.db"


def padding(number: int) -> int:
    """Some fill a tenth of a page, some three pages."""
    return number * 37 % 9000 if number % 5 == 0 else number * 7 % 400


async def fill(store: Store) -> dict[int, str]:
    """Answers all events with their sequences."""

    async def put(number: int) -> None:
        one = event(f"e{number}", stream=STREAMS[number % 2], padding=padding(number))
        await store.outbox.append(one, key=f"k{number}" if number % 2 == 0 else None, digest="d")

    for first in range(0, EVENTS, 20):
        await asyncio.gather(*map(put, range(first, first + 20)))
        if first == EVENTS // 2:
            await store.database.read(lambda one: one.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    for number in range(20):
        await store.commands.claim(f"printer/{number}", "d")
        await store.commands.finish(f"printer/{number}", b'{"status":"completed"}')
    appended = await waiting_rows(store)
    refused = {f"e{number}": "unknown article" for number in range(DELIVERED, DELIVERED + REFUSED)}
    await store.settle([f"e{number}" for number in range(DELIVERED)], refused)
    return appended


async def make(directory: Path, *, is_sealed: bool, has_log: bool) -> Original:
    directory.mkdir()
    wanted: dict[str, Any] = {}
    if is_sealed:
        (directory / "keys").write_text(f"{bytes(range(32)).hex()}\n")
        (directory / "keys").chmod(0o600)
        wanted["encryption"] = EncryptionSettings(key_file=directory / "keys")
    work, kept = directory / "work", directory / "kept"
    work.mkdir()
    kept.mkdir()
    async with open_store(work, **wanted) as store:
        appended = await fill(store)
        rows = dict(await store.database.read(lambda one: one.execute("SELECT sequence, id FROM pending").fetchall()))
        all_keys = dict(await store.database.read(lambda one: one.execute(ALL_KEYS).fetchall()))
        if has_log:
            for path in work.glob("outbox.db*"):
                shutil.copy(path, kept)
    if not has_log:
        shutil.copy(work / "outbox.db", kept)
    return Original(kept, wanted, rows, appended, layout_of(kept / "outbox.db"), all_keys)


@pytest.fixture(scope="module", params=["clear", "clear-log", "sealed", "sealed-log"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Original:
    is_sealed, has_log = request.param.startswith("sealed"), request.param.endswith("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "BITE_KEYS", 4)
        patch.setattr(keys, "YOUNG_MAX", 16)  # most are sorted in, the newest lie beside their events
        directory = tmp_path_factory.mktemp("salvage") / "original"
        return asyncio.run(make(directory, is_sealed=is_sealed, has_log=has_log))


async def waiting_rows(store: Store) -> dict[int, str]:
    return dict(await store.database.read(lambda one: one.execute("SELECT sequence, id FROM pending").fetchall()))


async def deliverable(store: Store) -> dict[int, bytes]:
    """What goes out, of all streams."""
    feed, found = store.feed, {}
    for stream in STREAMS:
        after = 0
        while more := await feed.backlog(stream, after=after, limit=1000):
            found.update((one.sequence, one.event.payload) for one in more)
            after = more[-1].sequence
    return found


def read_raw(path: Path) -> tuple[dict[int, str], SalvageReader]:
    file = PageFile(path)
    survey = Survey(file)
    for _ in survey.run():
        pass
    reader = SalvageReader(survey)
    found = {row.sequence: row.event.id for rows in reader.events() for row in rows}
    file.close()
    return found, reader


def test_page_reader_reads_a_sound_store_as_sqlite_does(original: Original, tmp_path: Path) -> None:
    path = original.copy_to(tmp_path)
    found, reader = read_raw(path)
    assert found == original.rows
    assert reader.dark == []
    assert log_damage(path) is None
    assert set(original.layout.pages_of) == set(original.rows)


@pytest.mark.parametrize("seed", range(6))
async def test_salvage_keeps_what_lies_on_sound_pages_and_counts_the_rest(
    original: Original, tmp_path: Path, seed: int
) -> None:
    print(f"seed {seed}")
    hit = damage(original.copy_to(tmp_path), random.Random(seed))
    async with open_store(tmp_path, **original.settings) as store:
        kept = await waiting_rows(store)
        if store.database.set_aside_as is not None:
            assert set(safe(original.layout, hit)) <= kept.keys()
            assert kept.items() <= original.rows.items()
            (state,) = store.database.salvaging.states
            assert state.stage == "done"
            if state.report.is_exact:
                assert state.report.lost_total == len(original.rows) - len(kept)
            for key, sequence in original.keys.items():
                known = await store.outbox.find(key, "d")
                assert known is None or sequence in kept or sequence not in original.rows, f"{key} is lost, and known"
        for payload in (await deliverable(store)).values():
            event_id = payload.split(b'"id":"', 1)[1].split(b'"', 1)[0].decode()
            assert payload == event(event_id, padding=padding(int(event_id[1:]))).payload
        await store.outbox.append(event("new"), key="new", digest="d")
    if store.database.set_aside_as is not None:
        with inspection.opened(tmp_path) as connection:
            assert inspection.problems(connection) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(KINDS), first=st.sampled_from([1, 1, 3, 20]))
def test_page_reader_never_raises_and_never_takes_damage_for_good(
    original: Original, tmp_path: Path, seed: int, kind: str, first: int
) -> None:
    path = original.copy_to(tmp_path)
    rng = random.Random(seed)
    hit = damage(path, rng, kinds=(kind,), first=first)
    if rng.random() < 0.3 and (log := tmp_path / "outbox.db-wal").exists():
        data = bytearray(log.read_bytes())
        data[rng.randrange(min(len(data), 400_000))] ^= 1 << rng.randrange(8)
        log.write_bytes(data)
        hit |= original.layout.in_log
    found, reader = read_raw(path)
    # Where a frame of the log is gone, the page is read as it was before: what was delivered since comes again.
    assert found.items() <= (original.appended if hit & original.layout.in_log else original.rows).items()
    if not hit & original.layout.in_log:
        assert set(safe(original.layout, hit)) <= found.keys()
    log_damage(path)
    assert all(reader.has(sequence) for sequence in found)


async def damaged_store(original: Original, directory: Path) -> set[int]:
    """Three leaves are zeros, none of them with the newest events; answers the sequences that lay there."""
    path = original.copy_to(directory)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    layout, rng = layout_of(path), random.Random(5)
    sales = list(dict.fromkeys(layout.leaf_of[one] for one in sorted(layout.leaf_of) if one > 5 << 40))
    scans = list(dict.fromkeys(layout.leaf_of[one] for one in sorted(layout.leaf_of) if one < 4 << 40))
    data, hit = bytearray(path.read_bytes()), {sales[1], sales[2], scans[1]}
    for page in hit:
        damage_page(data, page, "zero", rng)
    path.write_bytes(data)
    return {sequence for sequence, used in layout.pages_of.items() if used & hit}


async def test_lost_sale_may_be_submitted_again_and_keeps_its_id(original: Original, tmp_path: Path) -> None:
    gone = await damaged_store(original, tmp_path)
    lost_keys = {key for key, sequence in original.keys.items() if sequence in gone}
    assert lost_keys
    async with open_store(tmp_path, **original.settings) as store:
        (state,) = store.database.salvaging.states
        assert state.report.is_exact
        assert state.report.lost_total == len(gone)
        named = set(state.report.keys_lost)
        assert named <= lost_keys
        assert named
        assert not state.is_acknowledged
        assert await store.outbox.former_id("never-sold", "d") is None
        assert not [key for key in lost_keys if await store.outbox.find(key, "d") is not None]
        for key in named:
            assert await store.outbox.former_id(key, "other") is None
            former = await store.outbox.former_id(key, "d")
            assert former == f"e{key[1:]}"
            again = await store.outbox.append(event(former), key=key, digest="d")
            assert again.is_new
        for key in original.keys.keys() - lost_keys:
            assert await store.outbox.find(key, "d") is not None
        assert await store.commands.claim("printer/3", "d") == b'{"status":"completed"}'
        counts = await store.outbox.counts()
        assert sum(one.dead for one in counts.values()) == REFUSED


async def test_new_events_come_after_all_of_the_old_store_in_the_order_of_their_numbers(
    original: Original, tmp_path: Path
) -> None:
    await damaged_store(original, tmp_path)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock, **original.settings) as store:
        epoch = store.database.epoch
        await store.outbox.append(event("new"))
        rows = await waiting_rows(store)
        newest = max(rows)
        assert rows[newest] == "new"
        assert all(number in original.rows for number in rows if number != newest)
    assert epoch is not None


async def test_numbers_go_on_above_even_if_the_clock_stands_in_1970(original: Original, tmp_path: Path) -> None:
    for round_number in range(2):
        path = tmp_path / "outbox.db"
        if round_number == 0:
            await damaged_store(original, tmp_path)
        else:
            data = bytearray(path.read_bytes())
            damage_page(data, min(layout_of(path).leaf_of.values()), "zero", random.Random(1))
            path.write_bytes(data)
        clock = FakeClock()
        clock.jump_wall_clock(-clock.now().timestamp())
        async with open_store(tmp_path, clock=clock, **original.settings) as store:
            assert store.database.set_aside_as is not None
            before = await waiting_rows(store)
            await store.outbox.append(event(f"new{round_number}"))
            rows = await waiting_rows(store)
            assert rows[max(rows)] == f"new{round_number}"
            assert len(rows) == len(before) + 1
            assert "new0" in rows.values()


@pytest.fixture
def slow_salvage(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Nothing is salvaged at the opening; then a bite at each turn of the clock."""
    monkeypatch.setattr(salvaging, "AT_OPEN_S_MAX", 0.0)
    monkeypatch.setattr(salvaging, "BITE_S", 0.0)
    return FakeClock()


async def test_salvage_in_the_background_holds_back_what_it_may_contradict(
    original: Original, tmp_path: Path, slow_salvage: FakeClock
) -> None:
    gone = await damaged_store(original, tmp_path)
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        with pytest.raises(StoreError, match="is being salvaged: 'k100' may be in it"):
            await store.outbox.find("k100", "d")
        with pytest.raises(StoreError, match="requests are being salvaged"):
            await store.commands.claim("printer/3", "d")
        await store.outbox.append(event("new", stream="device_events"))
        assert await deliverable(store) == {}
        assert await store.feed.live("device_events", beyond=0, limit=10) == []
        while store.database.salvaging.is_running:
            await slow_salvage.advance(salvaging.PAUSE_S)
        assert len(await deliverable(store)) == len(original.rows) - len(gone) + 1
        assert await store.commands.claim("printer/3", "d") == b'{"status":"completed"}'
        again = await store.outbox.append(event("again"), key="k100", digest="d")
        assert not again.is_new


async def test_new_sales_are_taken_as_soon_as_the_old_keys_are_known(
    original: Original, tmp_path: Path, slow_salvage: FakeClock
) -> None:
    await damaged_store(original, tmp_path)
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        with pytest.raises(StoreError, match="is being salvaged"):
            await store.outbox.append(event("new"), key="new", digest="d")
        while store.database.salvaging.may_have("new"):
            await slow_salvage.advance(salvaging.PAUSE_S)
        assert store.database.salvaging.is_running
        assert (await store.outbox.append(event("new"), key="new", digest="d")).is_new
        with pytest.raises(StoreError, match="is being salvaged"):
            await store.outbox.append(event("again"), key="k100", digest="d")


async def test_salvage_goes_on_after_a_restart_and_comes_to_the_same(
    original: Original, tmp_path: Path, slow_salvage: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await damaged_store(original, tmp_path)
    openings = 0
    while True:
        openings += 1
        async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
            for _ in range(2 * openings):
                await slow_salvage.advance(salvaging.PAUSE_S)
            if not store.database.salvaging.is_running:
                break
    assert openings > 2
    async with open_store(tmp_path, **original.settings) as store:
        assert await waiting_rows(store) == {
            sequence: event_id for sequence, event_id in original.rows.items() if sequence not in gone
        }
        (state,) = store.database.salvaging.states
        assert (state.report.is_exact, state.report.lost_total) == (True, len(gone))
        assert sum(state.report.salvaged.values()) == len(original.rows) - len(gone)
        assert state.report.commands == 20
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []


async def test_store_that_is_damaged_while_it_is_open_is_replaced(original: Original, tmp_path: Path) -> None:
    original.copy_to(tmp_path)
    async with open_store(tmp_path, **original.settings) as store:
        await store.database.read(lambda one: one.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        await store.outbox.counts()  # as every few seconds: how far its numbers went is remembered
        path = tmp_path / "outbox.db"
        layout, data = layout_of(path), bytearray(path.read_bytes())
        victim = layout.leaf_of[max(layout.leaf_of)]
        gone = {sequence for sequence, pages in layout.pages_of.items() if victim in pages}
        damage_page(data, victim, "zero", random.Random(1))
        with path.open("r+b") as file:
            file.seek((victim - 1) * 4096)
            file.write(bytes(4096))
        await store.database.read(lambda one: one.execute("PRAGMA shrink_memory").fetchall())
        with pytest.raises(StoreError):
            await deliverable(store)
        await wait_until(lambda: store.database.openings == 1, what="the store to be replaced")
        assert set(await deliverable(store)) == original.rows.keys() - gone
        assert (await store.outbox.append(event("new"), key="new", digest="d")).is_new
        assert store.database.salvaging.states[0].report.lost_total == len(gone)
    async with open_store(tmp_path, **original.settings) as store:
        assert store.database.salvaging.states[0].stage == "done"


async def test_log_with_a_damaged_frame_before_later_commits_is_not_taken_for_its_end(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    async with open_store(tmp_path / "work") as store:
        for number in range(20):
            await store.outbox.append(event(f"e{number}"))
        for path in (tmp_path / "work").glob("outbox.db*"):
            shutil.copy(path, tmp_path)
    log = tmp_path / "outbox.db-wal"
    frame_bytes = 24 + 4096
    frames = len([one for one in range(32, log.stat().st_size - frame_bytes, frame_bytes) if _is_frame(log, one)])
    whole = log.read_bytes()
    for frame in range(frames - 6):
        data = bytearray(whole)
        data[32 + frame * frame_bytes + 24 + 100] ^= 1
        log.write_bytes(data)
        assert log_damage(tmp_path / "outbox.db") is not None, frame
    log.write_bytes(whole)
    assert log_damage(tmp_path / "outbox.db") is None
    torn = bytearray(whole)
    torn[32 + (frames - 1) * frame_bytes + 500] ^= 1
    log.write_bytes(torn)
    assert log_damage(tmp_path / "outbox.db") is None, "a power cut tears the last commit: nobody was promised it"
    data = bytearray(whole)
    data[32 + (frames // 2) * frame_bytes + 24 + 100] ^= 1
    log.write_bytes(data)
    async with open_store(tmp_path) as store:
        assert store.database.set_aside_as is not None
        assert len(await waiting_rows(store)) == 20


def _is_frame(log: Path, place: int) -> bool:
    with log.open("rb") as file:
        salts = file.read(24)[16:24]
        file.seek(place + 8)
        return file.read(8) == salts


async def test_power_cut_between_two_renames_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    async with open_store(tmp_path / "work") as store:
        for number in range(20):
            await store.outbox.append(event(f"e{number}"))
        for path in (tmp_path / "work").glob("outbox.db*"):
            shutil.copy(path, tmp_path)
    target = tmp_path / "outbox.db.corrupt-20260101T000000Z"
    (tmp_path / f"{target.name}{set_aside.MARK}").touch()
    (tmp_path / "outbox.db-wal").rename(tmp_path / f"{target.name}-wal")
    async with open_store(tmp_path) as store:
        assert len(await waiting_rows(store)) == 20
        assert target.exists()


async def test_old_stores_do_not_fill_the_disk(tmp_path: Path) -> None:
    clock = FakeClock()
    for number in range(set_aside.KEPT_MAX + 3):
        (tmp_path / "outbox.db").write_bytes(b"not a database at all " * 500)
        (tmp_path / "outbox.db-wal").unlink(missing_ok=True)
        async with open_store(tmp_path, clock=clock):
            pass
        await clock.advance(60 + number)
    kept = [path.name for path in tmp_path.glob("*.corrupt-*")]
    assert len(kept) == set_aside.KEPT_MAX, kept


def test_old_stores_take_a_share_of_the_disk_but_for_the_newest_and_those_not_salvaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, targets = tmp_path / "outbox.db", []
    for _ in range(4):
        path.write_bytes(b"damaged " * 1000)
        targets.append(set_aside.set_aside(path, FakeClock().now()))
    for target in targets[1:]:
        set_aside.salvaged(target)
    set_aside.forget_oldest(path)
    assert all(target.exists() for target in targets)
    monkeypatch.setattr(set_aside, "KEPT_DISK_SHARE", 0.0)
    set_aside.forget_oldest(path)
    assert [target.exists() for target in targets] == [True, False, False, True]


def test_stores_set_aside_within_one_second_are_in_their_order(tmp_path: Path) -> None:
    path, targets = tmp_path / "outbox.db", []
    for _ in range(11):
        path.write_bytes(b"damaged")
        targets.append(set_aside.set_aside(path, FakeClock().now()))
    assert set_aside.unsalvaged(path) == targets


async def test_rows_of_a_store_that_began_higher_are_numbered_anew_in_their_order(
    original: Original, tmp_path: Path, slow_salvage: FakeClock
) -> None:
    """The old store began by the time of 2026; the box has come up in 1970, and sells before it has looked."""
    await damaged_store(original, tmp_path)
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        while store.database.salvaging.is_running:
            await slow_salvage.advance(salvaging.PAUSE_S)
        for number in range(30):
            await store.outbox.append(event(f"high{number}", padding=3000))
        old = await waiting_rows(store)
    path = tmp_path / "outbox.db"
    data = bytearray(path.read_bytes())
    damage_page(data, min(layout_of(path).leaf_of.values()), "zero", random.Random(1))
    path.write_bytes(data)
    slow_salvage.jump_wall_clock(-slow_salvage.now().timestamp())
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        await store.outbox.append(event("new", stream=TRANSACTIONS))
        while store.database.salvaging.is_running:
            await slow_salvage.advance(salvaging.PAUSE_S)
        rows = await waiting_rows(store)
        ids = [rows[number] for number in sorted(rows) if number >= 5 << 40]
        assert ids[-1] == "new"
        assert ids[-31:-1] == [f"high{number}" for number in range(30)]
        before = [old[number] for number in sorted(old) if number >= 5 << 40]
        assert [one for one in before if one in set(ids)] == ids[:-1]


async def test_newest_sales_that_cannot_be_read_are_told_of_though_nobody_can_count_them(
    original: Original, tmp_path: Path
) -> None:
    original.copy_to(tmp_path)
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    path = tmp_path / "outbox.db"
    layout, data = layout_of(path), bytearray(path.read_bytes())
    damage_page(data, layout.leaf_of[max(layout.leaf_of)], "zero", random.Random(1))
    path.write_bytes(data)
    async with open_store(tmp_path, **original.settings) as store:
        (state,) = store.database.salvaging.unacknowledged
        assert not state.report.is_exact
        assert state.report.open_ended == [TRANSACTIONS]
        assert "the newest of transactions cannot be read" in state.report.words


async def test_loss_is_acknowledged_by_a_person_and_audited(original: Original, tmp_path: Path) -> None:
    gone = await damaged_store(original, tmp_path)
    config = tmp_path / "gateway.toml"
    key_file = original.settings["encryption"].key_file if original.settings else None
    words = f'[outbox.encryption]\nkey_file = "{key_file}"\n' if key_file else ""
    config.write_text(f'[store]\nid = "S001"\n[outbox]\ndirectory = "{tmp_path}"\n{words}')
    app = typer.Typer()
    outbox.register(app)
    async with open_store(tmp_path, **original.settings) as store:
        assert len(store.database.salvaging.unacknowledged) == 1
        arguments = ["outbox", "acknowledge-loss", "--reason", "entered anew", "--config", str(config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        assert result.exit_code == 0, result.output
        await store.database.measure()
        assert store.database.salvaging.unacknowledged == ()
        (told,) = [json.loads(one.payload)["data"] for one in await store.pending("audit", 10)]
        assert (told["action"], told["why"]) == ("loss_acknowledged", "entered anew")
        assert sum(told["changes"]["lost"].values()) == len(gone)
        again = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        assert again.exit_code == 1


@pytest.mark.parametrize("seconds", [0, 2])
async def test_second_damage_during_a_salvage_counts_each_store_by_its_own_numbers(
    original: Original, tmp_path: Path, slow_salvage: FakeClock, seconds: int
) -> None:
    """Within one second their files differ by the number behind the time."""
    gone = await damaged_store(original, tmp_path)
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        for number in range(5):
            await store.outbox.append(event(f"between{number}", stream="device_events"))
        await store.outbox.counts()
        slow_salvage.jump_wall_clock(seconds)
        store.database._is_damaged(integrity.damaged("found by the test"))
        await wait_until(lambda: store.database.openings == 1, what="the store to be replaced")
        while store.database.salvaging.is_running:
            await slow_salvage.advance(salvaging.PAUSE_S)
        lost = {state.kept_as: state.report.lost_total for state in store.database.salvaging.states}
        assert list(lost.values()) == [len(gone), 0]
        assert all(state.report.is_exact for state in store.database.salvaging.states)
        assert {f"between{number}" for number in range(5)} <= set((await waiting_rows(store)).values())


@pytest.mark.parametrize("value", [bytes(2), b"\x20\x00", b"\x02\x00"])
def test_page_size_in_a_damaged_header_costs_no_row(original: Original, tmp_path: Path, value: bytes) -> None:
    path = original.copy_to(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek(16)
        file.write(value)
    found, _ = read_raw(path)
    assert found == original.rows


async def test_end_of_a_salvage_wakes_who_waits_for_events(
    original: Original, tmp_path: Path, slow_salvage: FakeClock
) -> None:
    await damaged_store(original, tmp_path)
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        await store.outbox.append(event("new", stream="device_events"))
        while True:
            await deliverable(store)
            before, waiting = store.feed.rewinds, asyncio.create_task(store.feed.wait_for_growth(store.feed.growth))
            await slow_salvage.advance(salvaging.PAUSE_S)
            await store.database.read(lambda one: None)  # behind the bite
            if not store.database.salvaging.is_running:
                break
            waiting.cancel()
        async with asyncio.timeout(OTHER_WRITER_CHECK_S / 2):
            await waiting
        assert store.feed.rewinds > before
        assert b'"id":"new"' in b"".join((await deliverable(store)).values())


def test_log_is_looked_through_for_so_long_at_a_start(tmp_path: Path) -> None:
    frame = bytes(24 + 4096)
    (tmp_path / "outbox.db-wal").write_bytes(bytes(32) + frame * 3)
    assert WalFile(tmp_path / "outbox.db-wal").frames_read == 3
    assert WalFile(tmp_path / "outbox.db-wal", seconds_max=-1).frames_read == 0


async def test_salvage_without_room_is_told_once_and_goes_on_when_there_is(
    original: Original,
    tmp_path: Path,
    slow_salvage: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await damaged_store(original, tmp_path)
    gateway = Gateway(GatewaySettings.model_validate({"store": {"id": "S001"}, "outbox": {"directory": tmp_path}}))
    overview = gateway._overview.store
    async with open_store(tmp_path, clock=slow_salvage, **original.settings) as store:
        overview._database = store.database
        with monkeypatch.context() as patch:
            refusal = StorageFullError("no room")
            patch.setattr(store.database._space, "refusal", lambda *_: refusal)
            for _ in range(300):
                await slow_salvage.advance(salvaging.BLOCKED_PAUSE_S)
                await store.database.read(lambda one: None)
                if store.database.salvaging.problem is not None:
                    break
            for _ in range(3):
                await slow_salvage.advance(salvaging.BLOCKED_PAUSE_S)
            status = overview.status()
            assert status.health is Health.UNHEALTHY
            assert status.reason is not None
            assert "cannot go on: no room" in status.reason
        await slow_salvage.advance(salvaging.BLOCKED_PAUSE_S)
        while store.database.salvaging.is_running:
            await slow_salvage.advance(salvaging.PAUSE_S)
        assert overview.status().health is Health.DEGRADED
        assert "acknowledge-loss" in (overview.status().reason or "")
    assert capsys.readouterr().out.count("store_salvage_blocked") == 1


async def test_salvage_that_fails_at_the_start_does_not_keep_the_shop_from_opening(
    original: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await damaged_store(original, tmp_path)

    def broken(self: Survey, key: int) -> int:
        raise IndexError(key)

    monkeypatch.setattr(Survey, "key_newest", broken)
    async with open_store(tmp_path, **original.settings) as store:
        assert (await store.outbox.append(event("new"), key="new", digest="d")).is_new
        (state,) = store.database.salvaging.unacknowledged
        assert (state.stage, state.has_losses) == ("failed", True)
    assert set_aside.unsalvaged(tmp_path / "outbox.db") == []


async def test_event_loop_goes_on_while_a_store_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def noted(path: Path, now: datetime) -> Path:
        threads.append(threading.current_thread())
        return move(path, now)

    move = set_aside.set_aside
    monkeypatch.setattr(set_aside, "set_aside", noted)
    (tmp_path / "outbox.db").write_bytes(b"not a database at all " * 500)
    async with open_store(tmp_path):
        assert threads
        assert threading.main_thread() not in threads


async def test_replacement_that_dies_is_told_to_who_watches_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(tmp_path) as store:

        def broken(path: Path, now: datetime) -> Path:
            raise RuntimeError(str(path))

        monkeypatch.setattr(set_aside, "set_aside", broken)
        store.database._is_damaged(integrity.damaged("found by the test"))
        with pytest.raises(RuntimeError, match="outbox"):
            await asyncio.wait_for(store.database.watch(), 5)
