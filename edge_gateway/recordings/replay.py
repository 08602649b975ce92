"""Replays a recording with the real driver: serial and key bytes over a real pty and the real transport; reports,
notifications and what came over a network in memory, where each stays as it was cut."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.recordings.playback import RecordingPlayer
from edge_gateway.recordings.session import DriverRun, Line, TellingSession, without_times
from edge_gateway.settings_transports import PLACE_KEYS, TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.loopback import FarEnd, LoopbackReportTransport
from edge_gateway.transports.recording import Chunk, Recording, RecordingError
from simulators.link import PtyLink

COMMAND_S_MAX = 10.0
"""A command whose answer was recorded has its result by then."""

_IN_MEMORY = frozenset({"tcp", "hidraw", "ble"})
"""Ways that a pty cannot stand for."""

_TRANSPORT: TypeAdapter[Any] = TypeAdapter(TransportSettings)


def as_text(lines: Iterable[Line]) -> list[str]:
    """Lines as they stand in an expectation: keys sorted, nothing that differs from run to run."""
    return [json.dumps(without_times(line), ensure_ascii=False, sort_keys=True) for line in lines]


async def replay(recording: Recording, profile_directories: tuple[Path, ...] = ()) -> list[Line]:
    """What the driver said. Raises RecordingError, ConfigError (profile) or TransportError."""
    clock, lines = SystemClock(), list[Line]()
    wanted = _attached(recording, profile_directories)
    if wanted["kind"] in _IN_MEMORY:
        memory = _Replayed(recording)
        await _run(recording, memory, memory.far_end, clock, lines, profile_directories)
        return lines
    with tempfile.TemporaryDirectory(prefix="edge-gateway-replay-") as directory:
        link = PtyLink(Path(directory) / "device")
        link.plug()
        try:
            await _run(recording, _on_pty(wanted, link.path), link, clock, lines, profile_directories)
        finally:
            link.unplug()
    return lines


async def _run(
    recording: Recording,
    transport: Transport,
    far_end: PtyLink | FarEnd,
    clock: Clock,
    lines: list[Line],
    profile_directories: tuple[Path, ...],
) -> None:
    session = TellingSession("replayed", transport, clock, lines.append)
    run = DriverRun(session, _driver(recording, session, profile_directories))
    await _play(recording, far_end, run, clock, lines)


async def _play(
    recording: Recording, far_end: PtyLink | FarEnd, run: DriverRun, clock: Clock, lines: list[Line]
) -> None:
    async def carry_out(chunk: Chunk) -> None:
        lines.append(await run.execute(chunk.command, chunk.params))

    commands: list[asyncio.Task[None]] = []
    player = RecordingPlayer(
        recording, clock, far_end.write, lambda chunk: commands.append(asyncio.create_task(carry_out(chunk)))
    )
    far_end.on_bytes = player.hear
    if isinstance(far_end, FarEnd):
        far_end.on_feature = lambda report: player.hear(report, ">>")
    try:
        async with run:
            await player.play()
            async with asyncio.timeout(COMMAND_S_MAX):
                await asyncio.gather(*commands)
    except TimeoutError:
        raise RecordingError(f"a command had no result {COMMAND_S_MAX} s after the last line") from None
    finally:
        for command in commands:
            command.cancel()


def _driver(recording: Recording, session: TellingSession, directories: tuple[Path, ...]) -> Driver:
    profile = load_profile(recording.profile, directories)
    driver_class = load_driver(profile)
    try:
        settings = driver_class.Settings.model_validate({**profile.settings, **recording.settings})
    except ValidationError as error:
        raise RecordingError(f"settings of the recording: {error}") from error
    return driver_class(session, settings)


def _attached(recording: Recording, directories: tuple[Path, ...]) -> dict[str, Any]:
    wanted = load_profile(recording.profile, directories).transport.of(recording.transport)
    return {"kind": "serial", **{key: value for key, value in wanted.items() if key not in PLACE_KEYS}}


def _on_pty(wanted: dict[str, Any], path: Path) -> Transport:
    try:
        return make_transport(_TRANSPORT.validate_python({**wanted, "path": path}))
    except ValidationError as error:
        raise RecordingError(f"transport of the recording: {error}") from error


class _Replayed(LoopbackReportTransport):
    """Gives the recorded feature reports, each id's in their order, and the last one again."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.report_descriptor, "replay")
        self._features: dict[int, deque[bytes]] = {}
        for chunk in recording.chunks:
            if chunk.direction == "<<" and chunk.data:
                self._features.setdefault(chunk.data[0], deque()).append(chunk.data)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        recorded = self._features.get(report_id)
        if recorded:
            self.far_end.features[report_id] = recorded.popleft()
        return await super().get_feature(report_id, length)
