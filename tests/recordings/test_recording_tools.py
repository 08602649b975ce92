"""The format, the player and the commands: what is wrong is named, what was recorded is replayed the same."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from edge_gateway.commands import recordings
from edge_gateway.contracts.errors import TransportError
from edge_gateway.recordings.recorder import HOLD_S, _Writer, write_recording
from edge_gateway.recordings.replay import as_text, replay
from edge_gateway.recordings.session import Line
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.recording import FIRST_LINE, LINES_MAX, Chunk, Recording, RecordingError, parse
from simulators.line_scale import LineScale
from simulators.link import PtyLink
from simulators.toledo_8217 import Toledo8217Scale
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until

HEADER = f"{FIRST_LINE}\nprofile: mettler-toledo-8217\nsource: manual\n"
SCALE = Path(__file__).parent / "scale"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("# edge-gateway recording 2\n", "line 1"),
        (f"{FIRST_LINE}\nsource: manual\n", "'profile' is missing"),
        (f"{FIRST_LINE}\nprofile: x\nsource: hearsay\n", "'source' is 'hearsay'"),
        (f"{HEADER}colour: red\n", "line 4"),
        (f"{HEADER}source: manual\n", "line 4"),
        (f"{HEADER}settings: [1]\n", "expected a JSON object"),
        (f"{HEADER}settings: {{\n", "is no JSON"),
        (f"{HEADER}0.0 > 5\n", "line 4: '5'; expected bytes in hex"),
        (f"{HEADER}0.0 < zz\n", "expected bytes in hex"),
        (f"{HEADER}0.0 ? 57\n", "line 4"),
        (f"{HEADER}-1 > 57\n", "line 4"),
        (f"{HEADER}1.0 > 57\n0.5 < 02\n", "line 5: 0.5 s after 1.0 s"),
        (f"{HEADER}0.0 > 57\nnote: late\n", "line 5"),
        (f'{HEADER}0.0 ! {{"params": {{}}}}\n', "line 4"),
        (f'{HEADER}0.0 ! {{"command": "zero", "when": 1}}\n', "line 4"),
        (HEADER + "#\n" * LINES_MAX, "at most"),
        (HEADER + "#" * 1_000_001, "at most"),
    ],
)
def test_file_that_is_no_recording_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RecordingError) as caught:
        parse(text)
    assert message in str(caught.value)


async def test_replay_stops_where_the_driver_departs_from_the_recording() -> None:
    with pytest.raises(RecordingError, match="chunk 2 of the recording: the host was to send 48; it sent 57"):
        await replay(parse(f"{HEADER}0.0 > 57\n0.1 > 48\n"))


async def test_recording_of_a_driver_at_work_replays_without_what_it_asks_at_first() -> None:
    text = "# edge-gateway recording 1\nprofile: generic-mt-sics\nsource: simulator\n{begins}\n"
    chunks = "0.0 > 53490d0a\n0.0 < 532053202020202020312e323334206b670d0a\n" * 3
    with pytest.raises(RecordingError, match=r"chunk \d of the recording: the host was to send 53490d0a; it sent 49"):
        await replay(parse(text.format(begins="") + chunks))
    recording = parse(text.format(begins="begins: mid-session\n") + chunks)
    assert parse(str(recording)) == recording
    weights = [line["data"]["weight"] for line in await replay(recording) if line.get("event") == "weight_changed"]
    assert weights[-1] == "1.234"
    with pytest.raises(RecordingError, match="header 'begins' is 'somewhere'; expected mid-session"):
        parse(text.format(begins="begins: somewhere\n"))


@pytest.mark.parametrize("settings", ['{"unit": "stone"}', '{"colour": 1}'])
async def test_recording_with_wrong_settings_is_refused(settings: str) -> None:
    with pytest.raises(RecordingError, match="settings of the recording"):
        await replay(parse(f"{HEADER}settings: {settings}\n0.0 > 57\n"))


def device(path: Path, profile: str = "mettler-toledo-8217") -> DeviceSettings:
    return DeviceSettings(
        id="scale-1",
        lane="lane-1",
        profile=profile,
        transport={"kind": "serial", "path": str(path)},
        settings={"poll_interval_s": 0.05},
    )


def is_told(told: list[Line], status: str) -> bool:
    return bool(told) and told[-1].get("data", {}).get("status") == status


async def test_what_was_recorded_is_replayed_the_same(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "ttySCALE")
    scale = Toledo8217Scale(link, rng=random.Random(1))
    await scale.start()
    told: list[Line] = []
    output = tmp_path / "scale.rec"
    recording = asyncio.create_task(write_recording(device(link.path), output, 60, "a test", "simulator", told.append))
    try:
        for weight, status in (("0", "weight_zero"), ("1.235", "stable_weight"), ("99", "weight_overweight")):
            scale.put(weight)
            await wait_until(partial(is_told, told, status), what=f"{status} of {weight}")
        recording.cancel()
        assert await recording >= 6
    finally:
        await scale.stop()
    read_again = parse(output.read_text())
    assert (read_again.source, read_again.note, read_again.transport["kind"]) == ("simulator", "a test", "serial")
    assert "path" not in read_again.transport
    assert as_text(await replay(read_again)) == as_text(told)
    assert len(told) == 5


async def test_recording_ends_when_the_device_is_gone(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "ttySCALE")
    scale = Toledo8217Scale(link)
    await scale.start()
    told: list[Line] = []
    output = tmp_path / "scale.rec"
    recording = asyncio.create_task(write_recording(device(link.path), output, 60, "", "simulator", told.append))
    await wait_until(partial(is_told, told, "weight_zero"), what="a reading")
    await scale.stop()
    async with asyncio.timeout(5):
        await recording
    assert parse(output.read_text()).chunks


async def test_recording_of_a_scale_keeps_no_licence_that_the_scanner_on_its_cable_read(tmp_path: Path) -> None:
    cable, output = PtyLink(tmp_path / "ttyCABLE"), tmp_path / "scale.rec"
    unit = LineScale(cable, "datalogic-single-cable", rng=random.Random(1))
    await unit.start()
    place = {"kind": "serial", "path": str(cable.path)}
    scale, scanner, elsewhere = (
        DeviceSettings(id=name, lane="lane-1", profile=profile, transport=where)
        for name, profile, where in (
            ("scale", "generic-datalogic-single-cable", place),
            ("scanner", "generic-datalogic-single-cable-scanner", place),
            ("other", "generic-serial-scanner", {**place, "path": str(tmp_path / "none")}),
        )
    )
    told: list[Line] = []
    recording = asyncio.create_task(
        write_recording(scale, output, 60, "", "simulator", told.append, others=(scale, scanner, elsewhere))
    )
    try:
        await wait_until(partial(is_told, told, "weight_zero"))
        cable.write(b"S08@\n\x1e\rANSI 636099090002DL00410278ZQ03190008DLDAQX9876543\nDCSQUILLFEATHER\n\r")
        unit.load.put("1.005")
        await wait_until(partial(is_told, told, "stable_weight"))
        recording.cancel()
        assert await recording
    finally:
        await unit.stop()
    kept = b"".join(chunk.data for chunk in parse(output.read_text()).chunks)
    assert b"X9876543" not in kept
    assert b"ANSI" not in kept


async def test_device_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="no such node"):
        await write_recording(device(tmp_path / "none"), tmp_path / "x.rec", 1, "", "simulator", print)


def run(*arguments: str) -> tuple[int, str]:
    if "replay" not in {command.callback.__name__ for command in app.registered_commands if command.callback}:
        recordings.register(app)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_replay_command_compares_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    recording = SCALE / "mettler-toledo-8217.idle.rec"
    expectation = SCALE / "mettler-toledo-8217.idle.expected.jsonl"
    assert run("replay", str(recording), "--expect", str(expectation)) == (0, "")
    other = tmp_path / "other.jsonl"
    other.write_text(expectation.read_text().replace("0.000", "0.001"))
    code, output = run("replay", str(recording), "--expect", str(other))
    assert code == 1
    assert '"0.001"' in output
    assert run("replay", str(recording), "--expect", str(tmp_path / "none"))[0] == 1
    assert run("replay", str(recording)) == (0, expectation.read_text())


def test_commands_name_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.rec"
    broken.write_text("hello")
    assert run("replay", str(broken))[0] == 1
    assert run("replay", str(tmp_path / "none.rec"))[0] == 2
    config = tmp_path / "gateway.toml"
    config.write_text('[store]\nid = "S1"\n')
    code, output = run("record", "scale-9", "--config", str(config), "--output", str(tmp_path / "x.rec"))
    assert code == 2
    assert "no device 'scale-9'" in output


def test_reports_of_a_hid_device_are_read_back_as_they_were_written() -> None:
    chunks = (
        Chunk(0.0, ">>", b"\xfe\x01"),
        Chunk(0.1, "<<", b"\xfe\x01"),
        Chunk(0.2, "<", b"\x02\x03"),
        Chunk(0.3, ">", b"\x02\x02"),
        Chunk(0.4, "!", command="zero"),
    )
    recording = Recording("hid", "manual", {"kind": "hidraw"}, chunks=chunks, report_descriptor=b"\x05\x8d")
    assert parse(str(recording)) == recording


async def test_answer_to_a_challenge_is_never_in_the_file() -> None:
    written = list[str]()
    writer = _Writer(written.append, Recording("scale", "manual"), FakeClock())
    writer.begin(b"")
    writer.add(">", b"\x04\x0210\x1b12AB34CD\x03")
    writer.forget(is_sent_too=True)
    writer.add("<", b"\x06")
    writer.write_rest()
    assert [chunk.data for chunk in parse("".join(written)).chunks] == [b"\x06"]


async def test_what_must_not_be_kept_is_never_in_the_file() -> None:
    clock, written = FakeClock(), list[str]()
    writer = _Writer(written.append, Recording("scanner", "manual"), clock)
    writer.add("<", b"early")
    writer.begin(b"")
    await clock.advance(HOLD_S)
    writer.add(">", b"\x06")
    writer.add("<", b"ANSI 636000")
    writer.forget()
    writer.add("<", b"next")
    writer.write_rest()
    assert [chunk.data for chunk in parse("".join(written)).chunks] == [b"early", b"\x06", b"next"]
    assert writer.line_count == 3
