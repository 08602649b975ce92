"""The courier with a real store: what it delivers, buries and sends again, whatever the far end says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import outbox as outbox_command
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import Feed
from edge_gateway.settings import EncryptionSettings
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.store import inspection
from edge_gateway.uplinks.http.https import HttpsUplink
from simulators.cloud import CloudSimulator
from tests.support.couriers import SETTINGS, UPLINK, ScriptedUplink, accept, append, carrying, delivered, open_outbox
from tests.support.stores import TRANSACTIONS
from tests.support.waiting import wait_until


async def test_courier_delivers_in_order_in_batches_and_then_rests(tmp_path: Path) -> None:
    uplink = ScriptedUplink()
    async with open_outbox(tmp_path) as outbox:
        ids = await append(outbox, 25)
        async with carrying(outbox.feed(UPLINK), uplink) as courier:
            await delivered(outbox, 25)
            assert uplink.batches == [ids[:10], ids[10:20], ids[20:]]
            ids += await append(outbox, 1, start=25)
            await delivered(outbox, 26)
            assert uplink.batches[-1] == ids[-1:]
            assert len(uplink.batches) == 4
            await wait_until(lambda: courier.counters["delivered"] == 26)
            assert courier.health is Health.HEALTHY
            sync = courier.syncs()[TRANSACTIONS]
            assert courier.last_sync == sync.last_sync is not None
            await wait_until(lambda: courier.syncs()[TRANSACTIONS].lag_events == 0)


FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "500": {"probability": 0.6},
    "429": {"probability": 0.6, "retry_after_s": 0},
    "stall": {"requests": 2},
    "partial": {"probability": 0.7},
    "lost_reply": {"probability": 0.6},
    "garbage": {"probability": 0.6},
    "unauthorized": {"probability": 0.5},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_courier_delivers_everything_once_in_effect_through(tmp_path: Path, fault: str) -> None:
    (tmp_path / "secret").write_text("edge-gateway-test-secret")
    async with CloudSimulator() as cloud, open_outbox(tmp_path) as outbox:
        oauth = {"token_url": cloud.token_url, "client_id": cloud.client_id, "client_secret_file": tmp_path / "secret"}
        settings = CloudSettings.model_validate({**SETTINGS.model_dump(), "base_url": cloud.url, "oauth": oauth})
        uplink = HttpsUplink(settings, SystemClock())
        cloud.set_fault(fault, seed=3, **FAULTS[fault])
        ids = await append(outbox, 60)
        async with carrying(outbox.feed(UPLINK), uplink, settings=settings) as courier:
            await delivered(outbox, 60)
        assert (await outbox.counts())[TRANSACTIONS].dead == 0
        summary = cloud.ledger.summary()
        assert (summary["events_applied"], summary["applied_twice"], summary["conflicts"]) == (60, 0, 0)
        assert set(cloud.ledger.entries) == set(ids)
        if fault == "none":
            assert summary["events_received"] == 60
        elif fault not in ("partial", "unauthorized"):  # progress without a failed attempt is possible there
            assert courier.counters["attempts_failed"] > 0
        await uplink.close()


async def test_courier_starts_without_a_cloud_and_delivers_when_it_comes(tmp_path: Path) -> None:
    cloud = CloudSimulator(is_token_required=False)
    await cloud.start()
    await cloud.stop()
    uplink = HttpsUplink(SETTINGS.model_copy(update={"base_url": cloud.url}), SystemClock())
    async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), uplink) as courier:
        await append(outbox, 15)
        await wait_until(lambda: courier.counters["attempts_failed"] >= 3, what="three failed attempts")
        async with cloud:
            await delivered(outbox, 15)
            assert cloud.ledger.summary()["events_received"] == 15
    await uplink.close()


async def test_courier_sends_again_under_the_same_id_what_was_not_settled_before_a_crash(tmp_path: Path) -> None:
    """The cloud has the batch, the power fails before the outbox knows."""
    async with CloudSimulator(is_token_required=False) as cloud:
        uplink = HttpsUplink(CloudSettings(base_url=cloud.url), SystemClock())
        async with open_outbox(tmp_path) as outbox:
            await append(outbox, 5)
            found = await outbox.feed(UPLINK).backlog(TRANSACTIONS, after=0, limit=5)
            await uplink.deliver(TRANSACTIONS, [pending.event for pending in found])
        async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), uplink):
            await delivered(outbox, 5)
        await uplink.close()
        summary = cloud.ledger.summary()
        assert (summary["events_applied"], summary["duplicates"], summary["applied_twice"]) == (5, 5, 0)


async def test_courier_tells_and_keeps_no_number_that_a_far_end_echoes(tmp_path: Path) -> None:
    uplink = ScriptedUplink(lambda events: {event.id: "memo 4111111111111111 of a@example.com" for event in events})
    told: list[str] = []
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 1)
        async with carrying(outbox.feed(UPLINK), uplink, on_dead_letter=lambda _, reason: told.append(reason)):
            await wait_until(lambda: len(told) == 1)
    with inspection.opened(tmp_path) as connection:
        [kept] = connection.execute("SELECT reason FROM dead_letter").fetchone()
    assert [kept, *told] == ["memo [digits] of [e-mail]"] * 2


async def test_courier_buries_what_the_cloud_rejects_and_goes_on(tmp_path: Path) -> None:
    uplink = ScriptedUplink(lambda events: {**accept(events), "e003": "unknown article"})
    told: list[tuple[str, str]] = []
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 12)
        async with carrying(
            outbox.feed(UPLINK), uplink, on_dead_letter=lambda one, reason: told.append((one.id, reason))
        ) as courier:
            await delivered(outbox, 11)
            await wait_until(lambda: len(told) == 1)
            assert courier.counters["dead_lettered"] == 1
        counts = (await outbox.counts())[TRANSACTIONS]
    assert (counts.dead, counts.pending) == (1, 0)
    assert told == [("e003", "unknown article")]


async def test_courier_isolates_the_event_that_has_the_whole_batch_refused(tmp_path: Path) -> None:
    def refuse_poison(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if any(one.id in ("e004", "e017") for one in events):
            raise CloudPermanentError("400 (I choke)")
        return accept(events)

    uplink = ScriptedUplink(refuse_poison)
    told: list[str] = []
    async with open_outbox(tmp_path) as outbox:
        ids = await append(outbox, 30)
        async with carrying(outbox.feed(UPLINK), uplink, on_dead_letter=lambda one, _: told.append(one.id)):
            await delivered(outbox, 28)
            await wait_until(lambda: len(told) == 2)
        assert (await outbox.counts())[TRANSACTIONS].dead == 2
    assert told == ["e004", "e017"]
    assert uplink.arrived == [one for one in ids if one not in told], "in order, each once"


async def test_courier_still_gets_past_many_poisoned_events(tmp_path: Path) -> None:
    def refuse_most(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if any(one.id != "e019" for one in events):
            raise CloudPermanentError("400 (no)")
        return accept(events)

    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 20)
        async with carrying(outbox.feed(UPLINK), ScriptedUplink(refuse_most)):
            await delivered(outbox, 1)
        assert (await outbox.counts())[TRANSACTIONS].dead == 19


async def test_courier_sends_nothing_behind_an_event_that_was_not_answered(tmp_path: Path) -> None:
    """Of a batch that had to be halved, the first half is answered but for its last event."""
    is_first = True

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        nonlocal is_first
        if len(events) == 8:
            raise CloudPermanentError("413")
        answers = accept(events)
        if is_first:
            is_first = False
            del answers[events[-1].id]
        return answers

    uplink = ScriptedUplink(answer)
    async with open_outbox(tmp_path) as outbox:
        ids = await append(outbox, 8)
        async with carrying(outbox.feed(UPLINK), uplink):
            await delivered(outbox, 8)
    assert uplink.arrived == ids


class FailingDisk:
    """The real feed on a disk that fails the first writes."""

    def __init__(self, feed: Feed, failures: int) -> None:
        self._feed = feed
        self.failures_left = failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    async def settle(self, settled: Sequence[int], dead: Mapping[int, str]) -> None:
        if self.failures_left:
            self.failures_left -= 1
            raise StoreError("the outbox could not be used (SQLITE_IOERR)")
        await self._feed.settle(settled, dead)


async def test_courier_keeps_trying_to_note_a_delivery_that_the_disk_refuses(tmp_path: Path) -> None:
    uplink = ScriptedUplink()
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 3)
        async with carrying(FailingDisk(outbox.feed(UPLINK), 3), uplink) as courier:  # type: ignore[arg-type]
            await delivered(outbox, 3)
            await wait_until(lambda: courier.health is Health.HEALTHY)
            assert courier.counters["settles_failed"] == 3
    assert len(uplink.batches) == 1, "delivered once, noted at the fourth attempt"


async def test_courier_counts_what_the_uplink_does_not_want_as_done(tmp_path: Path) -> None:
    uplink = ScriptedUplink()
    uplink.wanted = lambda one: one.id in ("e001", "e004")
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 6)
        async with carrying(outbox.feed(UPLINK), uplink) as courier:
            await wait_until(lambda: courier.counters["filtered"] == 4 and courier.counters["delivered"] == 2)
        counts = (await outbox.counts())[TRANSACTIONS]
    assert (uplink.batches, counts.pending, counts.dead) == ([["e001", "e004"]], 0, 0)


async def test_courier_outlives_an_uplink_whose_library_raises_what_it_likes(tmp_path: Path) -> None:
    failures = iter([ValueError("secret words"), KeyError("x")])

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        for failure in failures:
            raise failure
        return accept(events)

    async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), ScriptedUplink(answer)) as courier:
        await append(outbox, 2)
        await delivered(outbox, 2)
        assert courier.counters["uplink_errors"] == 2


async def test_courier_delivers_what_was_replayed(tmp_path: Path) -> None:
    is_refused = True

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        return {one.id: "no" if is_refused and one.id == "e001" else "" for one in events}

    uplink = ScriptedUplink(answer)
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 3)
        async with carrying(outbox.feed(UPLINK), uplink) as courier:
            await wait_until(lambda: courier.counters["dead_lettered"] == 1)
            await delivered(outbox, 2)
            is_refused = False
            await replay(tmp_path)
            await delivered(outbox, 3)
    assert [one for one in uplink.arrived if one.startswith("e0")] == ["e000", "e002", "e001"]  # and the audit event


async def test_courier_delivers_a_backlog_whose_keys_were_learnt_before_it_began(tmp_path: Path) -> None:
    """The status asked for the counts first: to the courier that is a rewind before anything was read."""
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("ab" * 32 + "\n")
    encryption = EncryptionSettings(key_file=keys)
    async with open_outbox(tmp_path, encryption=encryption) as outbox:
        ids = await append(outbox, 5)
    uplink = ScriptedUplink()
    async with (
        open_outbox(tmp_path, encryption=encryption) as outbox,
        carrying(outbox.feed(UPLINK), uplink, before_it_runs=outbox.counts),
    ):
        await delivered(outbox, 5)
    assert uplink.arrived == ids


async def replay(directory: Path) -> None:
    """As a person does with the command line, over a connection of its own."""
    app = typer.Typer()
    outbox_command.register(app)
    words = ["outbox", "replay", "e001", "--directory", str(directory)]
    done = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert done.exit_code == 0, done.output


async def test_courier_gives_up_a_batch_that_fails_only_for_a_while(tmp_path: Path) -> None:
    attempts = 0

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        nonlocal attempts
        attempts += 1
        if attempts < 6:
            raise CloudTransientError("502")
        return accept(events)

    uplink = ScriptedUplink(answer)
    async with open_outbox(tmp_path) as outbox:
        ids = await append(outbox, 30)
        async with carrying(outbox.feed(UPLINK), uplink):
            await delivered(outbox, 30)
    assert uplink.arrived == ids
    assert [len(batch) for batch in uplink.batches[:6]] == [10, 10, 5, 1, 1, 1], "probes are small"
    assert uplink.probes == 3
