"""Commands from the cloud: who may give them, that each is done once, and that each is answered by one event."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.cloud_commands import (
    EVENT_TYPE,
    CloudCommand,
    CommandCompletedData,
    NotCanonicalError,
    canonical_json,
)
from edge_gateway.contracts.errors import EdgeGatewayError, StoreError
from edge_gateway.services.cloud_commands import CloudCommandService
from edge_gateway.services.command_actions import make_actions
from edge_gateway.services.command_keys import CommandKeys, CommandKeysError
from edge_gateway.services.log_level import TemporaryLogLevel
from simulators.cloud.command_desk import CommandDesk, CommandFault, CommandOrder
from tests.support.clock import FakeClock
from tests.support.stores import Store, open_store

STORE_ID = "S001"


class TrueClock(FakeClock):
    """Moved by hand from now on: commands are signed with an expiry of the real world."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))


@dataclass
class Box:
    """A service with its store, and what its actions did."""

    store: Store
    clock: TrueClock
    keys_file: Path
    desk: CommandDesk = field(default_factory=lambda: CommandDesk(Ed25519PrivateKey.generate()))
    done: list[Any] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    failure: EdgeGatewayError | None = None

    def __post_init__(self) -> None:
        self.trust(self.desk.public_key)
        self.log_level = TemporaryLogLevel("info", self.levels.append, self.clock)
        self.service = self.make_service()

    def trust(self, *keys: str) -> None:
        self.keys_file.write_text("".join(keys))

    def make_service(self) -> CloudCommandService:
        def sync_now(stream: str | None) -> Sequence[str]:
            self.done.append(("sync_now", stream))
            if self.failure is not None:
                raise self.failure
            return ["https"]

        async def replay(ids: Sequence[str], stream: str | None) -> Sequence[str]:
            self.done.append(("replay", list(ids), stream))
            return ids

        def status() -> Mapping[str, Any]:
            return {"health": "healthy"}

        actions = make_actions(
            version="1.0",
            clock=self.clock,
            sync_now=sync_now,
            replay=replay,
            log_level=self.log_level,
            report_status=status,
        )
        keys, ids = CommandKeys(self.keys_file), EventIds(self.clock)
        return CloudCommandService(STORE_ID, keys, actions, self.store.commands, self.store.outbox, self.clock, ids)

    def order(self, name: str = "sync_now", **options: Any) -> dict[str, Any]:
        return self.desk.give(CommandOrder(store_id=STORE_ID, name=name, **options))

    async def events(self) -> list[CommandCompletedData]:
        """Of all commands so far, in their order."""
        found = await self.store.outbox.feed("https").backlog("audit", after=0, limit=1000)
        bodies = [json.loads(pending.event.payload) for pending in found]
        assert all(body["type"] == EVENT_TYPE and body["source"] == "/stores/S001/gateway" for body in bodies)
        return [CommandCompletedData.model_validate(body["data"]) for body in bodies]

    async def outcome(self, raw: Any) -> tuple[str, str | None]:
        """Hand one over; its status, and the code of its error."""
        before = len(await self.events())
        await self.service.handle(raw)
        [told] = (await self.events())[before:]
        return told.status, None if told.error is None else told.error.code.value


@contextlib.asynccontextmanager
async def box_in(folder: Path) -> AsyncIterator[Box]:
    clock = TrueClock()
    (folder / "store").mkdir(exist_ok=True)
    async with open_store(folder / "store", clock=clock) as store:
        yield Box(store, clock, folder / "keys.pem")


@pytest.mark.parametrize(
    ("name", "params", "result"),
    [
        ("ping", {}, None),
        ("sync_now", {}, {"uplinks": ["https"]}),
        ("sync_now", {"stream": "audit"}, {"uplinks": ["https"]}),
        ("replay_dead_letters", {"ids": ["a", "b"]}, {"replayed": 2}),
        ("replay_dead_letters", {"stream": "inventory"}, {"replayed": 0}),
        ("set_log_level", {"level": "debug", "for_s": 60}, {"level": "debug", "for_s": 60}),
        ("report_status", {}, {"health": "healthy"}),
    ],
)
async def test_command_is_done_and_answered_by_an_event(
    tmp_path: Path, name: str, params: dict[str, Any], result: dict[str, Any] | None
) -> None:
    async with box_in(tmp_path) as box:
        command = box.order(name, params=params)
        await box.service.handle(command)
        [told] = await box.events()
        assert (told.command_id, told.name, told.status, told.error) == (command["id"], name, "completed", None)
        assert told.result is not None
        assert result in (None, told.result)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (CommandFault.WRONG_SIGNATURE, "wrong_signature"),
        (CommandFault.CHANGED, "wrong_signature"),
        (CommandFault.UNSIGNED, "unsigned"),
        (CommandFault.EXPIRED, "expired"),
        (CommandFault.OTHER_STORE, "other_store"),
        (CommandFault.MALFORMED, "malformed"),
    ],
)
async def test_command_that_is_wrong_is_refused_and_not_done(tmp_path: Path, fault: CommandFault, code: str) -> None:
    async with box_in(tmp_path) as box:
        command = box.order(fault=fault)
        assert await box.outcome(command) == ("refused", code)
        assert box.done == []
        await box.service.handle(command)
        assert len(await box.events()) == 1, "the same refused command again is the same event"


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("reboot", {}, "unsupported"),
        ("sync_now", {"stream": "gossip"}, "invalid_params"),
        ("sync_now", {"x": 1}, "invalid_params"),
        ("replay_dead_letters", {}, "invalid_params"),
        ("replay_dead_letters", {"ids": ["a"], "stream": "audit"}, "invalid_params"),
        ("set_log_level", {"level": "debug"}, "invalid_params"),
        ("set_log_level", {"level": "debug", "for_s": 100_000}, "invalid_params"),
    ],
)
async def test_command_that_does_not_exist_or_asks_nonsense_is_refused(
    tmp_path: Path, name: str, params: dict[str, Any], code: str
) -> None:
    async with box_in(tmp_path) as box:
        assert await box.outcome(box.order(name, params=params)) == ("refused", code)
        assert box.done == []


