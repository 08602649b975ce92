"""The promises of every uplink, kept by webhooks to the simulated receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.settings_uplinks import UplinkSettings, WebhookSettings
from simulators.webhook_receiver import ReceiverFault, WebhookReceiver, make_secret
from tests.uplinks.behaviour import RefusedUplinkBehaviour


class ReceiverFarEnd:
    """Implements ``FarEnd``."""

    def __init__(self, folder: Path) -> None:
        secret = make_secret()
        self._secret_file = folder / "webhook-secret"
        self._secret_file.write_text(secret)
        self._receiver = WebhookReceiver([secret])

    def settings(self, **pace: Any) -> UplinkSettings:
        return WebhookSettings(
            kind="webhook", name="hook", url=self._receiver.url, secret_file=self._secret_file, **pace
        )

    async def start(self) -> None:
        await self._receiver.start()

    async def stop(self) -> None:
        await self._receiver.stop()

    async def events(self) -> Sequence[str]:
        assert self._receiver.refusals == []
        return list(self._receiver.events)

    async def refuse(self, event_ids: Sequence[str]) -> None:
        self._receiver.refused_ids.update(event_ids)

    async def stall(self, is_stalled: bool) -> None:
        self._receiver.fault = ReceiverFault("stall" if is_stalled else "none")


@pytest.fixture
async def far_end(tmp_path: Path) -> AsyncIterator[ReceiverFarEnd]:
    receiver = ReceiverFarEnd(tmp_path)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


class TestWebhookUplink(RefusedUplinkBehaviour):
    """See ``RefusedUplinkBehaviour``."""
