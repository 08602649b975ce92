"""The promises of a codec (contracts/codec.py), held by every one: no raise, bounded, chunking, resynchronisation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.codec_harness import (
    MEMORY_GROWTH_BYTES_MAX,
    Subject,
    byte_by_byte,
    bytes_held,
    decoded,
    events_of,
    in_random_chunks,
    rejections_are_bounded,
    subjects,
    understood,
)

SUBJECTS = subjects()
CHUNKINGS = 30
GARBAGE_ROUNDS = 20
FLOOD_BYTES = 120_000
FRAMES_TO_RESYNCHRONISE = 8

every_codec = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def seeded(subject: Subject, purpose: str) -> random.Random:
    """A seed that a failure shows: pytest prints what a failing test wrote."""
    seed = f"{subject}/{purpose}"
    print(f"seed {seed!r}")
    return random.Random(seed)


def test_registry_finds_the_codecs_of_every_family() -> None:
    assert {"scale/toledo-8217", "scanner/rs232-plain", "scanner/keyboard-hid-boot", "escpos.status"} <= {
        subject.protocol for subject in SUBJECTS
    }


@every_codec
def test_codec_understands_its_examples(subject: Subject) -> None:
    assert subject.side.examples
    for example in subject.side.examples:
        events = decoded(subject.side, [example])
        assert events
        assert understood(events) == events, f"{example!r} was rejected"


@every_codec
def test_codec_says_the_same_however_its_bytes_were_cut(subject: Subject) -> None:
    stream = b"".join(subject.side.examples)
    whole = decoded(subject.side, [stream])
    assert decoded(subject.side, byte_by_byte(stream)) == whole
    source = seeded(subject, "chunks")
    for _ in range(CHUNKINGS):
        assert decoded(subject.side, in_random_chunks(stream, source)) == whole


@every_codec
def test_codec_is_as_new_after_garbage_and_an_idle_line(subject: Subject) -> None:
    source = seeded(subject, "garbage and idle")
    for example in subject.side.examples:
        expected = events_of(subject.side.codec(), [example])
        for _ in range(GARBAGE_ROUNDS):
            codec = subject.side.codec()
            codec.feed(source.randbytes(source.randint(1, 60)))
            codec.flush()
            assert not codec.flush(), "one idle line says all there is to say"
            assert understood(events_of(codec, [example])) == understood(expected)


@pytest.mark.parametrize(
    "subject",
    # Of the host's own bytes no driver depends: that side is for reading captures.
    [found for found in SUBJECTS if found.side.is_self_synchronising and found.direction == "device->host"],
    ids=str,
)
def test_codec_finds_frames_again_after_garbage(subject: Subject) -> None:
    source = seeded(subject, "garbage between")
    for example in subject.side.examples:
        expected = understood(events_of(subject.side.codec(), [example]))
        for _ in range(GARBAGE_ROUNDS):
            codec = subject.side.codec()
            events_of(codec, [source.randbytes(source.randint(1, 60))])
            for _ in range(FRAMES_TO_RESYNCHRONISE):
                last = understood(events_of(codec, [example]))
            assert last == expected


@every_codec
@given(chunks=st.lists(st.binary(max_size=80), max_size=12))
@settings(max_examples=150, deadline=None)
def test_codec_never_raises_and_never_minds_the_chunks(subject: Subject, chunks: list[bytes]) -> None:
    events = decoded(subject.side, chunks)
    assert rejections_are_bounded(events)
    assert decoded(subject.side, byte_by_byte(b"".join(chunks))) == events


@every_codec
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_codec_never_raises_on_its_own_frames_damaged(subject: Subject, data: st.DataObject) -> None:
    example = bytearray(data.draw(st.sampled_from(subject.side.examples)))
    for _ in range(data.draw(st.integers(1, 4))):
        example[data.draw(st.integers(0, len(example) - 1))] = data.draw(st.integers(0, 255))
    events = decoded(subject.side, [bytes(example)])
    assert rejections_are_bounded(events)
    assert decoded(subject.side, byte_by_byte(bytes(example))) == events


@every_codec
def test_codec_stays_small_under_a_flood(subject: Subject) -> None:
    source = seeded(subject, "flood")
    fresh = bytes_held(subject.side.codec())
    example = subject.side.examples[0]
    floods = [
        source.randbytes(FLOOD_BYTES),
        *(bytes([value]) * FLOOD_BYTES for value in (0x00, 0x41, 0xFF)),
        (example[: len(example) // 2] * (FLOOD_BYTES // len(example) + 1)),
    ]
    for flood in floods:
        codec = subject.side.codec()
        for position in range(0, len(flood), 4096):
            assert rejections_are_bounded(codec.feed(flood[position : position + 4096]))
        assert bytes_held(codec) - fresh <= MEMORY_GROWTH_BYTES_MAX
        assert rejections_are_bounded(codec.flush())
