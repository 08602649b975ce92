"""Requests to devices: an effect happens once for each request id, also across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, TransportError, UnknownOutcomeError
from edge_gateway.services.device_requests import DeviceRequestService
from tests.support.broker import wait_until
from tests.support.stores import Store, open_store

DOCUMENT = {"document": [{"type": "cut"}]}


class PaperCounter:
    """A device of the test: counts what it did, and can fail."""

    lane = "lane-1"
    device_class = "pos_printer"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.deadlines: list[float] = []
        self.failure: Exception | None = None
        self.release = asyncio.Event()
        self.release.set()

    def has_effect(self, name: str) -> bool:
        return name == "print"

    async def execute(self, name: str, params: Mapping[str, Any], *, deadline_s: float) -> Mapping[str, Any]:
        self.deadlines.append(deadline_s)
        await self.release.wait()
        if self.failure is not None:
            raise self.failure
        self.done.append(name)
        return {"count": len(self.done)}


def service(printer: PaperCounter, store: Store) -> DeviceRequestService:
    return DeviceRequestService({"p-1": printer}.get, store.commands, SystemClock())


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


async def test_expiry_shortens_the_deadline(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        await service(printer, store).handle(ask("r-1"))
        await service(printer, store).handle(ask("r-2", expires_at=datetime.now(UTC) + timedelta(seconds=3)))
        await service(printer, store).handle(ask("r-3", expires_at=datetime.now(UTC) + timedelta(days=3)))
    assert printer.deadlines[0] == printer.deadlines[2] == 60.0
    assert 1 < printer.deadlines[1] <= 3


async def test_full_disk_refuses_before_the_effect(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path, disk_free_bytes_min=1 << 60) as store:
        reply: Reply = await service(printer, store).handle(ask())
        read: Reply = await service(printer, store).handle(ask("r-2", "read_status"))
    assert reply.error_code is ErrorCode.STORAGE_FULL
    assert printer.done == ["read_status"]
    assert read.status.value == "completed"


async def test_read_repeated_at_once_is_not_asked_twice(tmp_path: Path) -> None:
    printer = PaperCounter()
    async with open_store(tmp_path) as store:
        requests = service(printer, store)
        first = await requests.handle(ask(name="read_status"))
        assert await requests.handle(ask(name="read_status")) == first
        conflict = await requests.handle(ask(name="read_status", params={}))
    assert printer.done == ["read_status"]
    assert conflict.error_code is ErrorCode.CONFLICT
