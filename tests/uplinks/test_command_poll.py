"""The command channel: a long poll that goes on where it was, through restarts, outages and forgotten tokens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.store.gateway_values import GatewayValues
from edge_gateway.uplinks.http import command_poll
from edge_gateway.uplinks.http.command_poll import CommandPoll
from simulators.cloud import CloudSimulator
from simulators.cloud.command_desk import CommandFault, CommandOrder
from tests.support.clock import FakeClock
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.stores import open_store
from tests.support.waiting import wait_until

STORE_ID = "S001"


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_poll, "POLL_INTERVAL_S_MIN", 0.01)


class Handler:
    """Takes note of what it is handed; ``failures``: how many calls fail first."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.failures = 0

    async def __call__(self, command: Any) -> None:
        self.seen.append(command["id"] if isinstance(command, dict) and "id" in command else command)
        if self.failures > 0:
            self.failures -= 1
            raise StoreError("the disk is full")


@contextlib.asynccontextmanager
async def polling(
    url: str, folder: Path, handler: Handler, *, wait_s: float = 5.0, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[CommandPoll]:
    (folder / "store").mkdir(exist_ok=True)
    (folder / "keys.pem").write_text("not read here")
    commands = {"public_key_file": folder / "keys.pem", "wait_s": wait_s}
    wanted = {"base_url": url, "commands": commands, "retry_s_min": 0.01, "retry_s_max": 0.05, **settings}
    async with open_store(folder / "store") as store:
        poll = CommandPoll(
            CloudSettings.model_validate(wanted),
            STORE_ID,
            GatewayValues(store.database),
            handler,
            clock or SystemClock(),
            Random(1),
        )
        task = asyncio.create_task(poll.run())
        try:
            yield poll
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def ping(command_id: str, **options: Any) -> CommandOrder:
    return CommandOrder(store_id=options.pop("store_id", STORE_ID), name="ping", id=command_id, **options)


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator(is_token_required=False) as simulator:
        yield simulator


async def test_command_arrives_as_soon_as_it_is_given(cloud: CloudSimulator, tmp_path: Path) -> None:
    handler = Handler()
    async with polling(cloud.url, tmp_path, handler, wait_s=30):
        await wait_until(lambda: cloud.paused_requests == 1, what="the poll that is held")
        cloud.commands.give(ping("other", store_id="S002"))
        cloud.commands.give(ping("c1"))
        await wait_until(lambda: handler.seen == ["c1"], timeout_s=5)


async def test_poll_goes_on_where_it_was_after_a_restart(cloud: CloudSimulator, tmp_path: Path) -> None:
    handler = Handler()
    cloud.commands.give(ping("c1"))
    async with polling(cloud.url, tmp_path, handler) as poll:
        await wait_until(lambda: poll.counters["polls"] == 2 and cloud.paused_requests == 1)
    cloud.commands.give(ping("c2"))
    async with polling(cloud.url, tmp_path, handler) as poll:
        await wait_until(lambda: poll.counters["polls"] == 2 and cloud.paused_requests == 1)
    assert handler.seen == ["c1", "c2"]
    assert cloud.commands.served["c1"] == 1


async def test_token_that_the_cloud_forgot_is_dropped_and_everything_comes_again(
    cloud: CloudSimulator, tmp_path: Path
) -> None:
    handler = Handler()
    cloud.commands.give(ping("c1"))
    async with polling(cloud.url, tmp_path, handler, wait_s=0.05) as poll:
        await wait_until(lambda: handler.seen == ["c1"])
        cloud.commands.forget_tokens()
        await wait_until(lambda: handler.seen == ["c1", "c1"])
        assert poll.counters["tokens_refused"] == 1
        assert poll.failure is None


async def test_command_served_twice_is_handed_over_twice(cloud: CloudSimulator, tmp_path: Path) -> None:
    handler = Handler()
    cloud.commands.give(ping("c1", fault=CommandFault.REPLAYED))
    async with polling(cloud.url, tmp_path, handler, wait_s=0.05):
        await wait_until(lambda: handler.seen == ["c1", "c1"])


async def test_command_that_could_not_be_handled_comes_again_and_holds_up_no_other(
    cloud: CloudSimulator, tmp_path: Path
) -> None:
    handler = Handler()
    handler.failures = 1
    cloud.commands.give(ping("c1"))
    cloud.commands.give(ping("c2"))
    async with polling(cloud.url, tmp_path, handler, wait_s=0.05) as poll:
        await wait_until(lambda: len(handler.seen) == 4 and poll.counters["polls"] >= 3)
        assert handler.seen == ["c1", "c2", "c1", "c2"]
        assert poll.counters["polls_failed"] == 1


async def test_outage_ends_by_itself_and_is_told(cloud: CloudSimulator, tmp_path: Path) -> None:
    handler = Handler()
    async with polling(cloud.url, tmp_path, handler, wait_s=0.05) as poll:
        await wait_until(lambda: poll.counters["polls"] >= 1)
        await cloud.stop()
        await wait_until(lambda: poll.failure is not None)
        await cloud.start()
        cloud.commands.give(ping("c1"))
        await wait_until(lambda: handler.seen == ["c1"] and poll.failure is None)


async def test_back_off_is_cut_short_by_a_wake(cloud: CloudSimulator, tmp_path: Path) -> None:
    port = cloud.port
    await cloud.stop()
    handler = Handler()
    slow = {"retry_s_min": 600.0, "retry_s_max": 600.0}
    async with polling(f"http://127.0.0.1:{port}", tmp_path, handler, **slow) as poll:
        await wait_until(lambda: poll.failure is not None)
        await cloud.start()
        cloud.commands.give(ping("c1"))
        poll.wake()
        await wait_until(lambda: handler.seen == ["c1"], timeout_s=5)


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b'{"commands": 5, "next": "a"}', b'{"commands": []}', b'{"commands": [], "next": ""}', b"<html>"],
)
async def test_answer_that_is_none_moves_no_token(tmp_path: Path, answer: bytes) -> None:
    async def strange(exchange: Exchange) -> None:
        is_first = len(far_end.requests) == 1
        await exchange.answer(200, json.dumps({"commands": ["x"], "next": "t1"}).encode() if is_first else answer)

    handler = Handler()
    async with http_far_end(strange) as far_end, polling(far_end.url(), tmp_path, handler) as poll:
        await wait_until(lambda: len(far_end.requests) >= 4)
        assert "has no commands and next token" in str(poll.failure)
        assert far_end.requests[0].path == "/v1/stores/S001/commands?wait=5"
        assert {request.path for request in far_end.requests[1:]} == {"/v1/stores/S001/commands?wait=5&after=t1"}
        assert handler.seen == ["x"]


async def test_cloud_that_holds_no_poll_is_not_asked_without_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_poll, "POLL_INTERVAL_S_MIN", 600.0)
    clock = FakeClock()

    async def at_once(exchange: Exchange) -> None:
        await exchange.answer(200, b'{"commands": [], "next": "t"}')

    async with http_far_end(at_once) as far_end, polling(far_end.url(), tmp_path, Handler(), clock=clock):
        for count in (1, 2, 3):
            await wait_until(lambda: clock.sleeper_count == 1)
            assert len(far_end.requests) == count
            await clock.advance(600)
