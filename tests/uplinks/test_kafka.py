"""The Kafka uplink against librdkafka's mock brokers: errors that a cluster answers with, each injected there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from simulators.kafka_mock import PRODUCE
from tests.uplinks.engine_events import STREAM, events, large
from tests.uplinks.far_ends import KafkaFarEnd

REQUEST_TIMED_OUT, NOT_LEADER, TOO_LARGE, NOT_ENOUGH_REPLICAS, NOT_AUTHORIZED, OUT_OF_ORDER = 7, 6, 10, 19, 29, 45


@pytest.fixture
async def far_end(tmp_path: Path) -> AsyncIterator[KafkaFarEnd]:
    end = KafkaFarEnd(tmp_path)
    await end.start()
    try:
        yield end
    finally:
        await end.close()


@pytest.mark.parametrize("code", [REQUEST_TIMED_OUT, NOT_LEADER, NOT_ENOUGH_REPLICAS])
async def test_kafka_passing_errors_are_sent_again_without_a_duplicate_or_a_gap(
    far_end: KafkaFarEnd, code: int
) -> None:
    uplink, sent = far_end.uplink(), events(200)
    await uplink.deliver(STREAM, sent[:10])
    await far_end.server.command("errors", PRODUCE, code, code)
    assert len(await uplink.deliver(STREAM, sent[10:])) == 190
    received = [one.id for one in await far_end.received(200)]
    assert sorted(received) == [event.id for event in sent]
    await uplink.close()


@pytest.mark.parametrize("code", [NOT_AUTHORIZED, OUT_OF_ORDER])
async def test_kafka_producer_that_failed_is_replaced(far_end: KafkaFarEnd, code: int) -> None:
    uplink, sent = far_end.uplink(), events(5, sources=1)
    await uplink.deliver(STREAM, sent[:1])
    await far_end.server.command("errors", PRODUCE, code)
    with pytest.raises(CloudTransientError):
        await uplink.deliver(STREAM, sent[1:])
    assert len(await uplink.deliver(STREAM, sent[1:])) == 4
    assert uplink.counters["connected"] == 2
    await uplink.close()


async def test_kafka_record_that_the_topic_refuses_is_found_by_sending_one_by_one(far_end: KafkaFarEnd) -> None:
    uplink, sent = far_end.uplink(), events(2)
    await uplink.deliver(STREAM, sent[:1])
    await far_end.server.command("errors", PRODUCE, TOO_LARGE)
    with pytest.raises(CloudPermanentError, match=r"larger than the topic edge\.v1\.transactions takes"):
        await uplink.deliver(STREAM, sent[1:])
    await uplink.close()


async def test_kafka_refuses_only_the_event_that_is_too_large(far_end: KafkaFarEnd) -> None:
    uplink, sent = far_end.uplink(), events(3, sources=1)
    answers = await uplink.deliver(STREAM, [sent[0], large(2_000_000, sent[0].source), *sent[1:]])
    assert [answers[event.id] for event in sent] == [DELIVERED] * 3
    assert "2000000 bytes" in answers["large"]
    await uplink.close()


async def test_kafka_keeps_a_source_on_one_partition_in_its_order(far_end: KafkaFarEnd) -> None:
    uplink, sent = far_end.uplink(), events(300, sources=5)
    for start in range(0, 300, 50):
        await uplink.deliver(STREAM, sent[start : start + 50])
    received = await far_end.received(300)
    for source in {event.source for event in sent}:
        of_source = [one.id for one in received if one.source == source]
        assert of_source == sorted(of_source)
    await uplink.close()
