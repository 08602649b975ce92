"""Every recording, played through a real pty, the real transport and the real driver, gives its expectation."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import load_profile
from edge_gateway.recordings.replay import as_text, replay
from edge_gateway.transports.recording import SOURCES, parse

HERE = Path(__file__).parent
RECORDINGS = sorted(HERE.glob("*/*.rec"))


def expectation_of(recording: Path) -> Path:
    return recording.with_name(f"{recording.stem}.expected.jsonl")


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: str(path.relative_to(HERE)))
async def test_recording_gives_its_expectation(path: Path) -> None:
    expectation = expectation_of(path)
    assert expectation.exists(), f"{path.name} has no {expectation.name}; edge-gateway replay prints it"
    expected = expectation.read_text("utf-8").splitlines()
    assert as_text(await replay(parse(path.read_text("utf-8")))) == expected


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: str(path.relative_to(HERE)))
def test_recording_lies_where_its_profile_says(path: Path) -> None:
    recording = parse(path.read_text("utf-8"))
    assert load_profile(recording.profile).device_class == DeviceClass(path.parent.name)
    assert path.name.startswith(recording.profile)
    assert recording.source in SOURCES


def test_expectation_has_its_recording() -> None:
    expectations = set(HERE.glob("*/*.expected.jsonl"))
    assert expectations == {expectation_of(path) for path in RECORDINGS} & expectations


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: str(path.relative_to(HERE)))
def test_recording_is_written_as_it_was_read(path: Path) -> None:
    recording = parse(path.read_text("utf-8"))
    assert parse(str(recording)) == recording