@pytest.mark.parametrize(
    "raw",
    [None, 5, "x", [], {}, {"id": 5}, {"id": "x" * 500, "name": "ping"}, {"id": "\ud800", "name": "ping"}],
    ids=repr,
)
async def test_nonsense_is_answered_too(tmp_path: Path, raw: Any) -> None:
    async with box_in(tmp_path) as box:
        assert await box.outcome(raw) == ("refused", "malformed")


async def test_replayed_command_is_answered_again_and_not_done_again(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        command = box.order()
        for _ in range(3):
            await box.service.handle(command)
        box.service = box.make_service()
        await box.service.handle(command)
        assert box.done == [("sync_now", None)]
        assert [told.status for told in await box.events()] == ["completed"]
        await box.clock.advance(timedelta(days=1).total_seconds())
        await box.service.handle(command)
        assert [told.status for told in await box.events()] == ["completed"], "what was done is done, also when expired"


async def test_command_with_the_id_of_another_is_refused_as_a_conflict(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        await box.service.handle(box.order(id="c1"))
        assert await box.outcome(box.order(id="c1", params={"stream": "audit"})) == ("refused", "conflict")
        assert box.done == [("sync_now", None)]


async def test_forged_command_does_not_stand_in_the_way_of_the_true_one(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        forged = box.order(id="c1", fault=CommandFault.WRONG_SIGNATURE)
        assert await box.outcome(forged) == ("refused", "wrong_signature")
        assert await box.outcome(box.order(id="c1")) == ("completed", None)


async def test_command_that_lives_too_long_is_refused(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        assert await box.outcome(box.order(expires_in_s=4 * 86_400)) == ("refused", "malformed")
        assert await box.outcome(box.order(expires_in_s=2 * 86_400)) == ("completed", None)


async def test_action_that_fails_is_told_as_failed(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        box.failure = StoreError("no such uplink")
        assert await box.outcome(box.order()) == ("failed", "failed")


async def test_keys_are_replaced_while_it_runs(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        old, new = box.desk.public_key, Ed25519PrivateKey.generate()
        box.desk.change_key(new)
        assert await box.outcome(box.order()) == ("refused", "wrong_signature")
        box.trust(old, box.desk.public_key)
        assert await box.outcome(box.order()) == ("completed", None)
        box.trust("# no key in here\n")
        with pytest.raises(CommandKeysError, match=r"keys.pem holds no key: expected one Ed25519 public key"):
            await box.service.handle(box.order())
        box.keys_file.unlink()
        with pytest.raises(CommandKeysError, match="cannot be read"):
            await box.service.handle(box.order())


async def test_command_cut_short_by_a_crash_is_unknown_and_not_done_again(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        command, desk = box.order(id="c1"), box.desk
        _, digest = box.service._verified(command)
        assert await box.store.commands.claim("cloud/c1", digest) is None
    async with box_in(tmp_path) as box:
        box.trust(desk.public_key)
        assert await box.outcome(command) == ("failed", "unknown_outcome")
        await box.service.handle(command)
        assert len(await box.events()) == 1
        assert box.done == []


async def test_log_level_sets_itself_back(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        running = asyncio.create_task(box.log_level.run())
        await box.service.handle(box.order("set_log_level", params={"level": "debug", "for_s": 60}))
        await box.clock.advance(40)
        await box.service.handle(box.order("set_log_level", params={"level": "warning", "for_s": 60}))
        await box.clock.advance(59)
        assert box.levels == ["debug", "warning"]
        await box.clock.advance(2)
        assert box.levels == ["debug", "warning", "info"]
        for seconds in (3600, 10):
            await box.service.handle(box.order("set_log_level", params={"level": "debug", "for_s": seconds}))
        await box.clock.advance(10)
        assert box.levels[3:] == ["debug", "debug", "info"], "the last one wins, also if it is shorter"
        running.cancel()


def test_canonical_json_is_what_other_languages_make_of_it() -> None:
    members = {"b": [1, {"z": 'ü\u2028"', "a": None}], "a": True, "id": "x"}
    assert canonical_json(members) == '{"a":true,"b":[1,{"a":null,"z":"ü\u2028\\""}],"id":"x"}'.encode()


NESTED = json.loads("[" * 20 + "]" * 20)


@pytest.mark.parametrize("value", [1.0, 2**53, {"ü": 1}, "\ud800", NESTED])
def test_what_has_no_canonical_form_is_not_signed(value: Any) -> None:
    with pytest.raises(NotCanonicalError):
        canonical_json({"x": value})


def test_command_describes_itself() -> None:
    assert set(CloudCommand.model_json_schema()["required"]) == {"id", "store_id", "name", "expires_at"}
