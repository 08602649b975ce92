"""The promises of every uplink, kept over message engines by their real servers (Kafka: librdkafka's mock brokers).

RabbitMQ takes seconds to start: by default its outages are of the line, with ``--uplink-events 10000`` of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from simulators.rabbitmq_server import RabbitmqServer
from tests.uplinks.behaviour import UplinkBehaviour
from tests.uplinks.far_ends import FAR_ENDS, FarEnd, RabbitmqFarEnd

FULL_MEASURE = 10_000


@pytest.fixture(params=sorted(FAR_ENDS))
async def far_end(
    request: pytest.FixtureRequest, tmp_path: Path, rabbitmq_server: Callable[[], Awaitable[RabbitmqServer]]
) -> AsyncIterator[FarEnd]:
    if request.param == RabbitmqFarEnd.kind and request.config.getoption("--uplink-events") < FULL_MEASURE:
        end: FarEnd = RabbitmqFarEnd(tmp_path, await rabbitmq_server())
    else:
        end = FAR_ENDS[request.param](tmp_path)
    await end.start()
    try:
        yield end
    finally:
        await end.close()


class TestEngineUplinks(UplinkBehaviour):
    """See ``UplinkBehaviour``."""
