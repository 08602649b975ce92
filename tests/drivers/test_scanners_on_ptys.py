"""Several scanners at once, from the kernel to the supervisor: every character right, none at another device."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.factory import make_transport
from simulators.link import FifoLink, PtyLink
from simulators.serial_scanner import SerialScanner
from simulators.wedge_scanner import WedgeScanner
from tests.support.waiting import wait_until

SEED = 20261121
FAST_CODES = 330
"""Times three scanners, and ten of the one whose reads only an idle line ends: a thousand."""

IDLE_CODES = 10
IDLE_GAP_MS = 300
DEADLINE_S = 60.0

Heard = dict[str, list[StampedEvent]]


def device(device_id: str, profile: str, path: Path, **settings: Any) -> DeviceSettings:
    kind = "evdev" if "wedge" in profile else "serial"
    return DeviceSettings(
        id=device_id, lane="lane-1", profile=profile, transport={"kind": kind, "path": str(path)}, settings=settings
    )


@contextlib.asynccontextmanager
async def gateway(devices: Sequence[DeviceSettings]) -> AsyncIterator[tuple[Registry, Heard]]:
    heard: Heard = defaultdict(list)
    registry = build_registry(
        devices,
        make_transport=make_transport,
        clock=SystemClock(),
        random=random.Random(SEED),
        on_event=lambda event: heard[event.device_id].append(event),
        on_change=lambda supervisor: None,
    )
    running = asyncio.create_task(registry.run())
    try:
        await wait_until(lambda: are_online(registry), timeout_s=DEADLINE_S, what="every scanner online")
        yield registry, heard
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def are_online(registry: Registry) -> bool:
    return all(supervisor.state.power == "online" for supervisor in registry)


def texts(events: Sequence[StampedEvent]) -> list[str]:
    return [event.event.data["text"] for event in events]


def codes(source: random.Random, count: int, tag: str) -> list[str]:
    """Codes that name their scanner, so that one at the wrong device is seen; lengths of 8 to 60 characters."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-. $/+%*#&()=?!:;,_<>@"
    return [
        f"{tag}{number:04d}" + "".join(source.choices(alphabet, k=source.randint(3, 55))) for number in range(count)
    ]


async def test_four_scanners_at_once_get_every_character_of_a_thousand_codes(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    crlf, tab, idle = (
        SerialScanner(PtyLink(tmp_path / name), suffix, random_source=random.Random(SEED))
        for name, suffix in (("crlf", b"\r\n"), ("tab", b"\t"), ("idle", b""))
    )
    crlf.is_dribbling = idle.is_dribbling = True
    wedge = WedgeScanner(FifoLink(tmp_path / "wedge"), "de", "keypad_enter")
    scanners = (crlf, tab, idle, wedge)
    for scanner in scanners:
        await scanner.start()
    sent = {
        name: codes(source, count, name[0])
        for name, count in (("crlf", FAST_CODES), ("tab", FAST_CODES), ("wedge", FAST_CODES), ("idle", IDLE_CODES))
    }
    sent["wedge"] = [code.replace("@", "ß") for code in sent["wedge"]]

    async def scan_all(scanner: SerialScanner | WedgeScanner, name: str) -> None:
        for code in sent[name]:
            await scanner.scan(code)
            await asyncio.sleep(0)

    async with gateway(
        [
            device("crlf", "generic-serial-scanner", tmp_path / "crlf"),
            device("tab", "generic-serial-scanner", tmp_path / "tab", suffix="tab"),
            device("idle", "generic-serial-scanner", tmp_path / "idle", suffix="none", idle_gap_ms=IDLE_GAP_MS),
            device("wedge", "generic-wedge-scanner", tmp_path / "wedge", layout="de"),
        ]
    ) as (registry, heard):

        async def scan_with_pauses() -> None:
            for position, code in enumerate(sent["idle"], start=1):
                await idle.scan(code)
                await wait_until(lambda wanted=position: len(heard["idle"]) == wanted, timeout_s=DEADLINE_S)

        async with asyncio.TaskGroup() as group:
            group.create_task(scan_all(crlf, "crlf"))
            group.create_task(scan_all(tab, "tab"))
            group.create_task(scan_all(wedge, "wedge"))
            group.create_task(scan_with_pauses())
        total = sum(map(len, sent.values()))
        assert total == 1000
        await wait_until(lambda: sum(map(len, heard.values())) >= total, timeout_s=DEADLINE_S, what="all codes heard")
        assert {name: texts(events) for name, events in heard.items()} == sent
        for supervisor in registry:
            assert [event.sequence for event in heard[supervisor.device_id]] == sorted(
                {event.sequence for event in heard[supervisor.device_id]}
            )
    for scanner in scanners:
        await scanner.stop()


async def test_half_a_read_before_an_unplug_is_not_glued_to_the_next(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "scanner")
    scanner = SerialScanner(link)
    await scanner.start()
    async with gateway([device("scanner", "generic-serial-scanner", link.path)]) as (registry, heard):
        link.write(b"]E0400638")
        await link.drain()
        link.unplug()
        await wait_until(lambda: not are_online(registry), timeout_s=DEADLINE_S, what="the loss noticed")
        link.plug()
        await wait_until(lambda: are_online(registry), timeout_s=DEADLINE_S, what="the scanner back")
        await scanner.scan("96385074", "]E4")
        await wait_until(lambda: heard["scanner"], timeout_s=DEADLINE_S)
        assert texts(heard["scanner"]) == ["96385074"]
    await scanner.stop()
