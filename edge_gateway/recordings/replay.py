"""Replays a recording: the recorded device on a real pty, the real transport, the real driver."""

from __future__ import annotations

import asyncio
import json
import tempfile
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
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.recording import Chunk, Recording, RecordingError
from simulators.link import PtyLink

COMMAND_S_MAX = 10.0
"""A command whose answer was recorded has its result by then."""

_TRANSPORT: TypeAdapter[Any] = TypeAdapter(TransportSettings)


def as_text(lines: Iterable[Line]) -> list[str]:
    """Lines as they stand in an expectation: keys sorted, nothing that differs from run to run."""
    return [json.dumps(without_times(line), ensure_ascii=False, sort_keys=True) for line in lines]


async def replay(recording: Recording, profile_directories: tuple[Path, ...] = ()) -> list[Line]:
    """What the driver said. Raises RecordingError, ConfigError (profile) or TransportError."""
    clock, lines = SystemClock(), list[Line]()
    with tempfile.TemporaryDirectory(prefix="edge-gateway-replay-") as directory:
        link = PtyLink(Path(directory) / "device")
        link.plug()
        try:
            transport = _transport(recording, link.path, profile_directories)
            session = TellingSession("replayed", transport, clock, lines.append)
            run = DriverRun(session, _driver(recording, session, profile_directories))
            await _play(recording, link, run, clock, lines)
        finally:
            link.unplug()
    return lines


async def _play(recording: Recording, link: PtyLink, run: DriverRun, clock: Clock, lines: list[Line]) -> None:
    async def carry_out(chunk: Chunk) -> None:
        lines.append(await run.execute(chunk.command, chunk.params))

    commands: list[asyncio.Task[None]] = []
    player = RecordingPlayer(
        recording, clock, link.write, lambda chunk: commands.append(asyncio.create_task(carry_out(chunk)))
    )
    link.on_bytes = player.hear
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


def _transport(recording: Recording, path: Path, directories: tuple[Path, ...]) -> Transport:
    wanted = load_profile(recording.profile, directories).transport.of(recording.transport)
    kind = wanted.setdefault("kind", "serial")
    if kind == "tcp":
        raise RecordingError('a replay has no network; set transport: {"kind": "serial"}, the bytes are the same')
    try:
        return make_transport(_TRANSPORT.validate_python({**wanted, "path": path}))
    except ValidationError as error:
        raise RecordingError(f"transport of the recording: {error}") from error
