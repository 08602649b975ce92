"""Two wedges, SSI and HID POS at once: ten thousand codes, every character right, none at another device."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import HidrawTransportSettings, TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.hidraw import HidrawNode, HidrawTransport
from simulators.hid_pos import HidPosScanner
from simulators.link import FifoLink, PtyLink
from simulators.wedge_layouts import LAYOUTS
from simulators.wedge_scanner import WedgeScanner
from simulators.zebra_ssi import CODE_TYPES, ZebraSsiScanner
from tests.support.chunking import ChunkingTransport
from tests.support.waiting import wait_until

SEED = 20261122
CODES_EACH = 2500
DEADLINE_S = 120.0
WAITING_MAX = 100
"""Codes that a scanner is ahead of the gateway: a person cannot scan faster than it is read."""

POS_USAGE = bytes.fromhex("06 8c 00 09 02 a1 01 c0")
SUFFIXES = ("enter", "keypad_enter", "enter_lf", "tab")

Heard = dict[str, list[StampedEvent]]


class ReportWire:
    """Keeps the bounds of reports, as a hidraw node does."""

    on_bytes: Callable[[bytes], None] | None = None

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)

    def acquire(self, path: Path) -> HidrawNode:
        return HidrawNode(self._ours.detach(), POS_USAGE, 3, 0x05E0, 0x1200)

    def write(self, data: bytes) -> None:
        self._theirs.send(data)

    def unplug(self) -> None:
        self._theirs.close()


def codes(source: random.Random, tag: str, alphabet: str, length_max: int = 60) -> list[str]:
    """Each names its scanner; some are long, some hold group separators, some are article numbers."""
    made = []
    for number in range(CODES_EACH):
        rest = "".join(source.choices(alphabet, k=source.randint(3, length_max)))
        separated = f"\x1d{rest[::-1]}" if number % 5 == 0 else ""
        made.append(f"{tag}{number:05d}{rest}{separated}")
    return made


def wedge_alphabet(layout: str) -> str:
    return "".join(character for character in LAYOUTS[layout] if character != "]")


@contextlib.asynccontextmanager
async def gateway(devices: list[DeviceSettings], wire: ReportWire) -> AsyncIterator[tuple[Registry, Heard]]:
    heard: Heard = defaultdict(list)

    def make(settings: TransportSettings) -> Transport:
        if isinstance(settings, HidrawTransportSettings):
            return HidrawTransport(settings, acquire=wire.acquire)
        return ChunkingTransport(make_transport(settings), random.Random(SEED))

    registry = build_registry(
        devices,
        make_transport=make,
        clock=SystemClock(),
        random=random.Random(SEED),
        on_event=lambda event: heard[event.device_id].append(event),
        on_change=lambda supervisor: None,
    )
    running = asyncio.create_task(registry.run())
    try:
        await wait_until(lambda: all(each.state.power == "online" for each in registry), what="every scanner online")
        yield registry, heard
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def device(device_id: str, profile: str, kind: str, path: Path, **settings: object) -> DeviceSettings:
    place = {"kind": kind, "path": str(path)}
    return DeviceSettings(id=device_id, lane="lane-1", profile=profile, transport=place, settings=settings)


async def test_four_scanners_at_once_get_every_character_of_ten_thousand_codes(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    german, french = (
        WedgeScanner(FifoLink(tmp_path / name), layout, gs=gs, random_source=random.Random(SEED))
        for name, layout, gs in (("german", "de", "ctrl"), ("french", "fr", "alt"))
    )
    french.has_releases = False
    french.caps_lock = "toggled"
    ssi, wire = ZebraSsiScanner(PtyLink(tmp_path / "ssi")), ReportWire()
    hid = HidPosScanner(wire)
    (tmp_path / "hid").touch()
    for scanner in (german, french, ssi, hid):
        await scanner.start()
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-. $/+%"
    sent = {
        "german": codes(source, "g", wedge_alphabet("de"), 20),
        "french": codes(source, "f", wedge_alphabet("fr"), 20),
        "ssi": codes(source, "s", plain, 150),
        "hid": codes(source, "h", plain, 150),
    }
    devices = [
        device("german", "generic-wedge-scanner", "evdev", tmp_path / "german", layout="de"),
        device("french", "generic-wedge-scanner", "evdev", tmp_path / "french", layout="fr"),
        device("ssi", "zebra-ssi-scanner", "serial", tmp_path / "ssi"),
        device("hid", "generic-hid-pos-scanner", "hidraw", tmp_path / "hid"),
    ]

    async with gateway(devices, wire) as (_, heard):

        async def keep_pace(name: str, count: int) -> None:
            ahead = count - WAITING_MAX
            await wait_until(lambda: len(heard[name]) > ahead, timeout_s=DEADLINE_S, what=f"{name} keeping pace")

        async def type_all(scanner: WedgeScanner, name: str) -> None:
            for count, code in enumerate(sent[name]):
                scanner.set_suffix(SUFFIXES[count % len(SUFFIXES)])
                await scanner.scan(code)
                await keep_pace(name, count)

        async def send_all(scan: Callable[[str], None], name: str) -> None:
            for count, code in enumerate(sent[name]):
                scan(code)
                await asyncio.sleep(0)
                await keep_pace(name, count)

        async with asyncio.TaskGroup() as group:
            group.create_task(type_all(german, "german"))
            group.create_task(type_all(french, "french"))
            group.create_task(send_all(lambda code: ssi.scan(code, CODE_TYPES["code128"]), "ssi"))
            group.create_task(send_all(lambda code: hid.scan(code, "]C0"), "hid"))
        total = sum(map(len, sent.values()))
        assert total == 10_000
        await wait_until(lambda: sum(map(len, heard.values())) >= total, timeout_s=DEADLINE_S, what="all codes heard")
        read = {name: [event.event.data["text"] for event in events] for name, events in heard.items()}
        assert read == sent
    for scanner in (german, french, ssi, hid):
        await scanner.stop()
