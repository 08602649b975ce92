"""A serial device of a model that nobody here knows: a site's profile makes it work, without a line of Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.serial import SerialTransport
from simulators.link import PtyLink
from tests.support.waiting import wait_until

SCALE = r"""
name = "corner-shop-scale"
vendor = "Unknown"
model = "Scale with a Cyrillic label, bought in 2004"
device_class = "scale"
driver = "drivers.polled_scale:PolledScale"
codec = "scale/declarative"
tier = "experimental"
source = "What its line shows in a terminal program"

[transport.serial]
baud = 4800

[settings]
protocol = "scale/declarative"
poll_interval_s = 0.05
unit = "kg"

[settings.framing]
kind = "start_end"
start = "\u0002"
end = "\u0003"
tail_bytes = 1
checksum = { kind = "xor", covers_from = 1, covers_to = -1 }

[settings.requests]
read_weight = "\u0005"

[[settings.answers]]
pattern = '(?P<status>S|U)(?P<weight>[0-9]{5})'
statuses = { S = "stable_weight", U = "weight_unstable" }
decimals = 3
"""

SCANNER = """
name = "corner-shop-scanner"
vendor = "Unknown"
model = "Scanner that frames its codes"
device_class = "scanner"
driver = "drivers.declarative_scanner:DeclarativeScanner"
codec = "scanner/declarative"
tier = "experimental"
source = "What its line shows in a terminal program"

[transport.serial]

[settings.framing]
kind = "length"
start = "<"
length_at = 1
length_bytes = 2
encoding = "decimal"
adds = 3

[[settings.reads]]
pattern = '[0-9]{2}(?P<code_id>[EQ])(?P<data>.+)'
code_ids = { E = "ean_13", Q = "qr_code" }
"""


def framed(text: bytes) -> bytes:
    check = 0
    for byte in text + b"\x03":
        check ^= byte
    return b"\x02" + text + b"\x03" + bytes([check])


class Shop:
    """Both devices on ptys, run by real supervisors."""

    def __init__(self, folder: Path) -> None:
        self.events: list[StampedEvent] = []
        for name, text in (("corner-shop-scale", SCALE), ("corner-shop-scanner", SCANNER)):
            (folder / f"{name}.toml").write_text(text)
        self.answer = b""
        self.scale = PtyLink(folder / "scale", self._answer)
        self.scanner = PtyLink(folder / "scanner")
        devices = [
            DeviceSettings(
                id=name, lane="lane-1", profile=f"corner-shop-{name}", transport={"path": str(folder / name)}
            )
            for name in ("scale", "scanner")
        ]
        self.registry: Registry = build_registry(
            devices,
            make_transport=lambda settings: SerialTransport(settings),  # type: ignore[arg-type]  # both are serial
            clock=SystemClock(),
            random=Random(1),
            on_event=self.events.append,
            on_change=lambda supervisor: None,
            profile_directories=[folder],
        )

    def _answer(self, asked: bytes) -> None:
        assert set(asked) == {0x05}
        self.scale.write(self.answer)

    def data_of(self, name: str) -> list[dict[str, object]]:
        return [dict(event.event.data) for event in self.events if event.event.name == name]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    shop.scale.plug()
    shop.scanner.plug()
    running = asyncio.create_task(shop.registry.run())
    yield shop
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    shop.scale.unplug()
    shop.scanner.unplug()


async def test_unknown_scale_weighs_by_its_profile_alone(shop: Shop) -> None:
    shop.answer = framed(b"S01235")
    await wait_until(lambda: [weight["weight"] for weight in shop.data_of("weight_changed")] == ["1.235"])
    shop.answer = framed(b"U00400")
    await wait_until(lambda: shop.data_of("weight_changed")[-1]["status"] == "weight_unstable")
    assert shop.data_of("weight_changed")[-1]["weight"] is None
    shop.answer = framed(b"S09999")[:-1] + b"\x00"
    await wait_until(lambda: shop.data_of("weight_changed")[-1]["status"] == "no_answer")
    assert "9.999" not in [weight["weight"] for weight in shop.data_of("weight_changed")]


async def test_unknown_scanner_scans_by_its_profile_alone(shop: Shop) -> None:
    scanner = shop.registry.get("scanner")
    assert scanner is not None
    await wait_until(lambda: scanner.state.power == "online")
    shop.scanner.write(b"noise<14E4006381333931<04Qabc")
    await wait_until(lambda: len(shop.data_of("barcode_scanned")) == 2)
    ean, code = shop.data_of("barcode_scanned")
    assert (ean["text"], ean["symbology"], ean["gtin"]) == ("4006381333931", "ean_13", "04006381333931")
    assert (code["text"], code["symbology"]) == ("abc", "qr_code")


def test_profile_with_a_wrong_framing_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "corner-shop-scale.toml").write_text(SCALE.replace('end = "\\u0003"', 'stop = "\\u0003"'))
    device = DeviceSettings(id="x", lane="lane-1", profile="corner-shop-scale", transport={"path": "/dev/x"})
    with pytest.raises(ConfigError) as caught:
        build_registry(
            [device],
            make_transport=lambda settings: SerialTransport(settings),  # type: ignore[arg-type]
            clock=SystemClock(),
            random=Random(1),
            on_event=lambda event: None,
            on_change=lambda supervisor: None,
            profile_directories=[tmp_path],
        )
    source = tmp_path / "corner-shop-scale.toml"
    told = [(problem.source, problem.key, problem.value) for problem in caught.value.problems]
    assert told == [
        (str(source), "settings.framing.end", "(missing)"),
        (str(source), "settings.framing.stop", repr("\x03")),
    ]
