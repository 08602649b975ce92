"""The command channel put together: what the cloud may ask of this gateway, and with which parts it is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from edge_gateway import __version__
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.store import CommandLog, Outbox
from edge_gateway.logs import set_log_level
from edge_gateway.services.cloud_commands import CloudCommandService
from edge_gateway.services.command_actions import make_actions
from edge_gateway.services.command_keys import CommandKeys
from edge_gateway.services.log_level import TemporaryLogLevel
from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_uplinks import CloudSettings, CommandsSettings
from edge_gateway.status.source import Snapshot
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.gateway_values import GatewayValues
from edge_gateway.uplinks.couriers.courier import Courier
from edge_gateway.uplinks.http.command_poll import CommandPoll


class CloudChannel:
    """Of a gateway whose configuration has ``[cloud.commands]``."""

    def __init__(
        self,
        settings: GatewaySettings,
        cloud: CloudSettings,
        commands: CommandsSettings,
        *,
        database: Database,
        outbox: Outbox,
        command_log: CommandLog,
        couriers: Mapping[str, Courier],
        snapshot: Callable[[], Snapshot],
        clock: Clock,
        ids: EventIds,
        random: Random,
    ) -> None:
        self._couriers = couriers
        self._directory = settings.outbox.directory
        self._snapshot = snapshot
        self._log_level = TemporaryLogLevel(settings.log.level, set_log_level, clock)
        actions = make_actions(
            version=__version__,
            clock=clock,
            sync_now=self._sync_now,
            replay=self._replay,
            log_level=self._log_level,
            report_status=self._status,
        )
        keys = CommandKeys(commands.public_key_file)
        self._service = CloudCommandService(settings.store.id, keys, actions, command_log, outbox, clock, ids)
        values = GatewayValues(database)
        self._poll = CommandPoll(cloud, settings.store.id, values, self._service.handle, clock, random)

    @property
    def counters(self) -> Mapping[str, Counter[str]]:
        """Of the channel, and of what came over it."""
        return {"command_channel": self._poll.counters, "cloud_commands": self._service.counters}

    def network_returned(self) -> None:
        self._poll.wake()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll.run(), name="command poll")
            group.create_task(self._log_level.run(), name="log level")

    def _sync_now(self, stream: str | None) -> Sequence[str]:
        return [name for name, courier in self._couriers.items() if courier.sync_now(stream)]

    async def _replay(self, ids: Sequence[str], stream: str | None) -> Sequence[str]:
        return await asyncio.to_thread(_replay, self._directory, ids, stream)

    def _status(self) -> Mapping[str, Any]:
        # Without the devices: of them there are many, and the reasons name those that matter.
        return self._snapshot().model_dump(mode="json", include={"time", "gateway", "health", "outbox", "uplinks"})


def _replay(directory: Path, ids: Sequence[str], stream: str | None) -> Sequence[str]:
    """As the command ``outbox replay`` does it: the daemon notices within seconds."""
    with inspection.opened(directory, is_writing=True) as connection:
        return inspection.replay(connection, stream=stream, ids=ids)
