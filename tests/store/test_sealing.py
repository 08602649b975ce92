"""Payloads on disk: sealed with a key, proven by a checksum, waiting for a key that is gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.settings import EncryptionSettings
from edge_gateway.store.key_ring import KEYS_LOOK_INTERVAL_S, key_of
from edge_gateway.store.sealing import IN_CLEAR, DamagedError, LockedError, row_checksum
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store

FIRST, SECOND = bytes(range(32)), bytes(range(100, 132))
SECRET = "what-the-customer-bought"


def keys(path: Path, *materials: bytes) -> dict[str, Any]:
    path.write_text("".join(f"{material.hex()}\n" for material in materials))
    path.chmod(0o600)
    return {"encryption": EncryptionSettings(key_file=path)}


def told(event_id: str) -> OutboxEvent:
    one = event(event_id)
    return OutboxEvent(one.id, one.stream, one.source, one.type, one.payload.replace(b'""', f'"{SECRET}"'.encode()))


async def waiting(store: Store) -> list[str]:
    return [one.event.id for one in await store.outbox.feed("https").backlog(TRANSACTIONS, after=0, limit=100)]


def bytes_on_disk(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.glob("outbox.db*"))


async def test_sealed_payloads_are_not_on_disk_and_come_back_as_they_were(tmp_path: Path) -> None:
    sealed, clear = tmp_path / "sealed", tmp_path / "clear"
    for directory, settings in ((sealed, keys(tmp_path / "keys", FIRST)), (clear, {})):
        directory.mkdir()
        async with open_store(directory, **settings) as store:
            await store.outbox.append(told("e1"), key="k", digest="d")
            found = await store.outbox.feed("https").backlog(TRANSACTIONS, after=0, limit=10)
            assert [one.event for one in found] == [told("e1")]
        async with open_store(directory, **settings) as store:
            assert [one.payload for one in await store.pending(TRANSACTIONS, 10)] == [told("e1").payload]
    assert SECRET.encode() not in bytes_on_disk(sealed)
    assert SECRET.encode() in bytes_on_disk(clear)


async def test_sealed_payload_cannot_be_moved_to_another_event(tmp_path: Path) -> None:
    async with open_store(tmp_path, **keys(tmp_path / "keys", FIRST)) as store:
        await store.outbox.append(told("e1"))
        row = await store.database.read(
            lambda connection: connection.execute("SELECT sequence, payload, key_id FROM pending").fetchone()
        )
        sequence, stored, key_id = row
        moved = OutboxEvent("e2", TRANSACTIONS, "s", "t", stored)
        for checksum in (None, row_checksum(sequence, moved, key_id, stored)):
            with pytest.raises(DamagedError, match=r"event e2: its seal is broken"):
                store.database.sealer.unseal(sequence, moved, key_id, checksum)


@pytest.mark.parametrize("field", ["sequence", "id", "source", "type", "key_id", "payload"])
def test_checksum_covers_all_that_decides_where_an_event_goes(field: str) -> None:
    one = event("e1")
    before = row_checksum(7, one, IN_CLEAR, one.payload)
    changed = {
        "sequence": lambda: row_checksum(8, one, IN_CLEAR, one.payload),
        "id": lambda: row_checksum(7, event("e2"), IN_CLEAR, one.payload),
        "source": lambda: row_checksum(7, event("e1", source="/other"), IN_CLEAR, one.payload),
        "type": lambda: row_checksum(7, OutboxEvent("e1", "", one.source, "other", b""), IN_CLEAR, one.payload),
        "key_id": lambda: row_checksum(7, one, 1, one.payload),
        "payload": lambda: row_checksum(7, one, IN_CLEAR, one.payload[:-1] + b"]"),
    }
    assert changed[field]() != before


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_damaged_payload_is_buried_and_never_delivered(tmp_path: Path, is_sealed: bool) -> None:
    settings = keys(tmp_path / "keys", FIRST) if is_sealed else {}
    async with open_store(tmp_path, **settings) as store:
        for number in range(3):
            await store.outbox.append(event(f"e{number}"))
        await store.database.read(
            lambda connection: connection.execute(
                "UPDATE pending SET payload = CAST(substr(payload, 1, 40)"
                " || CASE substr(payload, 41, 1) WHEN x'41' THEN x'42' ELSE x'41' END"
                " || substr(payload, 42) AS BLOB) WHERE id = 'e1'"
            ).fetchall()
        )
        assert await waiting(store) == ["e0", "e2"]
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 1


async def test_key_is_changed_without_stopping(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock, **keys(tmp_path / "keys", FIRST)) as store:
        await store.outbox.append(event("old"))
        assert await waiting(store) == ["old"]
        keys(tmp_path / "keys", SECOND, FIRST)
        await clock.advance(KEYS_LOOK_INTERVAL_S)
        assert await waiting(store) == ["old"]
        await store.outbox.append(event("new"))
        assert await waiting(store) == ["old", "new"]
        used = await store.database.read(
            lambda connection: connection.execute(
                "SELECT id, fingerprint FROM pending JOIN encryption_key USING (key_id) ORDER BY sequence"
            ).fetchall()
        )
    assert used == [("old", key_of(FIRST).fingerprint), ("new", key_of(SECOND).fingerprint)]


async def test_rows_of_a_missing_key_wait_in_their_place_until_it_is_back(tmp_path: Path) -> None:
    async with open_store(tmp_path, **keys(tmp_path / "keys", FIRST)) as store:
        await store.outbox.append(event("locked"))
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock, **keys(tmp_path / "keys", SECOND)) as store:
        await store.outbox.append(event("new"))
        feed = store.outbox.feed("https")
        assert await waiting(store) == ["new"]
        assert feed.locked == 1
        assert feed.locked_reason is not None
        assert f"the key with fingerprint {key_of(FIRST).fingerprint} is needed" in feed.locked_reason
        assert f"{tmp_path / 'keys'} has {key_of(SECOND).fingerprint}" in feed.locked_reason
        before = feed.rewinds
        keys(tmp_path / "keys", SECOND, FIRST)
        await clock.advance(KEYS_LOOK_INTERVAL_S)
        assert await waiting(store) == ["locked", "new"]
        assert feed.rewinds != before
        assert feed.locked == 0


async def test_rows_are_locked_and_new_ones_in_clear_when_encryption_is_taken_away(tmp_path: Path) -> None:
    async with open_store(tmp_path, **keys(tmp_path / "keys", FIRST)) as store:
        await store.outbox.append(event("sealed"))
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("clear"))
        assert await waiting(store) == ["clear"]
        assert "no [outbox.encryption]" in str(store.outbox.feed("https").locked_reason)
    async with open_store(tmp_path, **keys(tmp_path / "keys", FIRST)) as store:
        assert await waiting(store) == ["sealed", "clear"]


async def test_store_does_not_open_in_clear_when_its_keys_are_missing(tmp_path: Path) -> None:
    settings = {"encryption": EncryptionSettings(key_file=tmp_path / "missing")}
    with pytest.raises(StoreError, match=r"Nothing is stored in clear meanwhile"):
        async with open_store(tmp_path, **settings):
            pass
    assert not (tmp_path / "outbox.db").exists()


async def test_key_whose_row_was_lost_is_found_by_trying(tmp_path: Path) -> None:
    settings = keys(tmp_path / "keys", SECOND, FIRST)
    async with open_store(tmp_path, **settings) as store:
        await store.outbox.append(event("e1"))
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("DELETE FROM encryption_key")
    connection.commit()
    connection.close()
    async with open_store(tmp_path, **settings) as store:
        assert await waiting(store) == ["e1"]
    async with open_store(tmp_path, **keys(tmp_path / "other", FIRST)) as store:
        sealer, one = store.database.sealer, event("e1")
        with pytest.raises(LockedError, match="a key whose fingerprint is not known any more"):
            sealer.unseal(1, one, 1, None)
