"""The promises of every uplink, kept over message engines by their real servers (Kafka: librdkafka's mock brokers).

RabbitMQ takes seconds to start: by default its outages are of the line, with ``--uplink-events 10000`` of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.uplinks.behaviour import UplinkBehaviour
from tests.uplinks.far_ends import FAR_ENDS, FarEnd, RabbitmqFarEnd

FULL_MEASURE = 10_000


@pytest.fixture(params=sorted(FAR_ENDS))
async def far_end(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarEnd]:
    end = FAR_ENDS[request.param](tmp_path)
    if isinstance(end, RabbitmqFarEnd):
        end.is_line_cut = request.config.getoption("--uplink-events") < FULL_MEASURE
    await end.start()
    try:
        yield end
    finally:
        await end.close()


class TestEngineUplinks(UplinkBehaviour):
    """See ``UplinkBehaviour``."""
