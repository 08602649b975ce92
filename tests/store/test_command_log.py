"""A request with an effect is carried out once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConflictError, ErrorCode, RequestError, StoreError
from edge_gateway.store import retention
from edge_gateway.store.retention import COMMAND_KEEP, Retention
from tests.support.clock import FakeClock
from tests.support.stores import open_store

REPLY = b'{"id":"r1","status":"completed"}'


async def test_command_log_answers_a_repeat_with_the_stored_reply_also_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.commands.claim("printer-1/r1", "d") is None
        await store.commands.finish("printer-1/r1", REPLY)
        assert await store.commands.claim("printer-1/r1", "d") == REPLY
    async with open_store(tmp_path) as store:
        assert await store.commands.claim("printer-1/r1", "d") == REPLY
        assert await store.commands.claim("printer-2/r1", "d") is None


async def test_command_log_says_busy_while_a_request_is_being_done(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commands.claim("printer-1/r1", "d")
        with pytest.raises(RequestError) as caught:
            await store.commands.claim("printer-1/r1", "d")
        assert caught.value.code is ErrorCode.BUSY


async def test_command_log_refuses_an_id_that_was_used_for_something_else(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commands.claim("printer-1/r1", "d")
        with pytest.raises(ConflictError, match="use a new id"):
            await store.commands.claim("printer-1/r1", "other")


async def test_command_log_answers_unknown_for_what_a_crash_cut_short(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commands.claim("printer-1/job/7", "d")
    async with open_store(tmp_path) as store:
        assert store.database.counters["claims_closed_unknown"] == 1
        reply = await store.commands.claim("printer-1/job/7", "d")
    assert reply is not None
    body = json.loads(reply)
    assert (body["id"], body["status"]) == ("job/7", "unknown")
    assert body["error"]["code"] == "unknown_outcome"
    assert body["error"]["retryable"] is False


async def test_command_log_refuses_a_reply_to_what_was_never_claimed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(StoreError, match="never claimed"):
            await store.commands.finish("printer-1/r1", REPLY)


async def test_command_log_forgets_old_replies_but_no_request_that_is_being_done(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.commands.claim("printer-1/old", "d")
        await store.commands.finish("printer-1/old", REPLY)
        await store.commands.claim("printer-1/open", "d")
        await clock.advance((COMMAND_KEEP + timedelta(hours=1)).total_seconds())
        await store.commands.claim("printer-1/new", "d")
        await store.commands.finish("printer-1/new", REPLY)
        await store.database.submit(Retention(clock, 90), None)
        assert await store.commands.claim("printer-1/new", "d") == REPLY
        assert await store.commands.claim("printer-1/old", "d") is None
        with pytest.raises(RequestError):
            await store.commands.claim("printer-1/open", "d")


async def test_command_log_keeps_no_more_replies_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "COMMANDS_MAX", 10)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        for number in range(25):
            await store.commands.claim(f"printer-1/r{number}", "d")
            await store.commands.finish(f"printer-1/r{number}", REPLY)
        bite = await store.database.submit(Retention(clock, 90), None)
        assert bite.commands == 15
        assert await store.commands.claim("printer-1/r15", "d") == REPLY
        assert await store.commands.claim("printer-1/r14", "d") is None
