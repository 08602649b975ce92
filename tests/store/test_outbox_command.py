"""The ``outbox`` commands, beside a running store and without one."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from edge_gateway.commands import outbox
from edge_gateway.store import feed as feed_module
from edge_gateway.store.migrations import schema_files
from tests.support.stores import TRANSACTIONS, event, open_store


def run(*arguments: str) -> Result:
    app = typer.Typer()
    outbox.register(app)
    return CliRunner().invoke(app, ["outbox", *arguments])


def run_json(*arguments: str, exit_code: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


async def make_store(directory: Path) -> None:
    async with open_store(directory) as store:
        for number in range(4):
            await store.outbox.append(event(f"t{number}"), key=f"k{number}", digest="d")
        await store.outbox.append(event("d0", stream="device_events"))
        await store.settle(["t0"], {"t1": "unknown article", "d0": "no such device"})


async def test_outbox_command_shows_a_store_that_is_running(tmp_path: Path) -> None:
    await make_store(tmp_path)
    async with open_store(tmp_path):
        found = await asyncio.to_thread(run_json, "status", "--directory", str(tmp_path))
        streams = found["streams"]
        assert {name: streams[TRANSACTIONS][name] for name in ("pending", "dead", "delivered_total")} == {
            "pending": 2,
            "dead": 1,
            "delivered_total": 1,
        }
        assert found["schema_version"] == max(schema_files())
        assert await asyncio.to_thread(run_json, "verify", "--directory", str(tmp_path)) == {
            "is_sound": True,
            "problems": [],
        }


async def test_outbox_command_shows_a_store_that_is_stopped(tmp_path: Path) -> None:
    await make_store(tmp_path)
    shown = await asyncio.to_thread(run, "status", "--directory", str(tmp_path))
    assert shown.exit_code == 0
    assert "transactions            2       1           1" in shown.stdout
    listed = await asyncio.to_thread(run_json, "list", "--directory", str(tmp_path))
    assert [(one["id"], one["reason"]) for one in listed] == [("d0", "no such device"), ("t1", "unknown article")]
    waiting = await asyncio.to_thread(
        run_json, "list", "--pending", "--limit", "1", "--stream", TRANSACTIONS, "--directory", str(tmp_path)
    )
    assert [one["id"] for one in waiting] == ["t2"]
    text = await asyncio.to_thread(run, "list", "--directory", str(tmp_path))
    assert "unknown article" in text.stdout


async def test_outbox_command_exports_events_whole(tmp_path: Path) -> None:
    await make_store(tmp_path)
    result = await asyncio.to_thread(run, "export", "t1", "--directory", str(tmp_path))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["id"], one["state"], one["event"]["id"]) for one in lines] == [("t1", "dead", "t1")]
    everything = await asyncio.to_thread(run_json, "export", "--pending", "--directory", str(tmp_path))
    assert [one["id"] for one in everything] == ["t2", "t3"]


async def test_outbox_command_replays_into_a_running_store_which_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "OTHER_WRITER_CHECK_S", 0.05)
    await make_store(tmp_path)
    async with open_store(tmp_path) as store:
        waiting = asyncio.create_task(store.wait_for_pending("device_events"))
        replayed = await asyncio.to_thread(run_json, "replay", "--all", "--directory", str(tmp_path))
        assert sorted(replayed["replayed"]) == ["d0", "t1"]
        await asyncio.wait_for(waiting, 5)
        assert [one.id for one in await store.pending(TRANSACTIONS, 10)] == ["t1", "t2", "t3"]
        await store.settle(["t1", "d0"], {})
        await store.outbox.append(event("t9"))
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead, counts.delivered_total) == (3, 0, 2)
    assert (await asyncio.to_thread(run_json, "verify", "--directory", str(tmp_path)))["is_sound"]


async def test_outbox_command_replays_only_what_is_named(tmp_path: Path) -> None:
    await make_store(tmp_path)
    answer = await asyncio.to_thread(lambda: run_json("replay", "t1", "t7", "--directory", str(tmp_path), exit_code=1))
    assert answer == {"replayed": ["t1"], "not_found": ["t7"]}
    async with open_store(tmp_path) as store:
        counts = await store.outbox.counts()
        assert (counts[TRANSACTIONS].dead, counts["device_events"].dead) == (0, 1)


def test_outbox_command_asks_what_to_replay(tmp_path: Path) -> None:
    assert run("replay", "--directory", str(tmp_path)).exit_code == 2


async def test_outbox_command_finds_what_is_wrong(tmp_path: Path) -> None:
    await make_store(tmp_path)
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("UPDATE pending SET payload = x'7b' WHERE id = 't3'")
    connection.execute("DELETE FROM pending WHERE id = 't2'")
    connection.commit()
    connection.close()
    found = await asyncio.to_thread(lambda: run_json("verify", "--directory", str(tmp_path), exit_code=1))
    assert any("stream transactions: 1 rows in pending, expected 2" in problem for problem in found["problems"])
    assert any("event t3 (transactions, pending): damaged on disk" in problem for problem in found["problems"])


def test_outbox_command_says_when_there_is_no_store(tmp_path: Path) -> None:
    result = run("status", "--directory", str(tmp_path))
    assert result.exit_code == 1
    assert "outbox.db does not exist: check outbox.directory" in result.stderr


def test_outbox_command_says_when_there_is_no_configuration(tmp_path: Path) -> None:
    assert run("status", "--config", str(tmp_path / "missing.toml")).exit_code == 2


async def test_outbox_command_takes_the_directory_from_the_configuration(tmp_path: Path) -> None:
    await make_store(tmp_path)
    config = tmp_path / "gateway.toml"
    config.write_text(f'[store]\nid = "S001"\n[outbox]\ndirectory = "{tmp_path}"\n')
    assert (await asyncio.to_thread(run_json, "status", "--config", str(config)))["streams"][TRANSACTIONS]["dead"] == 1


async def test_outbox_command_refuses_a_stream_that_does_not_exist(tmp_path: Path) -> None:
    await make_store(tmp_path)
    result = await asyncio.to_thread(run, "list", "--stream", "gossip", "--directory", str(tmp_path))
    assert result.exit_code == 1
    assert "stream 'gossip' does not exist" in result.stderr
