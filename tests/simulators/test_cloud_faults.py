"""Each fault of the simulated cloud does what it says, and only that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from simulators.cloud import CloudSimulator
from simulators.cloud.faults import Fault, FaultMode, Faults
from tests.support.clock import FakeClock
from tests.support.cloud_client import CloudClient, cloud_client, event
from tests.support.waiting import wait_until

STOP_WITHIN_S = 3.0


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator() as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: CloudSimulator) -> AsyncIterator[CloudClient]:
    async with cloud_client(cloud) as client:
        yield client


async def test_500_applies_nothing_and_ends_after_its_requests(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("500", requests=2)
    assert [(await client.post([event("e1")])).status_code for _ in range(3)] == [500, 500, 200]
    entry = cloud.ledger.entries["e1"]
    assert (entry.received, entry.applied, entry.duplicates) == (3, 1, 0)


async def test_429_says_when_to_come_back(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("429", retry_after_s=7)
    response = await client.post([event("e1")])
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert cloud.ledger.summary()["events_applied"] == 0


async def test_latency_answers_late_and_applies(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("latency", delay_s=0.2)
    started = time.monotonic()
    assert await client.send(event("e1")) == [("e1", "accepted")]
    assert time.monotonic() - started >= 0.2


async def test_stall_never_answers_and_applies_nothing(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("stall")
    client.http.timeout = httpx2.Timeout(0.3)
    with pytest.raises(httpx2.ReadTimeout):
        await client.post([event("e1")])
    assert cloud.ledger.entries["e1"].received == 1
    assert cloud.ledger.entries["e1"].applied == 0


async def test_stall_does_not_hold_up_the_stop(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("stall")
    posting = asyncio.create_task(client.post([event("e1")]))
    await wait_until(lambda: "e1" in cloud.ledger.entries)
    started = time.monotonic()
    await cloud.stop()
    assert time.monotonic() - started < STOP_WITHIN_S
    with pytest.raises(httpx2.TransportError):
        await posting


async def test_partial_result_answers_for_some_only(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("partial", seed=3)
    sent = [event(f"e{index}") for index in range(20)]
    answered = {event_id for event_id, _ in await client.send(*sent)}
    applied = {entry.id for entry in cloud.ledger.entries.values() if entry.applied}
    assert answered < applied < {item["id"] for item in sent}
    cloud.set_fault("none")
    again = dict(await client.send(*sent))
    assert {event_id for event_id, status in again.items() if status == "duplicate"} == applied
    assert cloud.ledger.summary()["applied_twice"] == 0


@pytest.mark.parametrize("seed", range(20))
async def test_partial_result_keeps_the_order_of_every_source(
    cloud: CloudSimulator, client: CloudClient, seed: int
) -> None:
    cloud.set_fault("partial", seed=seed)
    sent = [
        event(
            f"s{index % 3}-{index}", source=f"/stores/S001/devices/s{index % 3}", data={"epoch": 1, "sequence": index}
        )
        for index in range(24)
    ]
    answered = dict(await client.send(*sent))
    assert len(answered) < len(sent)
    for source in range(3):
        ids = [item["id"] for item in sent if item["id"].startswith(f"s{source}-")]
        is_applied = [
            event_id in cloud.ledger.entries and cloud.ledger.entries[event_id].applied == 1 for event_id in ids
        ]
        is_answered = [event_id in answered for event_id in ids]
        assert is_applied == sorted(is_applied, reverse=True)
        assert is_answered == sorted(is_answered, reverse=True)
        assert sum(is_answered) <= sum(is_applied)
    cloud.set_fault("none")
    await client.send(*sent)
    summary = cloud.ledger.summary()
    assert (summary["events_applied"], summary["applied_twice"], summary["out_of_order"]) == (24, 0, 0)


async def test_unanswered_answers_for_nothing_and_applies_nothing(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("unanswered", requests=1)
    assert await client.send(event("e1"), event("e2")) == []
    assert cloud.ledger.summary()["events_applied"] == 0
    assert await client.send(event("e1")) == [("e1", "accepted")]


async def test_rejected_strikes_one_event_and_takes_the_others(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("rejected", seed=1)
    statuses = [status for _, status in await client.send(*(event(f"e{index}") for index in range(5)))]
    assert sorted(statuses) == ["accepted"] * 4 + ["rejected"]


async def test_slow_first_byte_applies_at_once(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("slow_first_byte", delay_s=0.2)
    started = time.monotonic()
    posting = asyncio.create_task(client.send(event("e1")))
    await wait_until(lambda: cloud.ledger.summary()["events_applied"] == 1)
    assert not posting.done()
    assert await posting == [("e1", "accepted")]
    assert time.monotonic() - started >= 0.2


async def test_stall_mid_answer_never_ends_its_answer(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("stall_mid_answer", requests=1)
    client.http.timeout = httpx2.Timeout(2.0)
    with pytest.raises(httpx2.ReadTimeout):
        await client.post([event("e1")])
    assert await client.send(event("e1")) == [("e1", "duplicate")]


async def test_reset_mid_body_takes_nothing(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("reset_mid_body", requests=1)
    with pytest.raises(httpx2.TransportError):
        await client.post([event("e1", data={"padding": "x" * 500_000})])
    assert not cloud.ledger.entries
    assert await client.send(event("e1")) == [("e1", "accepted")]


async def test_lost_reply_applies_and_drops_the_connection(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("lost_reply", requests=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.post([event("e1")])
    assert cloud.ledger.entries["e1"].applied == 1
    assert await client.send(event("e1")) == [("e1", "duplicate")]


async def test_garbage_is_no_result(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("garbage")
    response = await client.post([event("e1")])
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert cloud.ledger.entries["e1"].applied == 0


async def test_unauthorized_forgets_every_token(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("unauthorized", requests=1)
    assert (await client.post([event("e1")])).status_code == 401
    assert (await client.post([event("e1")])).status_code == 401
    async with cloud_client(cloud) as newcomer:
        assert await newcomer.send(event("e1")) == [("e1", "accepted")]


async def test_refused_connections_end_by_themselves(cloud: CloudSimulator, client: CloudClient) -> None:
    response = await client.http.put("/oracle/faults", json={"mode": "refuse_connections", "seconds": 0.5})
    assert response.json()["mode"] == "refuse_connections"
    await _wait_for_port(cloud, is_open=False)
    await _wait_for_port(cloud, is_open=True)
    async with cloud_client(cloud) as newcomer:
        assert await newcomer.send(event("e1")) == [("e1", "accepted")]


async def test_refused_connections_can_be_ended_in_process(cloud: CloudSimulator) -> None:
    cloud.set_fault("refuse_connections", seconds=300)
    await _wait_for_port(cloud, is_open=False)
    cloud.set_fault("none")
    await _wait_for_port(cloud, is_open=True)


async def test_stop_during_refused_connections_is_prompt() -> None:
    cloud = CloudSimulator()
    await cloud.start()
    cloud.set_fault("refuse_connections", seconds=300)
    await _wait_for_port(cloud, is_open=False)
    await asyncio.wait_for(cloud.stop(), STOP_WITHIN_S)
    assert not await _is_open(cloud)


async def test_faults_strike_ingestion_only(cloud: CloudSimulator, client: CloudClient) -> None:
    cloud.set_fault("500")
    assert (await client.get("/v1/catalogue/changes")).status_code == 200
    assert (await client.http.get("/oracle/events")).status_code == 200
    async with cloud_client(cloud) as newcomer:
        assert newcomer.headers["Authorization"] != client.headers["Authorization"]


async def test_fault_is_set_and_shown_over_http(cloud: CloudSimulator, client: CloudClient) -> None:
    await client.http.put("/oracle/faults", json={"mode": "500", "requests": 1, "probability": 1, "seed": 4})
    assert (await client.http.get("/oracle/faults")).json()["mode"] == "500"
    assert (await client.post([])).status_code == 500
    assert (await client.http.get("/oracle/faults")).json() == {"mode": "none"}
    assert (await client.summary())["faults_struck"] == {"500": 1}


@pytest.mark.parametrize(
    "wrong", [{"mode": "gremlins"}, {"mode": "500", "probability": 2}, {"mode": "500", "x": 1}, []]
)
async def test_fault_that_is_wrong_is_refused(client: CloudClient, wrong: object) -> None:
    response = await client.http.put("/oracle/faults", json=wrong)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


async def test_fault_ends_after_its_seconds() -> None:
    clock = FakeClock()
    faults = Faults(clock.monotonic)
    faults.set(Fault(mode=FaultMode.ERROR_500, seconds=10))
    assert faults.strike() is not None
    await clock.advance(10)
    assert faults.strike() is None
    assert faults.counters == {"500": 1}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fault_strikes_as_often_as_its_probability_and_repeats_from_its_seed(seed: int) -> None:
    runs = []
    for _ in range(2):
        faults = Faults(lambda: 0.0)
        faults.set(Fault(mode=FaultMode.ERROR_500, probability=0.3, seed=seed))
        runs.append([faults.strike() is not None for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 250 < sum(runs[0]) < 350


async def _is_open(cloud: CloudSimulator) -> bool:
    try:
        _, writer = await asyncio.open_connection(cloud.host, cloud.port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _wait_for_port(cloud: CloudSimulator, *, is_open: bool) -> None:
    async with asyncio.timeout(10):
        while await _is_open(cloud) is not is_open:  # noqa: ASYNC110 - a port has no event
            await asyncio.sleep(0.01)
