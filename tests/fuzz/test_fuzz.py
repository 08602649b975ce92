"""A short run of the fuzzer over every codec, and that it finds what it looks for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, Side, find_protocols
from tests.fuzz.corpus import corpus_of
from tests.fuzz.engine import fuzz
from tests.fuzz.mutator import Mutator
from tests.support.codec_harness import Subject, subjects

INPUTS = 4096
"""Of each codec, in the tests; ./dev fuzz runs a million."""
SEED = 20261121


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_codec_keeps_its_promises_whatever_it_is_fed(subject: Subject) -> None:
    report = fuzz(subject, find_protocols()[subject.protocol], corpus_of(subject), INPUTS, SEED)
    assert report.findings == []
    assert report.inputs == INPUTS
    assert report.events > 0, "half of the inputs are nearly right, and some are"


class Honest:
    """Tells each byte."""

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [FrameRejected.of("byte", bytes((byte,))) for byte in data]

    def flush(self) -> Sequence[CodecEvent]:
        return []


class Raising(Honest):
    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        if 0x15 in data:
            raise ValueError("NAK")
        return super().feed(data)


class Chunky(Honest):
    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [FrameRejected.of("chunk", data)] if data else []


class Greedy(Honest):
    def __init__(self) -> None:
        self.kept = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self.kept += data * 100
        return []


class Mute(Honest):
    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [FrameRejected("", b"", 0) for _ in data]


@pytest.mark.parametrize(
    ("codec", "finding"),
    [
        (Honest, None),
        (Raising, "ValueError: NAK"),
        (Chunky, "other events for other chunks"),
        (Greedy, "bytes more than a fresh one"),
        (Mute, "names its reason"),
    ],
)
def test_fuzzer_finds_what_a_codec_may_not_do(codec: type[Honest], finding: str | None) -> None:
    side = Side(codec, examples=(b"ok",))
    report = fuzz(Subject("test/it", "device->host", side), Decodable(side), [b"ok"], 8192, 1)
    assert (report.findings == []) == (finding is None)
    assert finding is None or finding in report.findings[0]


def test_inputs_are_the_same_for_the_same_seed_and_never_too_long() -> None:
    from random import Random

    corpus = [b"\\x0201.235\\r", b"W"]
    first, again = ([Mutator(corpus, Random(5)).make() for _ in range(1)] for _ in range(2))
    assert first == again
    mutator = Mutator(corpus, Random(5))
    made = [mutator.make() for _ in range(5000)]
    assert max(map(len, made)) <= mutator.input_bytes_max
    assert any(data not in corpus for data in made)
    assert corpus[0] in made
