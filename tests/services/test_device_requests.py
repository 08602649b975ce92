"""Requests to devices: an effect happens once for each request id, also across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError, UnknownOutcomeError
from edge_gateway.devices.claims import Claims
from edge_gateway.services import unkept_replies
from edge_gateway.services.device_requests import IN_HAND_MAX, DeviceRequestService
from tests.support.broker import wait_until
from tests.support.clock import FakeClock
from tests.support.stores import Store, open_store

DOCUMENT = {"document": [{"type": "cut"}]}


class PaperCounter:
    """A device of the test: counts what it did, and can fail."""

    lane = "lane-1"
    device_class = "pos_printer"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.deadlines: list[tuple[float, float | None]] = []
        self.failure: Exception | None = None
        self.release = asyncio.Event()
        self.release.set()

    def has_effect(self, name: str) -> bool:
        return name in ("print", "open_drawer")

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        deadline_s: float,
        begin_within_s: float | None,
        objection: Callable[[], RequestError | None],
    ) -> Mapping[str, Any]:
        self.deadlines.append((deadline_s, begin_within_s))
        await self.release.wait()
        if self.failure is not None:
            raise self.failure
        self.done.append(name)
        return {"count": len(self.done)}


def service(printer: PaperCounter, store: Store, clock: Clock | None = None) -> DeviceRequestService:
    return DeviceRequestService(
        {"p-1": printer}.get, store.commands, Claims(clock or SystemClock(), lambda: "token"), clock or SystemClock()
    )


def ask(request_id: str = "r-1", name: str = "print", **changes: Any) -> Request:
    fields = {"lane": "lane-1", "device_class": "pos_printer", "target": "p-1", "params": DOCUMENT, **changes}
    return Request(id=request_id, name=name, **fields)


async def test_print_happens_once_and_its_repeat_gets_the_same_reply(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        first = await service(printer, store).handle(ask())
        again = await service(printer, store).handle(ask())
    async with open_store(tmp_path) as store:
        after_restart = await service(printer, store).handle(ask())
    assert first == again == after_restart
    assert (first.status.value, first.result) == ("completed", {"count": 1})
    assert printer.done == ["print"]


async def test_print_with_other_content_under_the_same_id_is_a_conflict(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        await service(printer, store).handle(ask())
        reply = await service(printer, store).handle(ask(params={"document": [{"type": "rule"}]}))
    assert reply.error_code is ErrorCode.CONFLICT
    assert printer.done == ["print"]


async def test_print_cut_short_by_a_crash_is_unknown_and_not_printed_again(tmp_path: Path) -> None:
    printer = PaperCounter()
    printer.release.clear()
    async with open_store(tmp_path) as store:
        printing = asyncio.create_task(service(printer, store).handle(ask()))
        await wait_until(lambda: bool(printer.deadlines))
        printing.cancel()
        await asyncio.wait({printing})
    printer.release.set()
    async with open_store(tmp_path) as store:
        reply = await service(printer, store).handle(ask())
    assert (reply.status.value, reply.error_code) == ("unknown", ErrorCode.UNKNOWN_OUTCOME)
    assert printer.done == []


@pytest.mark.parametrize(
    ("failure", "name", "status", "code"),
    [
        (DeviceError(ErrorCode.COVER_OPEN, "close it"), "print", "failed", ErrorCode.COVER_OPEN),
        (UnknownOutcomeError("line cut"), "print", "unknown", ErrorCode.UNKNOWN_OUTCOME),
        (TransportError("gone"), "print", "unknown", ErrorCode.UNKNOWN_OUTCOME),
        (TransportError("gone"), "read_status", "failed", ErrorCode.OFFLINE),
        (RequestError(ErrorCode.UNSUPPORTED, "no"), "dance", "failed", ErrorCode.UNSUPPORTED),
    ],
)
async def test_failures_are_answered_by_their_kind(
    tmp_path: Path, failure: Exception, name: str, status: str, code: ErrorCode
) -> None:
    printer = PaperCounter()
    printer.failure = failure
    async with open_store(tmp_path) as store:
        reply = await service(printer, store).handle(ask(name=name))
        printer.failure = None
        repeated = await service(printer, store).handle(ask(name=name))
    assert (reply.status.value, reply.error_code) == (status, code)
    if name == "print":
        assert repeated == reply
        assert printer.done == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "p-2"}, ErrorCode.NOT_FOUND),
        ({"lane": "lane-2"}, ErrorCode.NOT_FOUND),
        ({"device_class": "scale"}, ErrorCode.NOT_FOUND),
    ],
)
async def test_devices_are_found_only_where_they_are(tmp_path: Path, changes: dict[str, Any], code: ErrorCode) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        reply = await service(printer, store).handle(ask(**changes))
    assert reply.error_code is code
    assert printer.deadlines == []


async def test_expiry_bounds_the_beginning_and_not_the_run(tmp_path: Path) -> None:
    printer, clock = PaperCounter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        requests = service(printer, store, clock)
        await requests.handle(ask("r-1"))
        await requests.handle(ask("r-2", expires_at=clock.now() + timedelta(seconds=3)))
        await requests.handle(ask("r-3", "read_weight", expires_at=clock.now() + timedelta(days=3)))
    assert printer.deadlines == [(10.0, None), (10.0, 3.0), (5.0, 3 * 86400.0)]


@pytest.mark.parametrize("name", ["print", "read_status"])
async def test_request_that_has_expired_is_not_carried_out(tmp_path: Path, name: str) -> None:
    printer, clock = PaperCounter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        requests = service(printer, store, clock)
        reply = await requests.handle(ask(name=name, expires_at=clock.now() - timedelta(seconds=2.5)))
        assert (reply.status.value, reply.error_code) == ("failed", ErrorCode.EXPIRED)
        assert str(reply.error_message) == (
            "expired at 2026-11-21T09:59:57.500Z; the gateway's clock says 2026-11-21T10:00:00.000Z; not carried out"
        )
        assert printer.deadlines == []
        # It is not held against the id.
        assert (await requests.handle(ask(name=name))).status.value == "completed"


async def test_repeat_that_comes_after_its_expiry_gets_the_stored_reply(tmp_path: Path) -> None:
    """A till that repeats the same bytes: what was done was done in time."""
    printer, clock = PaperCounter(), FakeClock()
    expiring = ask(expires_at=clock.now() + timedelta(seconds=5))
    async with open_store(tmp_path, clock=clock) as store:
        requests = service(printer, store, clock)
        first = await requests.handle(expiring)
        await clock.advance(60)
        assert await requests.handle(expiring) == first
        conflict = await requests.handle(replace(expiring, params={}))
        assert (first.status.value, conflict.error_code) == ("completed", ErrorCode.CONFLICT)
    async with open_store(tmp_path, clock=clock) as store:
        assert await service(printer, store, clock).handle(expiring) == first
    assert printer.done == ["print"]


async def test_device_takes_a_few_requests_at_once_and_the_next_is_answered_busy(tmp_path: Path) -> None:
    """Repeats of what was done, and other devices, do not come to feel it."""
    printer, scale = PaperCounter(), PaperCounter()
    async with open_store(tmp_path) as store:
        requests = DeviceRequestService(
            {"p-1": printer, "s-1": scale}.get, store.commands, Claims(SystemClock(), lambda: "token"), SystemClock()
        )
        done = await requests.handle(ask("done"))
        printer.release.clear()
        waiting = [asyncio.create_task(requests.handle(ask(f"r-{number}"))) for number in range(IN_HAND_MAX)]
        await wait_until(lambda: len(printer.deadlines) == 1 + IN_HAND_MAX)
        for name in ("print", "read_status"):
            busy = await requests.handle(ask("one-more", name))
            assert (busy.error_code, busy.to_json()["error"]["retryable"]) == (ErrorCode.BUSY, True)
        assert await requests.handle(ask("done")) == done
        assert (await requests.handle(ask("r-0", target="s-1"))).status.value == "completed"
        printer.release.set()
        assert {(await each).status.value for each in waiting} == {"completed"}
        # Nothing was begun by the one that was busy: its id is as good as new.
        assert (await requests.handle(ask("one-more"))).status.value == "completed"
    assert len(printer.done) == IN_HAND_MAX + 2


async def test_reply_that_the_disk_does_not_take_is_answered_from_memory_and_stored_later(tmp_path: Path) -> None:
    printer, clock = PaperCounter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        requests = service(printer, store, clock)
        printer.release.clear()
        printing = asyncio.create_task(requests.handle(ask()))
        await wait_until(lambda: bool(printer.deadlines))
        await store.database.read(lambda connection: connection.execute("PRAGMA query_only = ON").close())
        printer.release.set()
        first = await printing
        assert (first.status.value, requests.counters["replies_not_kept"]) == ("completed", 1)
        assert await requests.handle(ask()) == first
        assert (await requests.handle(ask(params={}))).error_code is ErrorCode.CONFLICT
        await wait_until(lambda: clock.sleeper_count > 0)
        await store.database.read(lambda connection: connection.execute("PRAGMA query_only = OFF").close())
        await clock.advance(unkept_replies.RETRY_S)
        await wait_until(lambda: requests.unkept_count == 0)
    async with open_store(tmp_path, clock=clock) as store:
        assert await service(printer, store, clock).handle(ask()) == first
    assert printer.done == ["print"]


async def test_print_that_was_begun_and_is_not_going_on_is_unknown(tmp_path: Path) -> None:
    """Not ``busy``, which would say that nothing was done: a till that asks under a new id would print twice."""
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        requests = service(printer, store)
        printer.release.clear()
        printing = asyncio.create_task(requests.handle(ask()))
        await wait_until(lambda: bool(printer.deadlines))
        printing.cancel()
        await asyncio.wait({printing})
        for request in (ask(), ask(expires_at=datetime(2020, 1, 1, tzinfo=UTC))):
            reply = await requests.handle(request)
            assert (reply.status.value, reply.error_code) == ("unknown", ErrorCode.UNKNOWN_OUTCOME)


async def test_print_asked_twice_at_once_is_printed_once(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        requests = service(printer, store)
        replies = await asyncio.gather(*(requests.handle(ask()) for _ in range(20)))
    assert all(reply == replies[0] for reply in replies)
    assert printer.done == ["print"]


async def test_full_disk_refuses_before_the_effect(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path, disk_free_bytes_min=1 << 60) as store:
        reply: Reply = await service(printer, store).handle(ask())
        read: Reply = await service(printer, store).handle(ask("r-2", "read_status"))
    assert reply.error_code is ErrorCode.STORAGE_FULL
    assert printer.done == ["read_status"]
    assert read.status.value == "completed"


async def test_drawer_opens_once_also_on_a_full_disk(tmp_path: Path) -> None:
    """Its claim is taken from the reserve: a person with cash in hand is not sent away."""
    printer = PaperCounter()
    async with open_store(tmp_path, disk_free_bytes_min=1 << 60) as store:
        first = await service(printer, store).handle(ask("r-1", "open_drawer"))
        again = await service(printer, store).handle(ask("r-1", "open_drawer"))
        print_too = await service(printer, store).handle(ask("r-2"))
    assert first.status.value == "completed"
    assert again == first
    assert printer.done == ["open_drawer"]
    assert print_too.error_code is ErrorCode.STORAGE_FULL


async def test_read_repeated_reads_again(tmp_path: Path) -> None:
    """The reading of a moment ago, with its age of then, is not the reading."""
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        requests = service(printer, store)
        first = await requests.handle(ask(name="read_weight"))
        again = await requests.handle(ask(name="read_weight"))
    assert (first.result, again.result) == ({"count": 1}, {"count": 2})


async def test_failure_that_did_something_is_not_to_be_repeated_also_when_it_is_told_again(tmp_path: Path) -> None:
    printer = PaperCounter()
    printer.failure = DeviceError(ErrorCode.COVER_OPEN, "half of it is on paper", is_retryable=False)
    async with open_store(tmp_path) as store:
        first = await service(printer, store).handle(ask())
        again = await service(printer, store).handle(ask())
        printer.failure = DeviceError(ErrorCode.COVER_OPEN, "nothing was printed")
        other = await service(printer, store).handle(ask("r-2"))
    assert [reply.to_json()["error"]["retryable"] for reply in (first, again, other)] == [False, False, True]
    assert first == again
