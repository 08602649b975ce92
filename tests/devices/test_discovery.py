"""Only what is configured, or named exactly by a profile, is ever opened; and the list says why, of everything."""

from __future__ import annotations

import asyncio
import os
import select
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_gateway.contracts.attached_report import AttachedReport, SeenDevice
from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.devices.attached import claim_rule, judging, probing, taking
from edge_gateway.devices.attached.device import AttachedDevice, Node
from edge_gateway.devices.attached.discovery import Discovery
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.memory import NAME, Memory
from edge_gateway.devices.profiles import load_profiles
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_discovery import DiscoverySettings
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.factory import make_transport
from tests.support.sysfs import HID_POS_SCANNER, FakeBox, Part
from tests.support.waiting import wait_until

SCANNER = """
name = "acme-scan"
extends = "generic-serial-scanner"
vendor = "Acme"
model = "Scan"
tier = "experimental"
source = "tests/devices/test_discovery.py"
[match]
usb_ids = ["aaaa:0001"]
"""
SCALE = """
name = "acme-scale"
extends = "mettler-toledo-8217"
vendor = "Acme"
model = "Scale"
tier = "experimental"
source = "tests/devices/test_discovery.py"
[match]
usb_ids = ["aaaa:0002"]
manufacturer = ["acme*"]
"""
CHIP = """
name = "acme-ftdi"
extends = "generic-serial-scanner"
vendor = "Acme"
model = "Cable"
tier = "experimental"
source = "tests/devices/test_discovery.py"
[match]
usb_ids = ["0403:6001"]
product = ["Acme cable"]
"""
SECRETIVE = """
name = "acme-odd"
extends = "generic-serial-scanner"
vendor = "Acme"
model = "Odd"
tier = "experimental"
source = "tests/devices/test_discovery.py"
[transport.tcp]
[match]
usb_ids = ["aaaa:0003"]
"""


class QuietPty:
    """The device's end of a port, which hears everything that is written to it."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.slave = slave  # held open: what is written is kept
        self.path = Path(os.ttyname(slave))

    def heard(self) -> bytes:
        ready, _, _ = select.select([self.master], [], [], 0)
        return os.read(self.master, 4096) if ready else b""

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


class Shop:
    """A box whose gateway finds its devices; the test says when something was plugged."""

    def __init__(self, root: Path, devices: list[dict[str, Any]], **settings: Any) -> None:
        self.box = FakeBox(root / "box")
        self.profiles = root / "profiles.d"
        self.profiles.mkdir(exist_ok=True)
        for text in (SCANNER, SCALE, CHIP, SECRETIVE):
            (self.profiles / f"{text.split(chr(34))[1]}.toml").write_text(text)
        self.root = root
        self.retired: list[tuple[str, str, str]] = []
        self.reports: list[AttachedReport] = []
        self.inventory = Inventory(self.box.sysfs)
        self.registry: Registry = build_registry(
            [DeviceSettings.model_validate(device) for device in devices],
            make_transport=lambda transport: make_transport(transport, self.inventory),
            clock=SystemClock(),
            random=Random(1),
            on_event=lambda event: None,
            on_change=lambda supervisor: None,
            profile_directories=[self.profiles],
        )
        self.discovery = Discovery(
            DiscoverySettings.model_validate(settings),
            self.registry,
            self.inventory,
            SystemClock(),
            directory=root,
            profile_directories=[self.profiles],
            on_change=self.reports.append,
            on_retired=lambda *place: self.retired.append(place),
        )
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        self.tasks = [asyncio.create_task(self.registry.run()), asyncio.create_task(self.discovery.run())]
        await self.looked()

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def looked(self) -> None:
        """A whole look began and ended after this."""
        signature = {device.sysfs for device in self.box.sysfs.scan()}
        await wait_until(lambda: {device.sysfs for device in self.inventory} == signature, what="a look")
        self.discovery.update()

    def seen(self, identity: str) -> SeenDevice:
        return next(device for device in self.discovery.report.devices if device.identity == identity)

    def device(self, device_id: str) -> Supervisor:
        found = self.registry.get(device_id)
        assert found is not None, [each.device_id for each in self.registry]
        return found

    async def online(self, device_id: str) -> None:
        await wait_until(lambda: self.device(device_id).state.power == "online", what=f"{device_id} online")


@pytest.fixture(autouse=True)
def few_generic_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may come to be packaged; the words of this test are about two."""
    monkeypatch.setattr(claim_rule, "generic", lambda device, profiles: ("generic-escpos", "generic-serial-scanner"))


