"""Dead letters in a person's hands: explained, corrected, sent again, discarded; with and without encryption."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from edge_gateway.commands import outbox
from edge_gateway.contracts.cloudevents import cloud_event
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.outbox_changes import CORRECTION_OF, EVENT_TYPE
from edge_gateway.settings import EncryptionSettings
from edge_gateway.store.key_ring import key_of
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store
from tests.support.transactions import example

KEY, OTHER = bytes(range(32)), bytes(range(100, 132))
UPLINKS = {"https": [TRANSACTIONS, "audit"], "second": [TRANSACTIONS]}
SALE_TYPE = "com.edge-gateway.pos.transaction_completed.v1"


def run(*arguments: str) -> Result:
    app = typer.Typer()
    outbox.register(app)
    return CliRunner().invoke(app, ["outbox", *arguments])


class Shop:
    """A store and its configuration."""

    def __init__(self, directory: Path, *, is_sealed: bool) -> None:
        self.directory = directory
        self.config = directory / "gateway.toml"
        self.key_file = directory / "keys"
        self.settings: dict[str, Any] = {}
        words = ""
        if is_sealed:
            self.key_file.write_text(f"{KEY.hex()}\n")
            self.key_file.chmod(0o600)
            self.settings["encryption"] = EncryptionSettings(key_file=self.key_file)
            words = f'[outbox.encryption]\nkey_file = "{self.key_file}"\n'
        self.config.write_text(f'[store]\nid = "S001"\n[outbox]\ndirectory = "{directory}"\n{words}')

    def open(self, **more: Any) -> Any:
        return open_store(self.directory, uplinks=UPLINKS, **{**self.settings, **more})

    async def command(self, *arguments: str, exit_code: int = 0) -> Any:
        result = await asyncio.to_thread(run, *arguments, "--config", str(self.config), "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout) if result.stdout.strip() else result.stderr

    async def refuse_a_sale(self) -> None:
        """By one of two uplinks; the other has it."""
        async with self.open() as store:
            await store.outbox.append(sale("e1"), key="S001-T3-20261121-000123", digest="d")
            await store.outbox.append(event("e2"))
            await settle(store, "https", dead={"e1": "unknown article 4711"}, delivered=["e2"])
            await settle(store, "second", delivered=["e1", "e2"])


@pytest.fixture(params=["sealed", "clear"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return Shop(tmp_path, is_sealed=request.param == "sealed")


def sale(event_id: str) -> OutboxEvent:
    data = {"device_id": "T3", "lane": "lane-3", "sequence": 7, "epoch": 1, "transaction": example()}
    payload = cloud_event(
        event_id=event_id, source="/stores/S001/devices/T3", event_type=SALE_TYPE, time=FakeClock().now(), data=data
    )
    return OutboxEvent(event_id, TRANSACTIONS, "lane-3/T3", SALE_TYPE, payload)


async def settle(store: Store, uplink: str, *, delivered: list[str] = [], dead: dict[str, str] | None = None) -> None:  # noqa: B006
    rows = dict(await store.database.read(lambda one: one.execute("SELECT id, sequence FROM pending").fetchall()))
    feed = store.outbox.feed(uplink)
    await feed.settle([rows[one] for one in delivered], {rows[one]: why for one, why in (dead or {}).items()})


async def waiting(store: Store, uplink: str, stream: str = TRANSACTIONS) -> list[Any]:
    found = await store.outbox.feed(uplink).backlog(stream, after=0, limit=100)
    return [json.loads(one.event.payload) for one in found]


async def audit(shop: Shop) -> list[Any]:
    async with shop.open() as store:
        events = await waiting(store, "https", "audit")
    assert {one["type"] for one in events} <= {EVENT_TYPE}
    return [one["data"] for one in events]


async def assert_sound(shop: Shop) -> None:
    assert (await shop.command("verify"))["is_sound"]


async def test_dead_letter_is_explained(shop: Shop) -> None:
    await shop.refuse_a_sale()
    shown = await shop.command("explain", "e1")
    assert shown["event"]["data"]["transaction"] == example()
    assert [(one["uplink"], one["reason"]) for one in shown["refusals"]] == [("https", "unknown article 4711")]
    assert "outbox edit" in shown["refusals"][0]["to_do"]
    text = await asyncio.to_thread(run, "explain", "e1", "--config", str(shop.config))
    assert "https refused it: unknown article 4711" in text.stdout
    assert "is no dead letter" in await shop.command("explain", "e7", exit_code=1)


async def test_corrected_sale_goes_out_under_a_new_id_to_the_uplink_that_refused_it(shop: Shop) -> None:
    await shop.refuse_a_sale()
    async with shop.open() as store:
        answer = await shop.command(
            "edit", "e1", "--set", "data.transaction.lines[0].sku=4712", "--reason", "wrong article"
        )
        new_id = answer["event_id"]
        assert answer == {"event_id": new_id, "correction_of": "e1"}
        (corrected,) = await waiting(store, "https")
        assert await waiting(store, "second") == []
        assert (corrected["id"], corrected[CORRECTION_OF]) == (new_id, "e1")
        assert corrected["data"]["transaction"]["lines"][0]["sku"] == "4712"
        assert corrected["data"]["sequence"] == 7
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead) == (1, 0)
        await settle(store, "https", delivered=[new_id])
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 0
        known = await store.outbox.find("S001-T3-20261121-000123", "d")
        assert known is not None
    (told,) = await audit(shop)
    assert (told["action"], told["why"], told["new_event_id"]) == ("edited", "wrong article", new_id)
    assert told["changes"] == {"data.transaction.lines[0].sku": "4712"}
    assert told["events"][0]["event"]["data"]["transaction"] == example()
    assert told["user"]
    await assert_sound(shop)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("data.transaction.totals.gross=7.19", "the transaction is not valid any more"),
        ("data.transaction.transaction_id=other", "transaction_id cannot be changed"),
        ("data.sequence=8", "data.sequence cannot be changed"),
        ("source=/stores/S002", "source cannot be changed"),
        ("data.transaction.lines[0].sku=4711", "nothing is changed"),
        ("data.transaction.lines[9].sku=1", "there is no entry [9]"),
    ],
)
async def test_edit_that_would_break_the_event_is_refused_and_changes_nothing(
    shop: Shop, assignment: str, words: str
) -> None:
    await shop.refuse_a_sale()
    assert words in await shop.command("edit", "e1", "--set", assignment, exit_code=1)
    async with shop.open() as store:
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 1
    assert await audit(shop) == []


async def test_edit_asks_what_to_change(shop: Shop) -> None:
    await shop.refuse_a_sale()
    assert "say what to change" in await shop.command("edit", "e1", exit_code=2)
    assert "is no assignment" in await shop.command("edit", "e1", "--set", "sku", exit_code=2)


async def test_edit_takes_a_whole_file_and_shows_it_first(shop: Shop) -> None:
    await shop.refuse_a_sale()
    (exported,) = await shop.command("export", "e1")
    exported["event"]["data"]["transaction"]["notes"] = "corrected"
    file = shop.directory / "event.json"
    file.write_text(json.dumps(exported["event"]))
    shown = await shop.command("edit", "e1", "--file", str(file), "--dry-run")
    assert shown["event"]["data"]["transaction"]["notes"] == "corrected"
    async with shop.open() as store:
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 1
    new_id = (await shop.command("edit", "e1", "--file", str(file)))["event_id"]
    async with shop.open() as store:
        assert [one["id"] for one in await waiting(store, "https")] == [new_id]


async def test_replay_and_discard_are_audited(shop: Shop) -> None:
    await shop.refuse_a_sale()
    assert await shop.command("replay", "e1") == {"replayed": ["e1"], "not_found": []}
    async with shop.open() as store:
        assert [one["id"] for one in await waiting(store, "https")] == ["e1"]
        assert await waiting(store, "second") == []
        await settle(store, "https", dead={"e1": "still unknown"})
    result = await asyncio.to_thread(run, "discard", "e1", "--config", str(shop.config))
    assert result.exit_code == 2, "a reason must be given"
    assert await shop.command("discard", "e1", "--reason", "test sale") == {"discarded": ["e1"], "not_found": []}
    async with shop.open() as store:
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead) == (0, 0)
    replayed, discarded = await audit(shop)
    assert replayed["action"] == "replayed"
    assert (discarded["action"], discarded["why"]) == ("discarded", "test sale")
    assert discarded["events"][0]["event"]["id"] == "e1", "what is given up is kept in the audit"
    await assert_sound(shop)


async def test_outbox_status_tells_lag_fill_epoch_and_encryption(shop: Shop) -> None:
    await shop.refuse_a_sale()
    async with shop.open() as store:
        await store.outbox.append(event("e3"))
        epoch = store.database.epoch
    found = await shop.command("status")
    transactions = found["streams"][TRANSACTIONS]
    assert transactions["uplinks"]["https"]["lag"] == transactions["uplinks"]["second"]["lag"] == 1
    assert found["epoch"] == epoch
    assert 0 <= found["fill_percent"] <= 100
    assert found["salvages"] == []
    text = await asyncio.to_thread(run, "status", "--config", str(shop.config))
    assert ("sealed with the first key" if shop.settings else "events lie in clear") in text.stdout
    assert "to second" in text.stdout


async def test_outbox_keys_tells_which_key_is_missing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, is_sealed=True)
    await shop.refuse_a_sale()
    found = await shop.command("keys")
    assert [(one["fingerprint"], one["dead"], one["is_sealing"]) for one in found["keys"]] == [
        (key_of(KEY).fingerprint, 1, True)
    ]
    shop.key_file.write_text(f"{OTHER.hex()}\n")
    found = await shop.command("keys", exit_code=1)
    assert {one["fingerprint"]: one["is_missing"] for one in found["keys"]} == {
        key_of(KEY).fingerprint: True,
        key_of(OTHER).fingerprint: False,
    }
    assert "is needed to read what is stored" in (await shop.command("explain", "e1"))["problem"]
    text = await asyncio.to_thread(run, "keys", "--config", str(shop.config))
    assert "MISSING: its rows wait" in text.stdout
    assert KEY.hex() not in text.output
    assert OTHER.hex() not in text.output


async def test_outbox_new_key_can_be_used_at_once(tmp_path: Path) -> None:
    result = await asyncio.to_thread(run, "new-key")
    assert result.exit_code == 0
    (tmp_path / "keys").write_text(result.stdout)
    (tmp_path / "keys").chmod(0o600)
    async with open_store(tmp_path, encryption=EncryptionSettings(key_file=tmp_path / "keys")) as store:
        await store.outbox.append(event("e1"))


async def test_encrypted_store_is_not_changed_without_its_configuration(tmp_path: Path) -> None:
    shop = Shop(tmp_path, is_sealed=True)
    await shop.refuse_a_sale()
    result = await asyncio.to_thread(run, "discard", "e1", "--reason", "x", "--directory", str(tmp_path))
    assert result.exit_code == 1
    assert "so that nothing is stored in clear" in result.stderr
    assert (await asyncio.to_thread(run, "list", "--directory", str(tmp_path))).exit_code == 0
