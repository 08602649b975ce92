"""Where inputs start from: the examples of each codec, and what devices sent in the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from edge_gateway.devices.profiles import load_profile
from edge_gateway.transports.recording import parse
from tests.support.codec_harness import Subject

RECORDINGS = Path(__file__).parents[1] / "recordings"


def corpus_of(subject: Subject) -> list[bytes]:
    """Whole frames, the shortest first, each once."""
    recorded = _recorded().get((subject.protocol, subject.direction), ())
    return sorted({*subject.side.examples, *recorded}, key=lambda data: (len(data), data))


@cache
def _recorded() -> Mapping[tuple[str, str], frozenset[bytes]]:
    """By protocol and direction, each chunk of each recording."""
    found: dict[tuple[str, str], set[bytes]] = {}
    for path in sorted(RECORDINGS.glob("*/*.rec")):
        recording = parse(path.read_text("utf-8"))
        protocol = load_profile(recording.profile).codec
        for chunk in recording.chunks:
            if chunk.data:
                direction = "host->device" if chunk.direction.startswith(">") else "device->host"
                found.setdefault((protocol, direction), set()).add(chunk.data)
    return {key: frozenset(chunks) for key, chunks in found.items()}