@pytest.fixture
def port() -> AsyncIterator[QuietPty]:
    made = QuietPty()
    yield made  # type: ignore[misc]
    made.close()


@pytest.fixture
async def make_shop(tmp_path: Path) -> AsyncIterator[Callable[..., Shop]]:
    shops: list[Shop] = []

    def make(*devices: dict[str, Any], name: str = "shop", **settings: Any) -> Shop:
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        shops.append(Shop(root, list(devices), **settings))
        return shops[-1]

    yield make
    for shop in shops:
        await shop.close()


async def test_exact_match_is_taken_and_nothing_else_gets_a_byte(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    shop, adapter = make_shop(), QuietPty()
    shop.box.plug_usb(
        "1-1", "aaaa:0002", [(Part("tty", far_end=port.path), "ttyUSB0")], serial="W1", manufacturer="ACME GmbH"
    )
    shop.box.plug_usb(
        "1-2", "0403:6001", [(Part("tty", far_end=adapter.path), "ttyUSB1")], serial="F1", product="Acme cable"
    )
    shop.box.plug_usb("1-3", "aaaa:0002", [(Part("tty", far_end=adapter.path), "ttyUSB2")], serial="W2")
    await shop.open()
    await wait_until(lambda: port.heard() == b"W", what="the taken scale asked")
    assert [device.device_id for device in shop.registry] == ["scale-aaaa-0002-W1"]
    assert shop.device("scale-aaaa-0002-W1").lane == "shared"
    assert adapter.heard() == b"", "nothing was written to what is not claimed"
    assert {seen.identity: (seen.claim, seen.why) for seen in shop.discovery.report.devices} == {
        "usb:aaaa:0002:W1": ("taken", "taken as scale-aaaa-0002-W1: profile acme-scale names aaaa:0002"),
        "usb:0403:6001:F1": (
            "possible",
            "0403:6001 is a serial adapter, which says nothing of what is behind it; profile acme-ftdi may fit: "
            "edge-gateway devices adopt usb:0403:6001:F1",
        ),
        "usb:aaaa:0002:W2": (
            "possible",
            "no profile fits aaaa:0002 and what it says of itself; profile generic-escpos or generic-serial-scanner "
            "may fit: edge-gateway devices adopt usb:aaaa:0002:W2",
        ),
    }
    adapter.close()


async def test_taken_device_stays_known_and_is_the_same_after_a_replug(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    shop = make_shop(lane="lane-1")
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online("scanner-aaaa-0001-S1")
    taken = shop.device("scanner-aaaa-0001-S1")
    shop.box.pull("1-1")
    await shop.looked()
    await asyncio.sleep(0)
    assert shop.discovery.report.devices == ()
    assert shop.device("scanner-aaaa-0001-S1") is taken
    shop.box.plug_usb("1-4.2", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM7")], serial="S1")
    await shop.looked()
    await shop.online("scanner-aaaa-0001-S1")
    assert shop.device("scanner-aaaa-0001-S1") is taken
    assert shop.seen("usb:aaaa:0001:S1").device_ids == ("scanner-aaaa-0001-S1",)


async def test_taken_device_is_known_after_a_restart_while_it_is_away(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    first = make_shop()
    first.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await first.open()
    await first.online("scanner-aaaa-0001-S1")
    await wait_until(lambda: (first.root / NAME).exists(), what="it is remembered")
    await first.close()
    first.box.pull("1-1")
    (first.root / "box").rename(first.root / "old-box")
    again = make_shop()
    await again.open()
    await wait_until(lambda: again.registry.get("scanner-aaaa-0001-S1") is not None, what="it is known")
    await wait_until(lambda: again.device("scanner-aaaa-0001-S1").state.power == "off")
    assert "usb:aaaa:0001:S1 is not attached" in str(again.device("scanner-aaaa-0001-S1").state.reason)


@pytest.mark.parametrize(
    ("settings", "claim", "why"),
    [
        ({"take": "configured"}, "recognised", "not taken, since [discovery] take is configured"),
        ({"ignore": ["usb:aaaa:0001"]}, "ignored", "[discovery] ignore has usb:aaaa:0001"),
        ({"ignore": ["usb-port:1-1"]}, "ignored", "[discovery] ignore has usb-port:1-1"),
    ],
)
async def test_operator_decides_what_is_taken(
    make_shop: Callable[..., Shop], port: QuietPty, settings: dict[str, Any], claim: str, why: str
) -> None:
    shop = make_shop(**settings)
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    seen = shop.seen("usb:aaaa:0001:S1")
    assert seen.claim == claim
    assert why in seen.why
    assert len(shop.registry) == 0


@pytest.mark.parametrize(
    "transport",
    [
        {"kind": "serial", "path": "{node}"},
        {"kind": "serial", "path": "{link}"},
        {"kind": "serial", "device": "usb:aaaa:0001:S1"},
        {"kind": "serial", "device": "usb:aaaa:0001"},
        {"kind": "serial", "device": "usb-port:1-1"},
    ],
)
async def test_configured_device_is_left_to_its_configuration(
    make_shop: Callable[..., Shop], tmp_path: Path, port: QuietPty, transport: dict[str, str]
) -> None:
    dev = tmp_path / "shop" / "box" / "dev"
    link = dev / "serial" / "by-id" / "usb-Acme_Scan_S1-if00"
    place = {key: value.format(node=dev / "ttyACM0", link=link) for key, value in transport.items()}
    shop = make_shop({"id": "mine", "lane": "lane-2", "profile": "generic-serial-scanner", "transport": place})
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    link.parent.mkdir(parents=True)
    link.symlink_to(dev / "ttyACM0")
    await shop.open()
    await shop.online("mine")
    assert shop.seen("usb:aaaa:0001:S1").why == "configured as mine"
    assert [device.device_id for device in shop.registry] == ["mine"]


async def test_keyboard_is_never_taken_without_a_scanners_profile(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "046d:c31c", [(Part("input"), "event3")], manufacturer="Logitech", product="Keyboard K120")
    await shop.open()
    [seen] = shop.discovery.report.devices
    assert seen.claim == "possible"
    assert seen.why.startswith("may be a person's keyboard: one is taken only if a scanner's profile names its vendor")
    assert len(shop.registry) == 0


async def test_device_is_not_taken_before_udev_is_done_with_it(
    make_shop: Callable[..., Shop], tmp_path: Path, port: QuietPty
) -> None:
    shop = make_shop()
    (shop.box.run / "udev" / "data").mkdir(parents=True)
    (shop.box.run / "udev" / "control").touch()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1", is_ready=False)
    await shop.open()
    assert shop.seen("usb:aaaa:0001:S1").claim == "waiting"
    shop.box.get_ready()
    shop.inventory.refresh()
    shop.discovery.update()
    assert shop.seen("usb:aaaa:0001:S1").claim == "taken"


async def test_recognised_device_says_what_is_in_the_way(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("usbmisc"), "lp0")], serial="S1")
    await shop.open()
    assert shop.seen("usb:aaaa:0001:S1").why == (
        "profile acme-scan names aaaa:0001, and has no way to open what it has (usb_printer); the profile's ways: "
        "serial, tcp"
    )
    (shop.profiles / "acme-two.toml").write_text(SCANNER.replace("acme-scan", "acme-two"))
    await shop.discovery.reload_profiles()
    assert "profiles acme-scan and acme-two name aaaa:0001 and fit equally" in shop.seen("usb:aaaa:0001:S1").why


async def test_clones_are_told_apart_when_the_second_one_comes(make_shop: Callable[..., Shop], port: QuietPty) -> None:
    shop, second = make_shop(), QuietPty()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="SAME")
    await shop.open()
    await shop.online("scanner-aaaa-0001-SAME")
    shop.box.plug_usb("1-2", "aaaa:0001", [(Part("tty", far_end=second.path), "ttyACM1")], serial="SAME")
    await shop.looked()
    await wait_until(lambda: shop.retired == [("shared", "scanner", "scanner-aaaa-0001-SAME")])
    await wait_until(lambda: [device.state.power for device in shop.registry] == ["online", "online"])
    assert all("attached twice" in str(seen.warning) for seen in shop.discovery.report.devices)
    assert len({device.device_id for device in shop.registry}) == 2
    second.close()


async def test_profile_stub_that_appears_takes_what_waits_for_it(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "bbbb:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="N1")
    await shop.open()
    assert shop.seen("usb:bbbb:0001:N1").claim == "possible"
    (shop.profiles / "new.toml").write_text(SCANNER.replace("acme-scan", "new").replace("aaaa:0001", "bbbb:0001"))
    await shop.discovery.reload_profiles()
    await shop.online("scanner-bbbb-0001-N1")


async def test_taken_device_is_let_go_of_when_no_profile_names_it_any_more(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online("scanner-aaaa-0001-S1")
    (shop.profiles / "acme-scan.toml").write_text(SCANNER.replace("aaaa:0001", "aaaa:9999"))
    await shop.discovery.reload_profiles()
    await wait_until(lambda: shop.retired == [("shared", "scanner", "scanner-aaaa-0001-S1")], what="told as gone")
    assert len(shop.registry) == 0
    assert shop.seen("usb:aaaa:0001:S1").claim == "possible"


async def test_remembered_device_is_let_go_of_when_its_profile_is_gone_or_another(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    first = make_shop()
    first.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await first.open()
    await first.online("scanner-aaaa-0001-S1")
    await wait_until(lambda: (first.root / NAME).exists(), what="it is remembered")
    await first.close()
    (first.root / "box").rename(first.root / "old-box")
    second = make_shop()
    (second.profiles / "acme-scan.toml").unlink()
    (second.profiles / "better.toml").write_text(SCANNER.replace("acme-scan", "better"))
    second.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await second.open()
    await second.online("scanner-aaaa-0001-S1")
    assert second.device("scanner-aaaa-0001-S1").profile.name == "better"
    assert second.seen("usb:aaaa:0001:S1").why == "taken as scanner-aaaa-0001-S1: profile better names aaaa:0001"
    assert second.retired == [("shared", "scanner", "scanner-aaaa-0001-S1")]


async def test_taken_device_is_taken_anew_when_another_profile_fits_better(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online("scanner-aaaa-0001-S1")
    better = SCANNER.replace("acme-scan", "better") + 'serial = ["S*"]\n'
    (shop.profiles / "better.toml").write_text(better)
    await shop.discovery.reload_profiles()
    assert shop.seen("usb:aaaa:0001:S1").claim == "waiting", "for its port"
    before = shop.device("scanner-aaaa-0001-S1")
    before.emit("scan", {})
    await wait_until(lambda: [each.profile.name for each in shop.registry] == ["better"], what="taken anew")
    assert shop.device("scanner-aaaa-0001-S1").sequence >= before.sequence >= 1, "no number is given twice"
    await shop.online("scanner-aaaa-0001-S1")


async def test_taken_device_is_kept_while_its_nodes_come_one_after_the_other(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    (shop.profiles / "acme-scan.toml").write_text(
        SCANNER.replace("generic-serial-scanner", "generic-hid-pos-scanner") + 'usage = ["8c:02"]\n'
    )
    parts = [(Part("input", 0), "event7"), (Part("hidraw", 1, HID_POS_SCANNER), "hidraw0")]
    shop.box.plug_usb("1-1", "aaaa:0001", parts, serial="S1")
    await shop.open()
    taken = shop.device("scanner-aaaa-0001-S1")
    shop.box.pull("1-1")
    await shop.looked()
    shop.box.plug_usb("1-1", "aaaa:0001", parts[:1], serial="S1")
    await shop.looked()
    shop.box.pull("1-1")
    shop.box.plug_usb("1-1", "aaaa:0001", parts, serial="S1")
    await shop.looked()
    assert shop.device("scanner-aaaa-0001-S1") is taken
    assert shop.retired == []


async def test_taken_device_that_nobody_saw_for_long_is_let_go_of(
    make_shop: Callable[..., Shop], port: QuietPty, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online("scanner-aaaa-0001-S1")
    shop.box.pull("1-1")
    await shop.looked()
    assert len(shop.registry) == 1
    monkeypatch.setattr(taking, "KEEP_DAYS", -1)
    shop.discovery.update()
    await wait_until(lambda: shop.retired == [("shared", "scanner", "scanner-aaaa-0001-S1")], what="told as gone")
    assert len(shop.registry) == 0


async def test_verdict_on_a_device_is_not_sought_again_because_of_another(
    make_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def count(device: AttachedDevice, *others: Any) -> claim_rule.Verdict:
        judged.append(device.identity)
        return claim_rule.judge(device, *others)

    monkeypatch.setattr(judging, "judge", count)
    shop = make_shop()
    for number in range(1, 5):
        shop.box.plug_usb(f"1-{number}", "cafe:0001", [(Part("tty"), f"ttyACM{number}")], serial=f"S{number}")
    await shop.open()
    judged.clear()
    shop.box.plug_usb("1-9", "cafe:0001", [(Part("tty"), "ttyACM9")], serial="S9")
    await shop.looked()
    assert judged == ["usb:cafe:0001:S9"]


class ScaleBehind:
    """Answers as a scale of protocol 8217 does, and hears what else is written."""

    def __init__(self, port: QuietPty) -> None:
        self.port = port
        self.heard = b""
        asyncio.get_running_loop().add_reader(port.master, self._hear)

    def _hear(self) -> None:
        data = os.read(self.port.master, 4096)
        self.heard += data
        for _ in range(data.count(b"W")):
            os.write(self.port.master, b"\x0201.234\r")

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self.port.master)


async def test_adapter_that_the_operator_names_is_asked_and_no_other(
    make_shop: Callable[..., Shop], port: QuietPty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "TRIAL_S", 0.5)
    wanted = {"acme-scale", "generic-cas"}
    monkeypatch.setattr(
        probing, "candidates", lambda profiles: [(profile,) for profile in profiles if profile.name in wanted]
    )
    shop, other = make_shop(probe=["usb:0403:6001:F1"]), QuietPty()
    scale = ScaleBehind(port)
    shop.box.plug_usb("1-1", "0403:6001", [(Part("tty", far_end=port.path), "ttyUSB0")], serial="F1")
    shop.box.plug_usb("1-2", "0403:6001", [(Part("tty", far_end=other.path), "ttyUSB1")], serial="F2")
    await shop.open()
    assert shop.seen("usb:0403:6001:F1").why.startswith("is being asked who is behind it")
    await wait_until(lambda: "answers as" in shop.seen("usb:0403:6001:F1").why, what="an answer")
    seen = shop.seen("usb:0403:6001:F1")
    assert seen.claim == "possible", "a person decides"
    assert seen.why == (
        "answers as profile acme-scale: edge-gateway devices adopt usb:0403:6001:F1 --profile acme-scale"
    )
    assert seen.profiles[0] == "acme-scale"
    assert len(shop.registry) == 0
    assert scale.heard
    assert other.heard() == b""
    scale.stop()
    other.close()


async def test_probe_ends_with_its_plug_and_none_goes_on_beside_another(
    make_shop: Callable[..., Shop], port: QuietPty, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[str] = []
    most = 0

    class Counted(probing.Probing):
        async def run(self) -> None:
            nonlocal most
            running.append(self.generation)
            most = max(most, len(running))
            try:
                await super().run()
            finally:
                running.remove(self.generation)

    monkeypatch.setattr(probing, "Probing", Counted)
    shop = make_shop(probe=["usb:0403:6001:F1"])
    for _ in range(4):
        shop.box.plug_usb("1-1", "0403:6001", [(Part("tty", far_end=port.path), "ttyUSB0")], serial="F1")
        await (shop.looked() if shop.tasks else shop.open())
        await wait_until(lambda: running, what="it is asked")
        shop.box.pull("1-1")
        await shop.looked()
    await wait_until(lambda: not running, what="nobody is asked any more")
    assert most == 1


async def test_probe_ends_before_the_device_is_taken(make_shop: Callable[..., Shop], port: QuietPty) -> None:
    shop = make_shop(probe=["usb:bbbb:0001:N1"])
    shop.box.plug_usb("1-1", "bbbb:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="N1")
    await shop.open()
    await wait_until(port.heard, what="it is asked")
    (shop.profiles / "new.toml").write_text(SCANNER.replace("acme-scan", "new").replace("aaaa:0001", "bbbb:0001"))
    await shop.discovery.reload_profiles()
    assert shop.seen("usb:bbbb:0001:N1").claim == "waiting", "for its port"
    await wait_until(lambda: len(shop.registry) == 1, what="it is taken")
    assert not shop.discovery._probings._tasks


def test_candidates_of_a_probe_ask_each_way_once() -> None:
    found = probing.candidates(load_profiles())
    group = next(group for group in found if "mettler-toledo-8217" in {profile.name for profile in group})
    assert "mettler-toledo-diva" in {profile.name for profile in group}, "it asks as the 8217 does"
    assert all(profile.device_class == "scale" for group in found for profile in group)


async def test_hid_scanner_is_listed_with_its_usages(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    shop.box.plug_usb("1-1", "cccc:0001", [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw0")], serial="H1")
    await shop.open()
    assert [(node.kind, node.usages) for node in shop.seen("usb:cccc:0001:H1").nodes] == [("hidraw", ("8c:02",))]


async def test_empty_box_is_told_too(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    await shop.open()
    await wait_until(lambda: shop.reports, what="a report")
    assert [report.devices for report in shop.reports] == [()]


async def test_broken_memory_is_none(make_shop: Callable[..., Shop], port: QuietPty) -> None:
    shop = make_shop()
    (shop.root / NAME).write_text('{"taken": [{"identity": 1}]')
    shop.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online("scanner-aaaa-0001-S1")
    assert [device.device_id for device in shop.registry] == ["scanner-aaaa-0001-S1"], "judged anew, and nothing else"
    assert shop.retired == [], "nothing is known of what the broken one may have had"
    await wait_until(lambda: Memory.read(shop.root).taken, what="a whole memory in its place")
    assert [taken.identity for taken in Memory.read(shop.root).taken] == ["usb:aaaa:0001:S1"]


async def test_remembered_device_that_is_ignored_now_is_forgotten(
    make_shop: Callable[..., Shop], port: QuietPty
) -> None:
    first = make_shop()
    first.box.plug_usb("1-1", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await first.open()
    await first.online("scanner-aaaa-0001-S1")
    await wait_until(lambda: (first.root / NAME).exists(), what="it is remembered")
    await first.close()
    (first.root / "box").rename(first.root / "old-box")
    second = make_shop(ignore=["usb:aaaa:0001"])
    await second.open()
    await wait_until(lambda: second.retired == [("shared", "scanner", "scanner-aaaa-0001-S1")])
    assert len(second.registry) == 0


def test_loop_of_links_is_nobodys_place_and_stops_nothing(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    place = SerialTransportSettings(kind="serial", path=loop)
    port = AttachedDevice("usb", tmp_path, "1", nodes=(Node(tmp_path / "ttyUSB0", NodeKind.SERIAL, tmp_path),))
    assert not claim_rule.stands_for(place, port)


HID_SCANNER = """
name = "acme-hid"
extends = "generic-hid-pos-scanner"
vendor = "Acme"
model = "Hid"
tier = "experimental"
source = "tests/devices/test_discovery.py"
[match]
usb_ids = ["cccc:0001"]
"""


@pytest.mark.parametrize("usage", ['usage = ["8c:02"]\n', ""], ids=["usage named", "model alone"])
async def test_device_taken_by_its_usage_gets_the_profile_of_its_model_that_comes_later(
    make_shop: Callable[..., Shop], port: QuietPty, usage: str
) -> None:
    shop, device_id, other = make_shop(), "scanner-cccc-0001-H1", "scanner-aaaa-0001-S1"
    shop.box.plug_usb("1-1", "cccc:0001", [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw0")], serial="H1")
    shop.box.plug_usb("1-2", "aaaa:0001", [(Part("tty", far_end=port.path), "ttyACM0")], serial="S1")
    await shop.open()
    await shop.online(other)
    untouched = shop.device(other)
    assert shop.device(device_id).profile.name == "generic-hid-pos-scanner"
    (shop.profiles / "acme-hid.toml").write_text(HID_SCANNER + usage)
    await shop.discovery.reload_profiles()
    await wait_until(
        lambda: [each.profile.name for each in shop.registry if each.device_id == device_id] == ["acme-hid"],
        what="the profile of its model, under the same id",
    )
    assert shop.seen("usb:cccc:0001:H1").why == f"taken as {device_id}: profile acme-hid names cccc:0001"
    assert shop.device(other) is untouched, "nobody else is restarted"
    assert untouched.state.reconnect_count == 0
    assert shop.retired == [("shared", "scanner", device_id)]
    await wait_until(lambda: "acme-hid" in (shop.root / NAME).read_text(), what="remembered so")
