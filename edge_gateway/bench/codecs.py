"""codecs: frames a second of each codec, over its own examples; beside a loop that only cuts the same bytes.

The floor cuts the bytes into as many pieces as there are frames and looks at none: what is left when nothing is
understood. The headline is the slowest codec, in microseconds a frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from edge_gateway.bench.result import BenchResult
from protocols.decoding import Side, find_protocols

STREAM_BYTES: Final = 65_536
"""Of examples one after another: what a device sends in some minutes."""
READ_BYTES: Final = 256
"""As much as one read of a busy port gives."""


async def run(seconds: float) -> BenchResult:
    """``seconds`` for each codec and for its floor."""
    cases: list[dict[str, Any]] = []
    slowest: tuple[float, float] = (0.0, 1.0)
    for protocol, direction, side in _sides():
        frames, stream = _stream(side)
        ours = _frame_us(partial(_decode, side, stream), frames, seconds)
        floor = _frame_us(partial(_cut, stream, frames), frames, seconds)
        slowest = max(slowest, (ours, floor))
        cases.append(
            {
                "case": protocol,
                "direction": direction,
                "frames_per_s": round(1e6 / ours),
                "floor_frames_per_s": round(1e6 / floor),
                "frame_bytes": round(len(stream) / frames, 1),
            }
        )
    cases.sort(key=lambda case: case["frames_per_s"])
    return BenchResult("codecs", round(slowest[0], 3), round(slowest[1], 3), "us a frame, slowest codec", cases)


def _sides() -> Iterator[tuple[str, str, Side]]:
    for name, protocol in find_protocols().items():
        for direction, side in (("device->host", protocol.device_to_host), ("host->device", protocol.host_to_device)):
            if side is not None:
                yield name, direction, side


def _stream(side: Side) -> tuple[int, bytes]:
    """How many frames, and their bytes."""
    once = b"".join(side.examples)
    times = max(1, STREAM_BYTES // len(once))
    return times * len(side.examples), once * times


def _decode(side: Side, stream: bytes) -> None:
    codec = side.codec()
    for place in range(0, len(stream), READ_BYTES):
        codec.feed(stream[place : place + READ_BYTES])
    codec.flush()


def _cut(stream: bytes, frames: int) -> int:
    length = len(stream) // frames
    seen = 0
    for place in range(0, len(stream), length):
        if stream[place : place + length]:
            seen += 1
    return seen


def _frame_us(work: Callable[[], object], frames: int, seconds: float) -> float:
    """Microseconds a frame, of the fastest of the runs that fit: what else the machine does only slows them."""
    fastest = float("inf")
    ends_at = time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        work()
        now = time.perf_counter()
        fastest = min(fastest, now - start)
        if now >= ends_at:
            return fastest * 1e6 / frames
