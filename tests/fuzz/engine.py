"""Feeds one codec inputs from a seed and says what it may not do.

Checked for each input: no exception; every event is a codec event, and a rejection is bounded and names its reason; two
codecs that get the same bytes in other pieces say the same; an idle line says all there is to say; memory stays within
the harness's bound; ``describe`` makes JSON of every event. A finding names what reproduces it.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable
from tests.fuzz.mutator import Mutator
from tests.support.codec_harness import (
    MEMORY_GROWTH_BYTES_MAX,
    Subject,
    bytes_held,
    in_random_chunks,
    rejections_are_bounded,
)

BATCH_INPUTS = 256
"""Inputs that follow each other on one line, without a gap, before both codecs are compared."""
MEMORY_EVERY_BATCHES = 16
DESCRIBE_EVERY_BATCHES = 8
IDLE_PROBABILITY = 0.02
"""Of an idle line after an input."""
CHUNK_BYTES_MAX = 64
FINDING_BYTES_MAX = 2048
"""Of the bytes that a finding quotes."""


@dataclass
class Report:
    """Of one codec. ``findings`` is empty where it kept its promises."""

    subject: str
    seed: int
    inputs: int = 0
    bytes: int = 0
    events: int = 0
    rejections: int = 0
    seconds: float = 0.0
    memory_bytes_max: int = 0
    findings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "seconds": round(self.seconds, 1)}


def fuzz(subject: Subject, protocol: Decodable, corpus: Sequence[bytes], inputs: int, seed: int) -> Report:
    """``inputs`` inputs; ends at the first finding."""
    report = Report(str(subject), seed)
    random = Random(f"{subject} {seed}")
    mutator = Mutator(corpus, random)
    fresh = bytes_held(subject.side.codec())
    start_s = time.monotonic()
    number = 0
    while report.inputs < inputs and not report.findings:
        batch = [mutator.make() for _ in range(min(BATCH_INPUTS, inputs - report.inputs))]
        try:
            _run_batch(report, subject, protocol, batch, random, number, fresh)
        except Exception as error:  # noqa: BLE001 - that a codec raises is what is looked for
            quoted = b"".join(batch)[:FINDING_BYTES_MAX].hex()
            report.findings.append(f"batch {number}: {type(error).__name__}: {error}; bytes {quoted}")
        report.inputs += len(batch)
        number += 1
    report.seconds = time.monotonic() - start_s
    return report


def _run_batch(
    report: Report,
    subject: Subject,
    protocol: Decodable,
    batch: Sequence[bytes],
    random: Random,
    number: int,
    fresh_bytes: int,
) -> None:
    codec, other = subject.side.codec(), subject.side.codec()
    said: list[CodecEvent] = []
    stretch = bytearray()
    others: list[CodecEvent] = []
    for data in batch:
        said += codec.feed(data)
        stretch += data
        if random.random() < IDLE_PROBABILITY:
            said += codec.flush()
            _feed_otherwise(other, stretch, others, random)
    if number % MEMORY_EVERY_BATCHES == 0:
        held = bytes_held(codec) - fresh_bytes
        report.memory_bytes_max = max(report.memory_bytes_max, held)
        assert held <= MEMORY_GROWTH_BYTES_MAX, f"the codec holds {held} bytes more than a fresh one"
    said += codec.flush()
    assert not codec.flush(), "an idle line says all there is to say"
    _feed_otherwise(other, stretch, others, random)
    assert said == others, f"other events for other chunks: {_first_difference(said, others)}"
    assert all(isinstance(event, CodecEvent) for event in said), "what is said is a codec event"
    assert rejections_are_bounded(said), "a rejection names its reason and holds few bytes"
    if number % DESCRIBE_EVERY_BATCHES == 0:
        for event in said:
            json.dumps(protocol.describe(event), allow_nan=False)
    kinds = Counter(isinstance(event, FrameRejected) for event in said)
    report.events += kinds[False]
    report.rejections += kinds[True]
    report.bytes += sum(map(len, batch))


def _feed_otherwise(codec: Any, stretch: bytearray, events: list[CodecEvent], random: Random) -> None:
    """The same bytes in other pieces, and the idle line."""
    for chunk in in_random_chunks(bytes(stretch), random, CHUNK_BYTES_MAX):
        events += codec.feed(chunk)
    events += codec.flush()
    stretch.clear()


def _first_difference(ours: Sequence[CodecEvent], others: Sequence[CodecEvent]) -> str:
    for place, (one, other) in enumerate(zip(ours, others, strict=False)):
        if one != other:
            return f"event {place} is {one!r} or {other!r}"
    return f"{len(ours)} or {len(others)} events"
