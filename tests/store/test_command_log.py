"""A request with an effect is carried out once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConflictError, StoreError, UnknownOutcomeError
from edge_gateway.store import retention
from edge_gateway.store.retention import COMMAND_KEEP_DAYS, Retention
from tests.support.clock import FakeClock
from tests.support.stores import Store, open_store

REPLY = b'{"id":"r1","status":"completed"}'


async def test_command_log_answers_a_repeat_with_the_stored_reply_also_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.commands.claim("printer-1/r1", "d") is None
        await store.commands.finish("printer-1/r1", REPLY)
        assert await store.commands.claim("printer-1/r1", "d") == REPLY
    async with open_store(tmp_path) as store:
        assert await store.commands.claim("printer-1/r1", "d") == REPLY
        assert await store.commands.claim("printer-2/r1", "d") is None


async def test_command_log_does_not_know_the_end_of_what_has_no_reply(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commands.claim("printer-1/r1", "d")
        for ask in (store.commands.claim, store.commands.reply):
            with pytest.raises(UnknownOutcomeError):
                await ask("printer-1/r1", "d")


async def test_command_log_looks_a_reply_up_without_a_claim(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.commands.reply("printer-1/r1", "d") is None
        assert await store.commands.claim("printer-1/r1", "d") is None
        await store.commands.finish("printer-1/r1", REPLY)
        assert await store.commands.reply("printer-1/r1", "d") == REPLY
        with pytest.raises(ConflictError):
            await store.commands.reply("printer-1/r1", "other")


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
        await _days_pass(store, clock, 1)
        await store.commands.claim("printer-1/old", "d")
        await store.commands.finish("printer-1/old", REPLY)
        await store.commands.claim("printer-1/open", "d")
        for _ in range(COMMAND_KEEP_DAYS):
            assert await _days_pass(store, clock, 1) == 0
        await store.commands.claim("printer-1/new", "d")
        await store.commands.finish("printer-1/new", REPLY)
        assert await _days_pass(store, clock, 1) == 1
        assert await store.commands.claim("printer-1/new", "d") == REPLY
        assert await store.commands.claim("printer-1/old", "d") is None
        with pytest.raises(UnknownOutcomeError):
            await store.commands.claim("printer-1/open", "d")


@pytest.mark.parametrize("jump_days", [8, 3650, -3650])
async def test_command_log_knows_a_request_after_the_clock_was_set(tmp_path: Path, jump_days: int) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.database.submit(Retention(clock, 90), None)
        await store.commands.claim("printer-1/receipt", "d")
        await store.commands.finish("printer-1/receipt", REPLY)
        assert await _days_pass(store, clock, jump_days) == 0
        assert await store.commands.claim("printer-1/receipt", "d") == REPLY, "or it would be printed twice"


async def test_command_log_is_not_aged_by_a_clock_that_goes_back_and_forth(tmp_path: Path) -> None:
    """A box without a clock battery starts each time in 1970, until the network tells it the time."""
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.commands.claim("printer-1/receipt", "d")
        await store.commands.finish("printer-1/receipt", REPLY)
        for _ in range(2 * COMMAND_KEEP_DAYS):
            assert await _days_pass(store, clock, -20_000) == 0
            assert await _days_pass(store, clock, 20_000) == 0
        assert await store.commands.claim("printer-1/receipt", "d") == REPLY


async def test_command_log_that_was_forgotten_whole_keeps_what_comes_next(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        for number in range(5):
            await store.commands.claim(f"printer-1/r{number}", "d")
            await store.commands.finish(f"printer-1/r{number}", REPLY)
        for _ in range(2 * COMMAND_KEEP_DAYS):
            await _days_pass(store, clock, 1)
        await store.commands.claim("printer-1/new", "d")
        await store.commands.finish("printer-1/new", REPLY)
        await _days_pass(store, clock, 1)
        assert await store.commands.claim("printer-1/new", "d") == REPLY
        assert await store.commands.claim("printer-1/r0", "d") is None


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


async def _days_pass(store: Store, clock: FakeClock, days: int) -> int:
    """Set the clock, and let retention take a bite; answers how many replies it forgot."""
    clock.jump_wall_clock(days * 86_400)
    return (await store.database.submit(Retention(clock, 90), None)).commands
