"""Opens what a power cut left, and looks whether every promise is kept: with SQLite alone, or with the whole store."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.contracts.printing import JobState
from edge_gateway.contracts.store import Appended
from edge_gateway.store.database import FILE_NAME
from edge_gateway.store.packing import Packer
from tests.powercut.promises import PRINTER, UPLINKS, Promises, event_of, key_of
from tests.support.stores import TRANSACTIONS, Store, event, open_store
from tests.support.waiting import wait_until

FRESH_ID: Final = "after-0-0"
EVENTS_MAX: Final = 100_000
JOBS_MAX: Final = 10_000


def broken_with_sqlite(directory: Path, promises: Promises, *, is_thorough: bool = False) -> list[str]:
    """Read only, so that the files stay as they are. ``is_thorough``: also the structure of the whole database."""
    address = f"file:{directory / FILE_NAME}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            return _broken_tables(connection, promises, is_thorough)
    except sqlite3.Error as error:
        return [f"it cannot be read: {error}"]


def _broken_tables(connection: sqlite3.Connection, promises: Promises, is_thorough: bool) -> list[str]:
    rows = connection.execute("SELECT id, payload, done FROM pending").fetchall()
    unpack = Packer().unpack
    pending = {event_id: unpack(stored) for event_id, stored, _ in rows}
    broken = _broken_events(pending, promises.must_be_pending(), promises.gone)
    bits = {name: 1 << (number - 1) for number, name in connection.execute("SELECT uplink_id, name FROM uplink")}
    for uplink in UPLINKS:
        again = {event_id for event_id, _, done in rows if not done & bits.get(uplink, 0)} & promises.settled(uplink)
        broken += [f"{each} was settled by {uplink}, which would get it again" for each in sorted(again)]
    keys = dict(connection.execute(*_among("SELECT key, event_id FROM idempotency_key WHERE key", _keys(promises))))
    keys |= dict(connection.execute(*_among("SELECT key, id FROM pending WHERE key", _keys(promises))))
    broken += [f"the key of {each} is lost" for each in promises.keyed if keys.get(key_of(each)) != each]
    dead = set(connection.execute("SELECT uplink.name, id FROM dead_letter JOIN uplink USING (uplink_id)"))
    for uplink, ids in promises.dead.items():
        broken += [f"dead letter {each} of {uplink} is lost" for each in sorted(ids) if (uplink, each) not in dead]
    commands = dict(connection.execute("SELECT request_key, reply FROM command"))
    broken += [f"request {each} would be carried out again" for each in sorted(promises.claimed - commands.keys())]
    broken += [f"the reply to {each} is lost" for each in sorted(promises.finished) if commands.get(each) is None]
    broken += _broken_jobs(dict(connection.execute("SELECT job_key, state FROM print_job")), promises)
    if is_thorough:
        broken += _unsound(connection)
    return broken


def _broken_jobs(states: dict[str, str], promises: Promises) -> list[str]:
    """A job that was begun is never taken for one that waits: it would be printed a second time."""
    broken = [f"print job {each} is lost" for each in sorted(promises.jobs.keys() - states.keys())]
    for key, promised in promises.jobs.items():
        state = JobState(states.get(key, JobState.UNKNOWN))
        if promised != "accepted" and state is JobState.ACCEPTED:
            broken.append(f"print job {key} was begun, and would be printed again")
        elif promised == "ended" and not state.is_end:
            broken.append(f"the end of print job {key} is forgotten")
    return broken


def _broken_events(pending: dict[str, bytes], wanted: set[str], gone: set[str]) -> list[str]:
    broken = [f"{each} is lost" for each in sorted(wanted - pending.keys())]
    broken += [f"{each} was settled and is back" for each in sorted(gone & pending.keys())]
    broken += [f"{each} has other content" for each, payload in pending.items() if payload != _payload(each)]
    return broken


async def broken_with_store(directory: Path, promises: Promises, *, may_be_set_aside: bool = False) -> list[str]:
    """By the store itself, as the daemon opens it; then it must take a fresh event, and be sound."""
    try:
        async with open_store(directory, uplinks=UPLINKS) as store:
            if store.database.set_aside_as is not None and not may_be_set_aside:
                return ["the database was set aside as damaged"]
            await wait_until(lambda: not store.database.salvaging.is_running, what="the end of the salvage")
            return await _broken_promises(store, promises)
    except EdgeGatewayError as error:
        return [f"the store does not open: {error}"]


async def _broken_promises(store: Store, promises: Promises) -> list[str]:
    broken = []
    for uplink in UPLINKS:
        given = await store.outbox.feed(uplink).backlog(TRANSACTIONS, after=0, limit=EVENTS_MAX)
        payloads = {each.event.id: each.event.payload for each in given}
        gone = promises.gone | promises.settled(uplink)
        broken += [f"{uplink}: {each}" for each in _broken_events(payloads, promises.owed(uplink), gone)]
    epoch = store.database.epoch
    if epoch is None or epoch <= promises.epoch:
        broken.append(f"epoch {epoch} after {promises.epoch}")
    for each in promises.keyed:
        if await store.outbox.append(event("another"), key=key_of(each), digest="d") != Appended(each, False):
            broken.append(f"the key of {each} is lost")
    for key in list(promises.claimed)[-5:]:
        reply = await store.commands.reply(key, "d")
        status = json.loads(reply)["status"] if reply else None
        if status not in (("completed",) if key in promises.finished else ("completed", "unknown")):
            broken.append(f"request {key}: {status}")
    await store.prints.recover()
    jobs = await store.prints.newest(PRINTER, JOBS_MAX)
    broken += _broken_jobs({f"{each.device_id}/{each.job_id}": each.state.value for each in jobs}, promises)
    broken += [f"print job {each.job_id} is printing after a start" for each in jobs if each.state is JobState.PRINTING]
    fresh = await store.outbox.append(event_of(FRESH_ID), key=key_of(FRESH_ID), digest="d")
    if not fresh.is_new:
        broken.append("a fresh event is taken for an old one")
    broken += await store.database.read(_unsound)
    return broken


def _unsound(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]


def _keys(promises: Promises) -> list[str]:
    return [key_of(each) for each in promises.keyed]


def _among(query: str, values: Sequence[str]) -> tuple[str, Sequence[str]]:
    return f"{query} IN ({','.join('?' * len(values))})", values


@lru_cache(maxsize=4096)
def _payload(event_id: str) -> bytes:
    return event_of(event_id).payload
