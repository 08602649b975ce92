"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.broker import Broker


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """A running Mosquitto without passwords and without an ACL."""
    mosquitto = Broker(tmp_path / "broker")
    await mosquitto.start()
    try:
        yield mosquitto
    finally:
        await mosquitto.stop()
