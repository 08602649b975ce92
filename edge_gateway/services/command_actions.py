"""What each command from the cloud does, on top of what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from edge_gateway.contracts.clock import Clock, rfc3339
from edge_gateway.contracts.cloud_commands import NoParams, ReplayDeadLettersParams, SetLogLevelParams, SyncNowParams
from edge_gateway.services.cloud_commands import Action
from edge_gateway.services.log_level import TemporaryLogLevel

SyncNow = Callable[[str | None], Sequence[str]]
"""Begin to deliver a stream, or all (None), out of schedule; answers which uplinks were told."""
Replay = Callable[[Sequence[str], str | None], Awaitable[Sequence[str]]]
"""Dead letters of these ids, or (none given) of a stream, become pending again; answers which."""


def make_actions(
    *,
    version: str,
    clock: Clock,
    sync_now: SyncNow,
    replay: Replay,
    log_level: TemporaryLogLevel,
    report_status: Callable[[], Mapping[str, Any]],
) -> Mapping[str, Action]:
    """By the names of ``contracts.cloud_commands.PARAMS``."""

    async def ping(_: NoParams) -> Mapping[str, Any]:
        return {"time": rfc3339(clock.now()), "version": version}

    async def sync(params: SyncNowParams) -> Mapping[str, Any]:
        return {"uplinks": list(sync_now(params.stream))}

    async def replay_dead_letters(params: ReplayDeadLettersParams) -> Mapping[str, Any]:
        return {"replayed": len(await replay(params.ids or (), params.stream))}

    async def set_log_level(params: SetLogLevelParams) -> Mapping[str, Any]:
        log_level.set(params.level, params.for_s)
        return {"level": params.level, "for_s": params.for_s}

    async def status(_: NoParams) -> Mapping[str, Any]:
        return report_status()

    return {
        "ping": ping,
        "sync_now": sync,
        "replay_dead_letters": replay_dead_letters,
        "set_log_level": set_log_level,
        "report_status": status,
    }
