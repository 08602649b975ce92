"""The promises of every uplink, kept over HTTPS by the cloud simulator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.settings_uplinks import CloudSettings, UplinkSettings
from simulators.cloud import CloudSimulator
from tests.uplinks.behaviour import RefusedUplinkBehaviour


class CloudFarEnd:
    """Implements ``FarEnd``. Its journal is on disk, as a cloud's would be."""

    def __init__(self, directory: Path) -> None:
        self._cloud = CloudSimulator(is_token_required=False, ledger_path=directory / "ledger.jsonl")

    def settings(self, **pace: Any) -> UplinkSettings:
        return CloudSettings(base_url=self._cloud.url, **pace)

    async def start(self) -> None:
        await self._cloud.start()

    async def stop(self) -> None:
        await self._cloud.stop()

    async def events(self) -> Sequence[str]:
        summary = self._cloud.ledger.summary()
        assert (summary["applied_twice"], summary["conflicts"]) == (0, 0), json.dumps(summary)
        return [entry.id for entry in self._cloud.ledger.entries.values() if entry.applied]

    async def refuse(self, event_ids: Sequence[str]) -> None:
        self._cloud.ledger.refused_ids.update(event_ids)

    async def stall(self, is_stalled: bool) -> None:
        self._cloud.set_fault("stall" if is_stalled else "none")


@pytest.fixture
async def far_end(tmp_path: Path) -> AsyncIterator[CloudFarEnd]:
    cloud = CloudFarEnd(tmp_path)
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.stop()


class TestHttpsUplink(RefusedUplinkBehaviour):
    """See ``RefusedUplinkBehaviour``."""
