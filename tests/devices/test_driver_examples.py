"""The worked examples of drivers/README.md are built from its text and run over a loopback."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import drivers
import protocols.scales
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.events import StampedEvent, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.loopback import LoopbackTransport
from tests.support.clock import FakeClock

README = Path(drivers.__path__[0]) / "README.md"
BLOCK = re.compile(r"^```(?:python|toml)\n# (\S+/(\w[\w-]*)\.(?:py|toml))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIGHT_PROFILE = """
name = "lane-light"
vendor = "Acme"
model = "Light"
device_class = "lights"
driver = "drivers.lane_light:LaneLight"
codec = "light/acme"
tier = "experimental"
source = "Acme light manual, p. 3"
[transport.serial]
"""


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the README, where the packages find them; gone again after the test."""
    names = set()
    for path, _, text in BLOCK.findall(README.read_text("utf-8")):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        names.add(path)
    assert names == {
        "protocols/scales/acme_9.py",
        "firmware_profiles/acme-9.toml",
        "firmware_profiles/corner-shop.toml",
        "drivers/lane_light.py",
    }
    (tmp_path / "firmware_profiles" / "lane-light.toml").write_text(LIGHT_PROFILE)
    monkeypatch.setattr(protocols.scales, "__path__", [*protocols.scales.__path__, str(tmp_path / "protocols/scales")])
    monkeypatch.setattr(drivers, "__path__", [*drivers.__path__, str(tmp_path / "drivers")])
    importlib.invalidate_caches()
    yield tmp_path / "firmware_profiles"
    for module in ("protocols.scales.acme_9", "drivers.lane_light"):
        sys.modules.pop(module, None)
    for package, name in ((protocols.scales, "acme_9"), (drivers, "lane_light")):
        if hasattr(package, name):
            delattr(package, name)


class Example:
    """One device of the README, run by a real supervisor over a loopback."""

    def __init__(self, profile: str, profiles: Path, answer: Callable[[bytes], bytes]) -> None:
        self.clock = FakeClock()
        self.events: list[StampedEvent] = []
        transport = LoopbackTransport(chunker=lambda data: (bytes([byte]) for byte in data))
        self.far_end = transport.far_end
        self.far_end.on_bytes = lambda asked: self.far_end.write(answer(asked))
        self.registry: Registry = build_registry(
            [DeviceSettings(id="x", lane="lane-1", profile=profile, transport={"kind": "serial", "path": "/dev/x"})],
            make_transport=lambda settings: transport,
            clock=self.clock,
            random=Random(1),
            on_event=self.events.append,
            on_change=lambda supervisor: None,
            profile_directories=[profiles],
        )

    @property
    def device(self) -> Supervisor:
        device = self.registry.get("x")
        assert device is not None
        return device


@pytest.fixture
async def run_example(built: Path) -> AsyncIterator[Callable[[str, Callable[[bytes], bytes]], Example]]:
    running: list[asyncio.Task[None]] = []

    def run(profile: str, answer: Callable[[bytes], bytes]) -> Example:
        example = Example(profile, built, answer)
        running.append(asyncio.create_task(example.registry.run()))
        return example

    yield run
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_new_scale_of_the_readme_weighs(run_example: Callable[..., Example]) -> None:
    answers = {"now": b"S 0.000 kg\r"}
    example = run_example("acme-9", lambda asked: answers["now"] if asked == b"?\r" else b"")
    told: list[tuple[str, Any]] = []
    for answer in (b"S 0.000 kg\r", b"M\r", b"S 1.235 kg\r", b"rubbish\r", b""):
        answers["now"] = answer
        await example.clock.advance(2.0)
    told = [(event.event.data["status"], event.event.data["weight"]) for event in example.events]
    assert told == [
        ("weight_zero", "0.000"),
        ("weight_unstable", None),
        ("stable_weight", "1.235"),
        ("no_answer", None),
    ]
    assert example.device.state.power == "offline"
    assert example.device.counters["frames_rejected"] > 0


async def test_unknown_scale_of_the_readme_weighs_without_python(run_example: Callable[..., Example]) -> None:
    answers = {"now": b"\x02S00000\x03" + bytes([0x50])}
    example = run_example("corner-shop", lambda asked: answers["now"] if asked == b"\x05" else b"")
    for text in (b"S00000", b"U00120", b"S 1235", b"O99999"):
        check = 0
        for byte in text + b"\x03":
            check ^= byte
        answers["now"] = b"\x02" + text + b"\x03" + bytes([check])
        await example.clock.advance(1.0)
    answers["now"] = b"\x02S01235\x03\x00"
    await example.clock.advance(2.0)
    told = [(event.event.data["status"], event.event.data["weight"]) for event in example.events]
    assert told == [
        ("weight_zero", "0.000"),
        ("weight_unstable", None),
        ("stable_weight", "1.235"),
        ("weight_overweight", None),
        ("no_answer", None),
    ]


def test_new_scale_of_the_readme_does_not_depend_on_how_its_bytes_are_cut(built: Path) -> None:
    module = importlib.import_module("protocols.scales.acme_9")
    stream = b"S 1.235 kg\rM\r" + b"x" * 100 + b"\rS 0.000 kg\r"
    whole = module.Acme9Codec().feed(stream)
    codec = module.Acme9Codec()
    assert [event for byte in stream for event in codec.feed(bytes([byte]))] == whole
    assert whole[0] == WeightRead(ScaleStatus.STABLE_WEIGHT, weight="1.235", unit="kg")


async def test_new_driver_of_the_readme_carries_out_its_command(run_example: Callable[..., Example]) -> None:
    example = run_example("lane-light", lambda asked: asked[1:])
    await example.clock.settle()
    assert example.device.state.power == "online"
    assert await example.device.execute("set_colour", {"colour": "green"}, deadline_s=2.0) == {"colour": "green"}
    with pytest.raises(RequestError) as caught:
        await example.device.execute("set_colour", {"colour": "mauve"}, deadline_s=2.0)
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    example.far_end.on_bytes = None
    with pytest.raises(RequestError) as caught:
        await example.device.execute("set_colour", {"colour": "red"}, deadline_s=2.0)
    assert caught.value.code is ErrorCode.UNKNOWN_OUTCOME
    assert example.device.state.power == "offline"
