"""Print jobs of the real gateway: killed in the middle of a print, and settled by a person at the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.escpos_printer import EscposPrinter
from simulators.gateway_process import GatewayProcess
from tests.support.broker import Broker, BusClient, wait_until
from tests.support.gateways import EVENTUALLY_S, STORE_ID, gateway

BASE = f"edge/v1/{STORE_ID}/lane-1/pos_printer/p1"
REPLIES = f"{BASE}/reply"
COMMAND = Path(sys.executable).parent / "edge-gateway"
ATTEMPTS = 20

pytestmark = pytest.mark.e2e


def tcp_printer(port: int, device_id: str = "p1") -> Mapping[str, Any]:
    return {
        "id": device_id,
        "lane": "lane-1",
        "profile": "epson-tm-t20",
        "transport": {"kind": "tcp", "host": "127.0.0.1", "port": port},
    }


def receipt(name: str, lines: int = 20) -> list[dict[str, Any]]:
    texts = [{"type": "text", "text": f"{name} line {number}"} for number in range(lines)]
    return [*texts, {"type": "text", "text": f"end of {name}"}, {"type": "cut"}]


async def ask(client: BusClient, name: str, request_id: str, **params: Any) -> Mapping[str, Any]:
    """As a till does it: again, under the same id, until the reply is here."""
    body = {"id": request_id, "params": params, "reply_to": REPLIES}
    seen = len(client.messages)
    for _ in range(ATTEMPTS):
        await client.publish(f"{BASE}/command/{name}", body)
        try:
            message = await client.wait_for(
                lambda found: (
                    found in client.messages[seen:]
                    and str(found.topic) == REPLIES
                    and BusClient.json(found)["id"] == request_id
                ),
                timeout_s=1.5,
            )
        except TimeoutError:
            continue
        reply: Mapping[str, Any] = BusClient.json(message)
        return reply
    raise AssertionError(f"{request_id}: no reply to {ATTEMPTS} attempts")


async def print_command(process: GatewayProcess, *arguments: str) -> Any:
    command = await asyncio.create_subprocess_exec(
        COMMAND, "print", *arguments, "--json", "--config", process.config, stdout=PIPE, stderr=PIPE
    )
    output, errors = await command.communicate()
    assert command.returncode == 0, errors.decode()
    return json.loads(output)


async def started(process: GatewayProcess, printer: EscposPrinter) -> None:
    await process.start()
    await wait_until(lambda: printer.is_connected, timeout_s=EVENTUALLY_S)


@pytest.mark.parametrize("share", [0.3, 1.0])
async def test_gateway_killed_in_the_middle_of_a_print_prints_at_most_one_copy(
    broker: Broker, tmp_path: Path, share: float
) -> None:
    """``share``: of the receipt that is on paper at the kill; 1: all of it, whether it is confirmed or not."""
    printer = EscposPrinter(columns=48, bytes_per_s=600.0)
    process = gateway(tmp_path, broker.port, [tcp_printer(await printer.listen_tcp())])
    try:
        await started(process, printer)
        async with broker.client() as client:
            await client.subscribe(REPLIES)
            reply = await ask(client, "print", "r1", document=receipt("r1"), answer="accepted")
            assert reply["status"] == "accepted"
            await ask(client, "print", "r2", document=receipt("r2", 2), answer="accepted")
            line = f"r1 line {int(19 * share)}" if share < 1 else "end of r1"
            await wait_until(lambda: line in printer.paper_text, timeout_s=EVENTUALLY_S)
            await process.kill()
            printer.bytes_per_s = None
            await started(process, printer)
            reply = await ask(client, "print", "r1", document=receipt("r1"))
            second = await ask(client, "print", "r2", document=receipt("r2", 2))
            assert reply["status"] in ("unknown", "completed"), reply
            assert second["status"] == "completed", second
            await wait_until(lambda: "end of r2" in printer.paper_text, timeout_s=EVENTUALLY_S)
            assert printer.paper_text.count("end of r1") <= 1
            assert printer.paper_text.count("end of r2") == 1
            if reply["status"] == "completed":
                assert printer.paper_text.count("end of r1") == 1
                return
            await _settle(process, printer)
    finally:
        await process.stop()
        await printer.stop()


async def _settle(process: GatewayProcess, printer: EscposPrinter) -> None:
    """As a person does it."""
    (job,) = await print_command(process, "jobs", "p1", "--state", "unknown")
    assert (job["job_id"], job["is_waiting_for_person"]) == ("r1", True)
    assert job["total_bytes"] > 0
    status = await process.status()
    assert status is not None
    assert any("look at the paper" in reason["text"] for reason in status["health"]["reasons"])
    (copy,) = await print_command(process, "reprint", "p1", "r1", "--operator", "anna", "--reason", "not whole")
    assert copy["copy_of"] == "r1"
    await wait_until(lambda: printer.paper_text.count("COPY") == 1, timeout_s=EVENTUALLY_S)
    assert await print_command(process, "jobs", "p1", "--state", "unknown") != []
    (job,) = [each for each in await print_command(process, "jobs", "p1") if each["job_id"] == "r1"]
    assert (job["is_waiting_for_person"], job["settled_by"]["operator"]) == (False, "anna")


async def test_job_waits_for_paper_and_the_drawer_passes_it(broker: Broker, tmp_path: Path) -> None:
    printer = EscposPrinter(columns=48)
    process = gateway(tmp_path, broker.port, [tcp_printer(await printer.listen_tcp())])
    printer.set_fault("paper_out")
    try:
        await started(process, printer)
        async with broker.client() as client:
            await client.subscribe(REPLIES)
            await client.subscribe(f"{BASE}/event/#")
            await ask(client, "print", "r1", document=receipt("r1"), answer="accepted")
            found = await client.wait_for(
                lambda message: (
                    str(message.topic).endswith("/event/print_job_changed")
                    and BusClient.json(message)["data"]["waiting_for"] == "paper_empty"
                )
            )
            assert BusClient.json(found)["data"]["state"] == "accepted"
            assert (await ask(client, "read_status", "s1"))["status"] == "completed"
            (waiting,) = await print_command(process, "jobs", "p1")
            assert waiting["waiting_for"] == "paper_empty"
            printer.set_fault("paper_out", False)
            await client.wait_for(
                lambda message: (
                    str(message.topic).endswith("/event/print_job_changed")
                    and BusClient.json(message)["data"]["state"] == "completed"
                )
            )
            assert printer.paper_text.count("end of r1") == 1
            cancelled = await ask(client, "cancel_job", "c1", job_id="r1")
            assert cancelled["result"]["job"]["state"] == "completed"
            not_there = await ask(client, "read_job", "c2", job_id="other")
            assert not_there["error"]["code"] == "not_found"
    finally:
        await process.stop()
        await printer.stop()
