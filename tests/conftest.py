"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.broker import Broker

# A time limit for each example fails on a busy machine, and says nothing about the code.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--uplink-events", type=int, default=400, help="Events that each uplink delivers through ten outages (10000)."
    )
    parser.addoption("--uplink-seed", type=int, default=1, help="Of the outages' moments.")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """A running Mosquitto without passwords and without an ACL."""
    mosquitto = Broker(tmp_path / "broker")
    await mosquitto.start()
    try:
        yield mosquitto
    finally:
        await mosquitto.stop()
