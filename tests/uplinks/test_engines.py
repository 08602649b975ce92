"""What each uplink to a message engine promises of ``deliver``, against its real server (Kafka: librdkafka's mock)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from simulators.rabbitmq_server import RabbitmqServer
from tests.uplinks.engine_events import STREAM, events
from tests.uplinks.far_ends import FAR_ENDS, QUICK, FarEnd, RabbitmqFarEnd


@pytest.fixture(params=sorted(FAR_ENDS))
async def far_end(
    request: pytest.FixtureRequest, tmp_path: Path, rabbitmq_server: Callable[[], Awaitable[RabbitmqServer]]
) -> AsyncIterator[FarEnd]:
    is_server_ended = request.node.get_closest_marker("ends_the_server") is not None
    if request.param == RabbitmqFarEnd.kind and not is_server_ended:
        end: FarEnd = RabbitmqFarEnd(tmp_path, await rabbitmq_server())
    else:
        end = FAR_ENDS[request.param](tmp_path)
    await end.start()
    try:
        yield end
    finally:
        await end.close()


async def test_engine_gets_every_event_as_accepted_and_in_order_of_its_source(far_end: FarEnd) -> None:
    uplink, sent = far_end.uplink(), events(300)
    assert await uplink.deliver(STREAM, sent[:200]) == {event.id: DELIVERED for event in sent[:200]}
    assert await uplink.deliver(STREAM, sent[200:]) == {event.id: DELIVERED for event in sent[200:]}
    received = await far_end.received(len(sent))
    assert {(one.id, one.type, one.source, one.body) for one in received} == {
        (event.id, event.type, event.source, event.payload) for event in sent
    }
    assert len(received) == len(sent)
    for source in {event.source for event in sent}:
        of_source = [one.id for one in received if one.source == source]
        assert of_source == sorted(of_source)
    await uplink.close()


async def test_engine_gets_each_stream_under_its_own_name(far_end: FarEnd) -> None:
    uplink = far_end.uplink()
    await uplink.deliver(STREAM, events(1))
    await uplink.deliver("telemetry", events(1, start=1, stream="telemetry"))
    received = await far_end.received(2)
    assert {one.where for one in received} == {
        name.format(stream)
        for stream in (STREAM, "telemetry")
        for name in [
            {
                "nats": "edge.v1.S001.{}",
                "rabbitmq": "S001.{}",
                "mqtt": "edge/v1/S001/{}",
                "kafka": "edge.v1.{}",
            }[far_end.kind]
        ]
    }
    await uplink.close()


@pytest.mark.ends_the_server
async def test_engine_that_hung_up_is_told_in_words_and_gets_the_events_when_it_is_back(far_end: FarEnd) -> None:
    uplink, sent = far_end.uplink(), events(60)
    await uplink.deliver(STREAM, sent[:20])
    for end_it, part in ((far_end.end, sent[20:40]), (far_end.kill, sent[40:])):
        await end_it()
        with pytest.raises(CloudTransientError):
            await uplink.deliver(STREAM, part)
        with pytest.raises(CloudTransientError) as told:
            await uplink.probe()
        assert "reached" in str(told.value) or "listens" in str(told.value) or "no connection" in str(told.value)
        await far_end.start()
        await uplink.probe()
        assert await uplink.deliver(STREAM, part) == {event.id: DELIVERED for event in part}
    received = await far_end.received(len(sent))
    assert {one.id for one in received} == {event.id for event in sent}
    await uplink.close()


async def test_engine_that_is_frozen_costs_a_bounded_time_and_no_event(far_end: FarEnd) -> None:
    uplink, sent = far_end.uplink(), events(50)
    await uplink.deliver(STREAM, sent[:10])
    await far_end.freeze()
    started_s = time.monotonic()
    with pytest.raises(CloudTransientError, match="no answer to 40 events"):
        await uplink.deliver(STREAM, sent[10:])
    assert time.monotonic() - started_s < 2 * QUICK["response_timeout_s"] + 3
    with pytest.raises(CloudTransientError):
        await uplink.probe()
    far_end.thaw()
    await uplink.probe()
    assert len(await uplink.deliver(STREAM, sent[10:])) == 40
    assert {one.id for one in await far_end.received(len(sent))} == {event.id for event in sent}
    await uplink.close()


async def test_engine_connection_that_said_nothing_until_it_was_given_up_is_not_tried_again(far_end: FarEnd) -> None:
    uplink, sent = far_end.uplink(), events(20)
    await uplink.deliver(STREAM, sent[:10])
    await far_end.freeze()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(uplink.deliver(STREAM, sent[10:]), 0.5)
    far_end.thaw()
    assert len(await uplink.deliver(STREAM, sent[10:])) == 10
    assert uplink.counters["connected"] == 2
    await uplink.close()


async def test_engine_takes_batches_of_different_sources_side_by_side(far_end: FarEnd) -> None:
    uplink = far_end.uplink()
    batches = [events(50, start=start, sources=1000) for start in range(0, 400, 50)]
    answers = await asyncio.gather(*[uplink.deliver(STREAM, batch) for batch in batches])
    assert [len(answer) for answer in answers] == [50] * 8
    assert uplink.counters["connected"] == 1
    await uplink.close()
