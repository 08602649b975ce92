"""The daemon and its cloud, both ways: over TLS 1.3 with a client certificate, a signed token and a proxy; commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.cloudevents import event_type
from simulators.cloud import CloudSimulator
from simulators.cloud.access import JwtRule
from simulators.cloud.command_desk import CommandFault, CommandOrder
from simulators.gateway_process import GatewayProcess
from simulators.http_proxy import HttpProxy
from simulators.webhook_receiver import WebhookReceiver, make_secret
from tests.support.broker import Broker, BusClient
from tests.support.cloud_access import Authority, make_key, private_pem, public_pem
from tests.support.gateways import EVENTUALLY_S, STORE_ID, gateway
from tests.support.transactions import example
from tests.support.waiting import wait_until

SUBMIT = f"edge/v1/{STORE_ID}/lane-1/pos/T1/command/submit_transaction"
REPLIES = f"edge/v1/{STORE_ID}/lane-1/pos/T1/reply"
SUBMIT_ATTEMPTS = 20
SALE, WEIGHT = event_type("pos", "transaction_completed"), event_type("pos", "weight_sold")

pytestmark = pytest.mark.e2e


async def submit(client: BusClient, transaction_id: str) -> None:
    """As a till does it: again until it is accepted."""
    place = {"store_id": STORE_ID, "lane": "lane-1", "terminal_id": "T1"}
    body = {"id": transaction_id, "params": {"transaction": example(transaction_id=transaction_id, **place)}}
    for _ in range(SUBMIT_ATTEMPTS):
        await client.publish(SUBMIT, body)
        try:
            await client.wait_for(
                lambda found: str(found.topic) == REPLIES and BusClient.json(found)["status"] == "accepted",
                timeout_s=1.0,
            )
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{transaction_id} was not accepted")


def told(receiver: WebhookReceiver, kind: str) -> list[str]:
    """The sales that events of this type are of, in the order of their arrival."""
    return [event["subject"] for event in receiver.events.values() if event["type"] == kind]


async def until(condition: Callable[[], object], what: str) -> None:
    await wait_until(condition, timeout_s=EVENTUALLY_S, what=what)


def cloud_sections(cloud: CloudSimulator, folder: Path, **more: Any) -> dict[str, Mapping[str, Any]]:
    (folder / "command-keys.pem").write_text(cloud.commands.public_key)
    return {
        "cloud": {"base_url": cloud.url, "retry_s_max": 1.0, **more},
        "cloud.commands": {"public_key_file": folder / "command-keys.pem", "wait_s": 2.0},
    }


async def test_sale_goes_through_proxy_certificates_and_tokens_that_are_replaced_meanwhile(
    broker: Broker, tmp_path: Path
) -> None:
    authority = Authority.make(tmp_path)
    certificate_file, key_file = authority.issue("client", "box")
    key, next_key = make_key("ES256"), make_key("ES256")
    jwt_file = tmp_path / "jwt.pem"
    jwt_file.write_bytes(private_pem(key))
    rule = JwtRule(public_pem(key), "box", "cloud")
    tls = authority.server(client_ca_file=authority.ca_file)
    async with (
        HttpProxy() as proxy,
        CloudSimulator(is_token_required=False, jwt_rule=rule, tls=tls) as cloud,
        broker.client() as client,
    ):
        files = {"ca_file": authority.ca_file, "certificate_file": certificate_file, "key_file": key_file}
        process = gateway(
            tmp_path / "box",
            broker.port,
            sections={
                "cloud": {"base_url": cloud.url, "proxy": proxy.url, "retry_s_max": 1.0, **files},
                "cloud.jwt": {"private_key_file": jwt_file, "issuer": "box", "audience": "cloud"},
            },
        )
        await client.subscribe(REPLIES)
        await process.start()
        try:
            await submit(client, "sale-1")
            await until(lambda: "sale-1" in cloud.ledger.event_ids_by_transaction, "the first sale at the cloud")
            cloud.access.jwt_rule = JwtRule(public_pem(next_key), "box", "cloud")
            authority.issue("client", "box")
            await submit(client, "sale-2")
            jwt_file.write_bytes(private_pem(next_key))
            await proxy.cut()
            await until(lambda: "sale-2" in cloud.ledger.event_ids_by_transaction, "the second sale at the cloud")
        finally:
            assert await process.stop() == 0
        assert set(proxy.targets) == {f"127.0.0.1:{cloud.port}"}
        log = process.log_file.read_text()
        assert "PRIVATE KEY" not in log
        assert "Bearer ey" not in log


async def test_commands_are_done_once_and_told_once_through_kills_and_replays(broker: Broker, tmp_path: Path) -> None:
    async with CloudSimulator(is_token_required=False) as cloud:
        process = gateway(tmp_path / "box", broker.port, sections=cloud_sections(cloud, tmp_path))

        def give(name: str, command_id: str, **options: Any) -> None:
            cloud.commands.give(CommandOrder(store_id=STORE_ID, name=name, id=command_id, **options))

        def outcomes() -> dict[str, tuple[str, str | None]]:
            found = cloud.ledger.command_outcomes()
            assert len({each["command_id"] for each in found}) == len(found), found
            return {each["command_id"]: (each["status"], each["error"] and each["error"]["code"]) for each in found}

        give("ping", "waiting")
        await process.start()
        try:
            give("set_log_level", "level", params={"level": "debug", "for_s": 2})
            give("report_status", "status")
            give("replay_dead_letters", "replay", params={"stream": "audit"})
            give("sync_now", "sync", params={"stream": "telemetry"})
            give("ping", "twice", fault=CommandFault.REPLAYED)
            give("format_disk", "unknown")
            for fault in ("wrong_signature", "changed", "unsigned", "expired", "other_store", "malformed"):
                give("ping", fault, fault=CommandFault(fault))
            await until(lambda: len(outcomes()) == 13, "the outcome of every command")
            await process.kill()
            cloud.commands.forget_tokens()
            give("ping", "after the kill")
            await process.start()
            await until(lambda: "after the kill" in outcomes(), "the command after the kill")
            await until(lambda: cloud.commands.served["waiting"] >= 2, "everything served again")
        finally:
            assert await process.stop() == 0
        done = ("completed", None)
        assert outcomes() == {
            **dict.fromkeys(("waiting", "level", "status", "replay", "sync", "twice", "after the kill"), done),
            "unknown": ("refused", "unsupported"),
            "wrong_signature": ("refused", "wrong_signature"),
            "changed": ("refused", "wrong_signature"),
            "unsigned": ("refused", "unsigned"),
            "expired": ("refused", "expired"),
            "other_store": ("refused", "other_store"),
            "malformed": ("refused", "malformed"),
        }
        results = {each["command_id"]: each["result"] for each in cloud.ledger.command_outcomes()}
        assert results["status"]["gateway"]["store_id"] == STORE_ID
        assert results["sync"] == {"uplinks": ["https"]}


async def test_dead_letter_is_replayed_by_a_command(broker: Broker, tmp_path: Path) -> None:
    async with CloudSimulator(is_token_required=False) as cloud, broker.client() as client:
        process = gateway(tmp_path / "box", broker.port, sections=cloud_sections(cloud, tmp_path))
        await client.subscribe(REPLIES)
        await process.start()
        try:
            # All of them: the audit of the weight that was sold may come before its sale.
            cloud.set_fault("rejected")
            await submit(client, "sale-1")
            order = CommandOrder(store_id=STORE_ID, name="replay_dead_letters", params={"stream": "transactions"})
            await _dead_letters(process, 1)
            assert "sale-1" not in cloud.ledger.event_ids_by_transaction
            cloud.set_fault("none")
            cloud.commands.give(order)
            await until(lambda: "sale-1" in cloud.ledger.event_ids_by_transaction, "the sale that was refused")
            await until(cloud.ledger.command_outcomes, "the outcome of the command")
        finally:
            assert await process.stop() == 0
        [outcome] = cloud.ledger.command_outcomes()
        assert outcome["result"] == {"replayed": 1}


async def test_webhook_and_cloud_each_get_every_sale_and_the_weight_it_sold(broker: Broker, tmp_path: Path) -> None:
    secret = make_secret()
    (tmp_path / "secret").write_text(secret)
    async with (
        CloudSimulator(is_token_required=False) as cloud,
        WebhookReceiver([secret]) as receiver,
        broker.client() as client,
    ):
        process = gateway(tmp_path / "box", broker.port, sections={"cloud": {"base_url": cloud.url}})
        with process.config.open("a") as config:
            config.write(
                f'[[uplink]]\nkind = "webhook"\nname = "hook"\nurl = "{receiver.url}"\n'
                f'secret_file = "{tmp_path / "secret"}"\ntypes = ["com.edge-gateway.pos.*"]\nretry_s_max = 1.0\n'
            )
        await client.subscribe(REPLIES)
        await process.start()
        try:
            await submit(client, "sale-1")
            await until(
                lambda: told(receiver, SALE) == told(receiver, WEIGHT) == ["sale-1"], "the sale at the receiver"
            )
            await receiver.stop()
            await submit(client, "sale-2")
            await until(lambda: len(cloud.ledger.event_ids_by_transaction) == 2, "both sales at the cloud")
            await receiver.start()
            both = ["sale-1", "sale-2"]
            await until(
                lambda: told(receiver, SALE) == told(receiver, WEIGHT) == both, "the other sale at the receiver"
            )
        finally:
            assert await process.stop() == 0
        assert receiver.refusals == []
        assert secret not in process.log_file.read_text()


async def _dead_letters(process: GatewayProcess, count: int) -> None:
    deadline = asyncio.get_running_loop().time() + EVENTUALLY_S
    while asyncio.get_running_loop().time() < deadline:
        status = await process.status()
        if status is not None and status["outbox"]["streams"]["transactions"]["dead"] == count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"there were not {count} dead letters")
