"""Recordings of a device that the running gateway holds: from its ring of raw bytes, over its status endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import Clock
from edge_gateway.recordings.recorder import HOLD_S
from edge_gateway.settings import StatusSettings
from edge_gateway.transports.recording import (
    CHARACTERS_MAX,
    LINES_MAX,
    MID_SESSION,
    SOURCES,
    Chunk,
    Recording,
    RecordingError,
)

TIMEOUT_S = 5.0
"""A daemon that does not answer in this time is as good as away."""
POLL_S = 1.0
"""How often the ring is read: it holds minutes, so that nothing is missed."""

Raw = dict[str, Any]
"""The answer of ``/devices/{id}/raw``, as ``status.source.RawBytes`` describes it."""


class RunningGateway:
    """The gateway of this box, asked at its status endpoint."""

    def __init__(self, settings: StatusSettings) -> None:
        self.url = settings.local_url

    async def raw(self, device_id: str, after: int = 0, age_s_min: float = 0.0) -> Raw | None:
        """None: no gateway answers, or none that has this device's bytes. Raises RecordingError if it refuses."""
        import httpx2

        url, asked = f"{self.url}/devices/{device_id}/raw", {"after": after, "age_s_min": age_s_min}
        try:
            # trust_env: a proxy for the internet does not know the box's own address.
            async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = await client.get(url, params=asked)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return None
        if answer.status_code == 403:
            raise RecordingError(f"{self.url} tells raw bytes only on the box itself; run this there")
        try:
            found = answer.json()
        except ValueError:
            return None
        return found if answer.status_code == 200 and isinstance(found, dict) and "chunks" in found else None


async def last_bytes(gateway: RunningGateway, device_id: str, note: str, source: str) -> Recording:
    """The last minutes, up to some seconds ago. Raises RecordingError."""
    found = await gateway.raw(device_id, age_s_min=HOLD_S)
    if found is None:
        raise RecordingError(
            f"no gateway at {gateway.url} has raw bytes of {device_id!r}; is it running (edge-gateway status)? "
            "Of devices that read cards nothing is kept"
        )
    _require_told(found, device_id)
    return _recording(found, note, source, tuple(_chunks(found, None)))


async def tap_recording(
    gateway: RunningGateway,
    device_id: str,
    output: Path,
    seconds: float,
    note: str,
    source: str,
    clock: Clock,
) -> int:
    """Record what passes from now on, for ``seconds``, while the gateway goes on using the device. Returns the number
    of chunks. Raises RecordingError, FileExistsError."""
    begin = await gateway.raw(device_id)
    if begin is None:
        raise RecordingError(f"the gateway at {gateway.url} is gone")
    _require_told(begin, device_id)
    sequence, start_s = _newest(begin, 0), None
    header = _recording(begin, note, source, ()).header()
    lines_left, characters_left, count = LINES_MAX - header.count("\n"), CHARACTERS_MAX - len(header), 0
    end_s = clock.monotonic() + seconds
    with output.open("x", encoding="utf-8") as file:
        file.write(header)
        # What passed at the end is told as late as all else: a driver may still find that it must not be kept.
        while (left_s := end_s + HOLD_S + POLL_S - clock.monotonic()) > 0:
            await clock.sleep(min(POLL_S, left_s))
            found = await gateway.raw(device_id, sequence, max(HOLD_S, clock.monotonic() - end_s))
            if found is None:
                return count
            sequence = _newest(found, sequence)
            for chunk in _chunks(found, start_s):
                if start_s is None:
                    start_s = float(found["chunks"][0]["at_s"])
                lines_left, characters_left = lines_left - 1, characters_left - len(str(chunk)) - 1
                if lines_left < 0 or characters_left < 0:
                    return count
                file.write(f"{chunk}\n")
                count += 1
    return count


def _require_told(found: Raw, device_id: str) -> None:
    if found.get("is_held_back", False):
        raise RecordingError(f"{device_id!r} is just reading a driving licence, which is never recorded; try again")


def _chunks(found: Raw, start_s: float | None) -> Iterable[Chunk]:
    """With their times from ``start_s`` on, or from the first of them."""
    for raw in found["chunks"]:
        start_s = float(raw["at_s"]) if start_s is None else start_s
        yield Chunk(float(raw["at_s"]) - start_s, raw["direction"], bytes.fromhex(raw["hex"]))


def _newest(found: Raw, sequence: int) -> int:
    return max((int(raw["sequence"]) for raw in found["chunks"]), default=sequence)


def _recording(found: Raw, note: str, source: str, chunks: tuple[Chunk, ...]) -> Recording:
    if source not in SOURCES:
        raise RecordingError(f"source {source!r}; expected one of {', '.join(SOURCES)}")
    descriptor = bytes.fromhex(found["report_descriptor"] or "")
    attached, settings = found["transport"], found["settings"]
    return Recording(found["profile"], source, attached, settings, note, chunks, descriptor, MID_SESSION)
