"""Devices that announce themselves are listed with what fits, and never used but by configuration."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.devices.attached import announcements as announcements_module
from edge_gateway.devices.attached.announced import Announced, tell
from edge_gateway.devices.attached.announcements import Announcements
from edge_gateway.devices.attached.bluetooth_scan import FORGET_S, BluetoothScan
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.mdns import Mdns, services_of
from edge_gateway.devices.profiles import Profile
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.tcp import TcpTransport
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until

LOOPBACK = ("127.0.0.1",)


def profile(name: str, **match: Any) -> Profile:
    return Profile.model_validate(
        {
            "name": name,
            "vendor": "Acme",
            "model": name,
            "device_class": "pos_printer",
            "driver": "drivers.escpos_printer:EscposPrinter",
            "codec": "escpos.status",
            "tier": "experimental",
            "source": "tests/devices/test_announced.py",
            "transport": {"tcp": {}},
            "match": match,
        }
    )


def place(**transport: Any) -> TransportSettings:
    adapter: TypeAdapter[TransportSettings] = TypeAdapter(TransportSettings)
    return adapter.validate_python(transport)


PRINTER = Announced(
    "mdns:TM-T20._pdl-datastream._tcp.local.",
    "network",
    names=("TM-T20", "TM-T20._pdl-datastream._tcp.local.", "_pdl-datastream._tcp.local."),
    places=("192.0.2.5", "tm-t20.local"),
    address="192.0.2.5:9100",
)
SCANNER = Announced(
    "bt:AA:BB:CC:DD:EE:FF",
    "bluetooth",
    names=("RS5100 S1",),
    places=("aa:bb:cc:dd:ee:ff",),
    address="AA:BB:CC:DD:EE:FF",
    services=("1812", "fff0"),
)
UART = {"service": "fff0", "notify": ["fff1"]}


@pytest.mark.parametrize(
    ("announced", "match", "fits"),
    [
        (PRINTER, {"mdns": ["_pdl-datastream._tcp*"]}, True),
        (PRINTER, {"mdns": ["tm-t20*"]}, True),
        (PRINTER, {"mdns": ["_ipp._tcp*"]}, False),
        (PRINTER, {"ble_names": ["TM*"]}, False),
        (SCANNER, {"ble_names": ["rs5100*"]}, True),
        (SCANNER, {"ble_services": ["fff0"]}, True),
        (SCANNER, {"ble_names": ["RS6100*"], "ble_services": ["fff0"]}, False),
        (SCANNER, {"mdns": ["RS5100*"]}, False),
    ],
)
def test_announced_device_is_told_with_the_profiles_that_fit(
    announced: Announced, match: dict[str, Any], fits: bool
) -> None:
    seen = tell(announced, {}, [profile("acme", **match)])
    assert seen.profiles == (("acme",) if fits else ())
    assert seen.claim == ("possible" if fits else "unknown")
    assert "used only by configuration" in seen.why


@pytest.mark.parametrize(
    ("announced", "transport", "is_it"),
    [
        (PRINTER, {"kind": "tcp", "host": "192.0.2.5"}, True),
        (PRINTER, {"kind": "tcp", "host": "TM-T20.local."}, True),
        (PRINTER, {"kind": "tcp", "host": "192.0.2.6"}, False),
        (SCANNER, {"kind": "ble", "address": "AA:BB:CC:DD:EE:FF", **UART}, True),
        (SCANNER, {"kind": "ble", "name": "RS5100 S1", **UART}, True),
        (SCANNER, {"kind": "ble", "name": "RS5100 S2", **UART}, False),
    ],
)
def test_announced_device_is_known_where_it_is_configured(
    announced: Announced, transport: dict[str, Any], is_it: bool
) -> None:
    assert tell(announced, {"mine": place(**transport)}, []).device_ids == (("mine",) if is_it else ())


def test_services_that_profiles_name_are_asked_for() -> None:
    assert services_of([profile("a", mdns=["_acme-scale._tcp*", "Acme*._acme._udp.local.", "Acme*"])]) == [
        "_acme-scale._tcp",
        "_acme._udp",
        "_ipp._tcp",
        "_pdl-datastream._tcp",
        "_printer._tcp",
    ]


@pytest.fixture
async def far_end() -> AsyncIterator[AsyncZeroconf]:
    zeroconf = AsyncZeroconf(interfaces=list(LOOPBACK))
    yield zeroconf
    await zeroconf.async_close()


async def test_printer_of_the_network_comes_and_goes(far_end: AsyncZeroconf) -> None:
    changes: list[int] = []
    mdns = Mdns([], SystemClock(), lambda: changes.append(len(mdns.announced)), LOOPBACK)
    listening = asyncio.create_task(mdns.run())
    kind = "_pdl-datastream._tcp.local."
    info = ServiceInfo(
        kind,
        f"Till printer.{kind}",
        port=9100,
        addresses=[socket.inet_aton("127.0.0.1")],
        server="till-printer.local.",
        properties={"usb_MFG": "EPSON", "usb_MDL": "TM-T20"},
    )
    await far_end.async_register_service(info)
    await wait_until(lambda: mdns.announced, what="the printer listed")
    [found] = mdns.announced.values()
    assert (found.manufacturer, found.product, found.address) == ("EPSON", "TM-T20", "127.0.0.1:9100")
    assert "till-printer.local" in found.places
    await far_end.async_unregister_service(info)
    await wait_until(lambda: not mdns.announced, what="the printer gone")
    assert changes == [1, 0]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_mdns_asks_for_what_profiles_name_later_and_leaves_out_what_is_no_type(far_end: AsyncZeroconf) -> None:
    mdns = Mdns([profile("bad", mdns=["_9100._tcp*", "_a--b._tcp*"])], SystemClock(), lambda: None, LOOPBACK)
    listening = asyncio.create_task(mdns.run())
    kind = "_acme-scale._tcp.local."
    place = {"port": 1, "addresses": [socket.inet_aton("127.0.0.1")], "server": "scale.local."}
    await far_end.async_register_service(ServiceInfo(kind, f"Scale.{kind}", **place))
    await asyncio.sleep(0)
    assert not listening.done()
    mdns.use([profile("good", mdns=["_acme-scale._tcp*"])])
    await wait_until(lambda: mdns.announced, what="the scale listed")
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


class Stumbling:
    """An announcer that fails once, and then hears much at once."""

    def __init__(self, profiles: Sequence[Profile], clock: Clock, on_change: Callable[[], None]) -> None:
        self.announced: dict[str, Announced] = {}
        self.profiles = list(profiles)
        self.runs = 0
        self._on_change = on_change

    def use(self, profiles: Sequence[Profile]) -> None:
        self.profiles = list(profiles)

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ValueError("what no one thought of")
        for number in range(20):
            self.announced[f"bt:{number}"] = replace(SCANNER, identity=f"bt:{number}")
            self._on_change()


async def test_announcements_outlive_an_announcer_that_fails_and_are_told_once_for_many() -> None:
    clock, changes, made = FakeClock(), list[int](), list[Stumbling]()

    def make(*args: Any) -> Stumbling:
        made.append(Stumbling(*args))
        return made[0]

    announcements = Announcements({"test": make}, {}, clock, lambda: changes.append(1))
    running = asyncio.create_task(announcements.run())
    await clock.settle()
    assert (made[0].runs, running.done()) == (1, False)
    await clock.advance(announcements_module.RETRY_S)
    await clock.advance(announcements_module.COALESCE_S)
    assert changes == [1]
    assert {seen.profiles for seen in announcements.seen()} == {()}
    announcements.use([profile("late", ble_names=["RS5100*"]), profile("other")])
    assert [each.name for each in made[0].profiles] == ["late"]
    assert {seen.profiles for seen in announcements.seen()} == {("late",)}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_addresses_of_the_network_are_there_for_transports_that_were_made_before() -> None:
    inventory, made = Inventory(), list[Stumbling]()

    def make(*args: Any) -> Stumbling:
        made.append(Stumbling(*args))
        return made[-1]

    settings = place(kind="tcp", mac="00:26:ab:12:34:56")
    transport = make_transport(settings, inventory)
    assert isinstance(transport, TcpTransport)
    assert transport._finder is not None
    assert tuple(transport._finder._announced()) == ()
    announcements = Announcements({"mdns": make, "bluetooth": make}, {}, FakeClock(), lambda: None)
    inventory.announced = announcements.addresses
    made[0].announced[PRINTER.identity] = PRINTER
    made[1].announced[SCANNER.identity] = SCANNER
    assert tuple(transport._finder._announced()) == ("192.0.2.5", "tm-t20.local")


def hear(scan: BluetoothScan, address: str, name: str | None, *services: str) -> None:
    device: Any = SimpleNamespace(address=address)
    advertisement: Any = SimpleNamespace(local_name=name, service_uuids=list(services))
    scan.hear(device, advertisement)


async def test_bluetooth_keeps_what_may_be_the_stores_and_no_phone_of_a_customer() -> None:
    clock, changes = FakeClock(), list[int]()
    scan = BluetoothScan([profile("a", ble_names=["DS82*"])], clock, lambda: changes.append(1))
    hear(scan, "11:22:33:44:55:66", "Somebody's phone", "0000fe9f-0000-1000-8000-00805f9b34fb")
    hear(scan, "11:22:33:44:55:67", None)
    assert scan.announced == {}
    hear(scan, "aa:bb:cc:dd:ee:01", "DS8278 S1")
    hear(scan, "aa:bb:cc:dd:ee:02", None, "0000181d-0000-1000-8000-00805f9b34fb")
    hear(scan, "aa:bb:cc:dd:ee:02", None, "0000181d-0000-1000-8000-00805f9b34fb")
    assert sorted(scan.announced) == ["bt:AA:BB:CC:DD:EE:01", "bt:AA:BB:CC:DD:EE:02"]
    assert scan.announced["bt:AA:BB:CC:DD:EE:02"].services == ("181d",)
    assert len(changes) == 2
    await clock.advance(FORGET_S + 1)
    hear(scan, "aa:bb:cc:dd:ee:02", None, "0000181d-0000-1000-8000-00805f9b34fb")
    scan._forget()
    assert list(scan.announced) == ["bt:AA:BB:CC:DD:EE:02"]
