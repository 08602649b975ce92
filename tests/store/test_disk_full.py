"""A full disk is a state like any other: refused loudly, drained still, left by itself."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts.errors import StorageFullError
from edge_gateway.contracts.log_events import STORE_FULL, STORE_RECOVERED
from edge_gateway.contracts.store import Appended
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store

ROOT = Path(__file__).parents[2]


async def fill(store: Store, *, padding: int = 3000) -> int:
    """Append until it is refused; answers how many were taken."""
    for number in range(100_000):
        try:
            await store.outbox.append(event(f"fill-{number}", padding=padding), key=f"fill-{number}", digest="d")
        except StorageFullError:
            return number
    raise AssertionError("never full")


async def drain(store: Store) -> int:
    """Deliver everything; answers how many."""
    count = 0
    while events := await store.pending(TRANSACTIONS, 100):
        await store.settle([one.id for one in events], {})
        count += len(events)
    return count


async def test_outbox_refuses_above_its_own_limit_and_takes_again_after_draining(tmp_path: Path) -> None:
    async with open_store(tmp_path, bytes_max=8_000_000) as store:
        taken = await fill(store)
        assert taken > 100
        assert store.database.condition.is_full
        with pytest.raises(StorageFullError, match=r"its limit outbox.bytes_max is 8000000"):
            await store.outbox.append(event("one more", padding=3000))
        with pytest.raises(StorageFullError):
            await store.commands.claim("printer-1/r1", "d")
        repeat = await store.outbox.append(event("repeat"), key="fill-0", digest="d")
        assert repeat == Appended("fill-0", False), "what was accepted before is answered also when full"
        assert (await store.outbox.counts())[TRANSACTIONS].pending == taken
        assert await drain(store) == taken
        assert await store.outbox.append(event("again", padding=3000)) == Appended("again", True)
        assert not store.database.condition.is_full


async def test_outbox_refuses_when_the_disk_has_too_little_room_left(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    async with open_store(tmp_path, disk_free_bytes_min=free * 2) as store:
        with pytest.raises(StorageFullError, match=r"outbox.disk_free_bytes_min is \d+: make room"):
            await store.outbox.append(event("e1"))


async def test_outbox_keeps_a_finished_request_however_full_it_is(tmp_path: Path) -> None:
    async with open_store(tmp_path, bytes_max=8_000_000) as store:
        await store.commands.claim("printer-1/r1", "d")
        await fill(store)
        await store.commands.finish("printer-1/r1", b"{}")
        assert await _claim(store) == b"{}"


async def test_outbox_writes_nothing_of_a_batch_that_the_database_could_not_take(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("old"))
        pages = await store.database.read(lambda one: one.execute("PRAGMA page_count").fetchone()[0])
        await store.database.read(lambda one: one.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
        await store.pending(TRANSACTIONS, 1)
        outcomes = await asyncio.gather(
            *(store.outbox.append(event(f"e{n}", padding=3000), key=f"k{n}", digest="d") for n in range(20)),
            store.settle(["old"], {}),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes[:20]} == {StorageFullError}
        assert outcomes[20] is None, "what drains must not fail because of what grows"
        assert await store.pending(TRANSACTIONS, 10) == []
        await store.database.read(lambda one: one.execute("PRAGMA max_page_count = 1000000").fetchone())
        assert await store.outbox.append(event("e0"), key="k0", digest="other") == Appended("e0", True)
        assert not store.database.condition.is_full


def test_outbox_survives_a_write_that_the_kernel_refuses(tmp_path: Path) -> None:
    """A file size limit makes write() fail half-way, as a quota does: SQLite reports an I/O error."""
    code = (
        "import asyncio, resource, sys; from pathlib import Path\n"
        "from tests.store.test_disk_full import drain, fill; from tests.support.stores import event, open_store\n"
        "async def main():\n"
        "    async with open_store(Path(sys.argv[1])) as store:\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))\n"
        "        taken = await fill(store)\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "        await store.outbox.append(event('again'))\n"
        "        assert not store.database.condition.is_full\n"
        "        delivered = await drain(store)\n"
        "        assert delivered == taken + 1 > 50, (delivered, taken)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB: the reserve, the WAL and some events."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount") or "/bin/mount", shutil.which("umount") or "/bin/umount"
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"only root mounts a small file system here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run([umount, str(place)], check=True)


async def test_outbox_keeps_a_reserve_of_disk_in_which_it_drains(small_disk: Path) -> None:
    async with open_store(small_disk, disk_free_bytes_min=8_000_000) as store:
        taken = await fill(store)
        assert shutil.disk_usage(small_disk).free > 6_000_000
        assert await drain(store) == taken > 500
        await _sound(small_disk)


async def test_outbox_that_has_drained_sells_on_a_disk_that_something_else_fills(small_disk: Path) -> None:
    async with open_store(small_disk, disk_free_bytes_min=2_000_000) as store:
        for number in range(2500):
            await store.outbox.append(event(f"e{number}", padding=3000))
        assert await drain(store) == 2500
        (small_disk / "somebody else's file").write_bytes(bytes(shutil.disk_usage(small_disk).free - 1_000_000))
        await store.database.measure()
        assert store.database.fill_percent < 50
        taken = await fill(store)
        assert taken > 200
        await store.database.measure()
        assert store.database.fill_percent > 90
        with pytest.raises(StorageFullError, match=r"bytes free, and \d+ in unused pages of the outbox; outbox\."):
            await store.outbox.append(event("one more", padding=3000))
        assert await drain(store) == taken


async def test_outbox_outlives_a_disk_that_another_program_fills(small_disk: Path) -> None:
    async with open_store(small_disk) as store:
        for number in range(1000):
            await store.outbox.append(event(f"e{number}", padding=3000))
        filler = small_disk / "somebody else's file"
        _fill_up(filler)
        assert shutil.disk_usage(small_disk).free == 0
        await fill(store)
        taken = (await store.outbox.counts())[TRANSACTIONS].pending
        assert taken >= 1000
        filler.unlink()
        await store.outbox.append(event("again"))
        assert not store.database.condition.is_full
        assert await drain(store) == taken + 1
        await _sound(small_disk)


async def test_store_that_finds_no_room_to_open_says_so_once(small_disk: Path) -> None:
    filler = small_disk / "somebody else's file"
    _fill_up(filler)
    one = Database(OutboxSettings(directory=small_disk, disk_free_bytes_min=0), FakeClock())
    with capture_logs() as logs:
        for _ in range(3):
            assert not await one.try_open()
        assert one.condition.is_full
        with pytest.raises(StorageFullError):
            await SqliteOutbox(one, FakeClock()).append(event("e1"))
        filler.unlink()
        assert await one.try_open()
        await one.close()
    assert [log["event"] for log in logs if log["event"] in {STORE_FULL, STORE_RECOVERED}] == [
        STORE_FULL,
        STORE_RECOVERED,
    ]


async def _sound(directory: Path) -> None:
    with inspection.opened(directory) as connection:
        assert inspection.problems(connection) == []


def _fill_up(path: Path) -> None:
    size = 65_536
    with path.open("wb", buffering=0) as file:
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


async def _claim(store: Store) -> bytes | None:
    return await store.commands.claim("printer-1/r1", "d")
