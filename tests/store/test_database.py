"""Opening a store: whose it is, what state it is in, and what is said when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import integrity
from edge_gateway.store.database import Database
from edge_gateway.store.migrations import schema_files
from edge_gateway.store.space import SpaceGuard
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, event, open_store
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


def database(directory: Path) -> Database:
    return Database(OutboxSettings(directory=directory, disk_free_bytes_min=0), SystemClock())


async def test_database_refuses_a_directory_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing, does not exist: create it and give it to the user that runs"):
        await database(tmp_path / "missing").open()


async def test_database_is_not_for_everybody_to_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = database(tmp_path)
        await store.open()
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        await store.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.lock"), 0o640)


async def test_database_refuses_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"is not a directory: set outbox\.directory"):
        await database(tmp_path / "file").open()


async def test_database_refuses_a_directory_it_may_not_write(tmp_path: Path) -> None:
    as_anybody = () if os.geteuid() else ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    tmp_path.chmod(0o500)
    assert "cannot be written" in await asyncio.to_thread(_open_in_another_process, tmp_path, *as_anybody)


async def test_database_refuses_a_second_process_and_names_the_first(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"))
        second = await asyncio.to_thread(_open_in_another_process, tmp_path)
        assert f"{tmp_path} is already in use by process {os.getpid()}: stop it first" in second
        await store.outbox.append(event("e2"))
    assert await asyncio.to_thread(_open_in_another_process, tmp_path) == "opened\n"


async def test_database_refuses_a_newer_schema_naming_both_versions(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"))
    newest = max(schema_files())
    with sqlite3.connect(tmp_path / "outbox.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=rf"schema version 99, this edge-gateway knows versions up to {newest}"):
        await database(tmp_path).open()
    assert not list(tmp_path.glob("*.corrupt-*")), "a newer database is not a damaged one"


async def test_database_refuses_a_file_of_another_program(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "outbox.db") as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="is a database of some other program"):
        await database(tmp_path).open()


async def test_database_sets_a_file_that_is_no_database_aside(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"not a database at all " * 500)
    (tmp_path / "outbox.db-wal").write_bytes(b"its log")
    async with open_store(tmp_path, clock=FakeClock()) as store:
        assert store.database.set_aside_as is not None
        assert store.database.set_aside_as == tmp_path / "outbox.db.corrupt-20261121T100000Z"
        assert store.database.set_aside_as.read_bytes().startswith(b"not a database")
        await store.outbox.append(event("e1"))
    async with open_store(tmp_path) as store:
        assert store.database.set_aside_as is None
        assert store.database.used_bytes >= (tmp_path / "outbox.db").stat().st_size
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 1


async def test_database_sets_a_damaged_file_aside_with_its_wal_and_goes_on(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(200):
            await store.outbox.append(event(f"e{number}", padding=1000), key=f"k{number}", digest="d")
    path = tmp_path / "outbox.db"
    damaged = bytearray(path.read_bytes())
    for page in range(3, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 200] = random.Random(page).randbytes(200)
    path.write_bytes(damaged)
    async with open_store(tmp_path) as store:
        assert store.database.set_aside_as is not None
        await store.outbox.append(event("new"))
        assert [one.id for one in await store.pending(TRANSACTIONS, 10)] == ["new"]


async def test_database_keeps_every_file_it_sets_aside(tmp_path: Path) -> None:
    clock = FakeClock()
    for _ in range(3):
        (tmp_path / "outbox.db").write_bytes(b"not a database at all " * 500)
        async with open_store(tmp_path, clock=clock):
            pass
        (tmp_path / "outbox.db").unlink()
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 3


async def test_database_check_at_start_ends_in_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_store(tmp_path) as store:
        for number in range(300):
            await store.outbox.append(event(f"e{number}"))
        finding = await store.database.read(lambda connection: integrity.damage(connection, 0.0))
        assert finding is None
        monkeypatch.setattr(integrity, "CHECK_STEPS", 1)
        assert await store.database.read(lambda connection: integrity.damage(connection, -1.0)) is None
        assert await store.database.read(integrity.damage) is None


async def test_database_is_durable_wal_and_owned(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "auto_vacuum": 2}
        for name, value in wanted.items():
            found = await store.database.read(
                lambda connection, name=name: connection.execute(f"PRAGMA {name}").fetchone()
            )
            assert found[0] == value, name


def _connection_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk I/O error"), OSError(5, "Input/output error")])
async def test_database_that_cannot_be_measured_is_a_store_error_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(guard: SpaceGuard, connection: sqlite3.Connection) -> None:
        raise error

    one = database(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(SpaceGuard, "measure", fail)
        with pytest.raises(StoreError, match="the outbox could not be used") as caught:
            await one.open()
    assert caught.value.__cause__ is error
    with pytest.raises(StoreError, match="the outbox could not be used"):
        await one.read(lambda connection: None)
    # The connection is closed by its thread, which says so and ends right after.
    await wait_until(lambda: not _connection_threads(), what=f"the end of {_connection_threads()}")
    await one.open()
    await one.close()


async def test_database_can_be_closed_twice_and_opened_again(tmp_path: Path) -> None:
    one = database(tmp_path)
    await one.close()
    for _ in range(2):
        await one.open()
        assert await one.read(lambda connection: connection.execute("SELECT 1").fetchone()) == (1,)
        await one.close()
        await one.close()
        with pytest.raises(StoreError, match="the store is not open"):
            await one.read(lambda connection: None)


def test_database_that_was_not_closed_does_not_hold_up_the_exit(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from tests.store.test_database import database\n"
        "async def main():\n    await database(Path(sys.argv[1])).open(); raise SystemExit(7)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, timeout=20, capture_output=True)
    assert done.returncode == 7


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _open_in_another_process(directory: Path, *through: str) -> str:
    code = (
        "import asyncio, logging, sys; from pathlib import Path\n"
        "from edge_gateway.contracts.errors import StoreError; from tests.store.test_database import database\n"
        "async def main():\n"
        "    one = database(Path(sys.argv[1]))\n"
        "    try:\n        await one.open()\n"
        "    except StoreError as error:\n        print(error); return\n"
        "    await one.close(); print('opened', file=sys.stderr)\n"
        "asyncio.run(main())"
    )
    command = [*through, sys.executable, "-c", code, str(directory)]
    done = subprocess.run(command, cwd=ROOT, timeout=20, capture_output=True)
    return (done.stderr or done.stdout).decode()
