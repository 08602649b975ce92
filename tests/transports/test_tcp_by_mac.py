"""Network devices by their MAC address: followed where DHCP puts them, and nobody passes for one.

With a network of the kernel's own where the tests may make one (root): a bridge, and a printer in its own namespace.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports import tcp_by_mac
from edge_gateway.transports.neighbours import Neighbours
from edge_gateway.transports.stream import Connection
from edge_gateway.transports.tcp import TcpTransport
from tests.support.markdown import ROOT
from tests.transports.sinks import RecordingSink

OURS = "02:00:00:00:00:0A"
TABLE = """IP address       HW type     Flags       HW address            Mask     Device
192.0.2.11       0x1         0x2         02:00:00:00:00:0b     *        eth0
192.0.2.42       0x1         0x2         02:00:00:00:00:0a     *        eth0
192.0.2.43       0x1         0x0         00:00:00:00:00:00     *        eth0
"""
PRINTER = r"""
import socket, sys
listener = socket.create_server(("0.0.0.0", 9100))
print("ready", flush=True)
while True:
    wire, _ = listener.accept()
    with wire:
        while data := wire.recv(100):
            print(data.decode(), flush=True)
"""
NETWORK = r"""
import asyncio, json, subprocess, sys, time
from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports.tcp import TcpTransport
from tests.transports.sinks import RecordingSink

def ip(words, pid=None):
    inside = [] if pid is None else ["nsenter", "-t", str(pid), "-n"]
    subprocess.run([*inside, "ip", *words.split()], check=True)

class Printer:
    def __init__(self, name, mac, address):
        self.name, self.mac = name, mac
        self.process = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"
        ip(f"link add v{name} type veth peer name p{name}")
        ip(f"link set p{name} address {mac} netns {self.process.pid}")
        ip(f"link set v{name} master br0 up")
        ip(f"address add {address}/24 dev p{name}", self.process.pid)
        ip(f"link set p{name} up", self.process.pid)
    def move(self, address):
        ip(f"address flush dev p{self.name}", self.process.pid)
        ip(f"address add {address}/24 dev p{self.name}", self.process.pid)
    def received(self):
        self.process.kill()
        return self.process.stdout.read().split()

def transport(**settings):
    settings = {"kind": "tcp", "mac": "02:00:00:00:00:0a", "connect_timeout_s": 0.5, **settings}
    return TcpTransport(TcpTransportSettings.model_validate(settings))

async def until_open(way, seconds):
    begun_s = time.monotonic()
    while True:
        try:
            await way.open(RecordingSink())
            return time.monotonic() - begun_s
        except TransportError as error:
            assert time.monotonic() - begun_s < seconds, error
            await asyncio.sleep(0.1)

async def main():
    for words in ("link set lo up", "link add br0 type bridge", "address add 192.0.2.1/24 dev br0", "link set br0 up"):
        ip(words)
    ours, told = Printer("a", "02:00:00:00:00:0a", "192.0.2.11"), {}
    followed = transport(host="192.0.2.11", search="192.0.2.0/24")
    told["first"] = [followed.description]
    await until_open(followed, 10)
    await followed.write(b"one\n")
    told["first"] += [followed.address, followed.description]
    await followed.close()
    ours.move("192.0.2.42")
    other = Printer("b", "02:00:00:00:00:0b", "192.0.2.11")
    told["seconds"] = await until_open(followed, 30)
    await followed.write(b"two\n")
    told["second"] = [followed.address, followed.description]
    await followed.close()
    named = transport(search="192.0.2.0/24")
    await until_open(named, 10)
    told["without_host"] = named.address
    await named.close()
    ip("neigh flush all")
    fixed = transport(host="192.0.2.11")
    try:
        await fixed.open(RecordingSink())
    except TransportError as error:
        told["stranger"] = str(error)
    announced = TcpTransport(fixed._settings, lambda: ("printer.example", "192.0.2.42"))
    await until_open(announced, 10)
    told["announced"] = announced.address
    await announced.close()
    told["ours"], told["other"] = ours.received(), other.received()
    print(json.dumps(told))

asyncio.run(main())
"""


def in_a_network_of_its_own() -> dict[str, Any]:
    for tool in ("ip", "unshare", "nsenter"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} command here")
    trial = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False, timeout=20)
    if trial.returncode:
        pytest.skip(f"only root makes a network namespace here: {trial.stderr.decode().strip()}")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", NETWORK, PRINTER],
        capture_output=True,
        check=False,
        timeout=90,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_printer_is_followed_to_its_new_address_and_nobody_else_is_sent_anything() -> None:
    told = in_a_network_of_its_own()
    assert told["first"] == [f"tcp {OURS} at 192.0.2.11:9100", "192.0.2.11", f"tcp {OURS} at 192.0.2.11:9100"]
    assert told["second"] == ["192.0.2.42", f"tcp {OURS} at 192.0.2.42:9100"]
    assert told["without_host"] == told["announced"] == "192.0.2.42"
    assert "at 192.0.2.11 is another device, 02:00:00:00:00:0B; nothing was sent to it" in told["stranger"]
    assert told["ours"] == ["one", "two"]
    assert told["other"] == []


def test_neighbours_are_read_from_the_kernel_s_table(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    neighbours = Neighbours(table)
    assert neighbours.mac_at("192.0.2.42") is None
    table.write_text(TABLE)
    assert neighbours.mac_at("192.0.2.42") == OURS
    assert neighbours.mac_at("192.0.2.43") is None
    assert neighbours.addresses_of(OURS) == ["192.0.2.42"]


async def test_device_behind_a_router_is_refused_since_nobody_can_say_who_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = {"kind": "tcp", "host": "127.0.0.1", "mac": OURS.lower(), "port": port}
        transport = TcpTransport(TcpTransportSettings.model_validate(settings))
        with pytest.raises(TransportError, match=r"who answers at 127\.0\.0\.1 cannot be told.*reserve its address"):
            await transport.open(RecordingSink())
        wire, _ = listener.accept()
        with wire:
            wire.setblocking(False)
            async with asyncio.timeout(5):
                assert await asyncio.get_running_loop().sock_recv(wire, 10) == b""


async def test_announcements_without_end_are_asked_for_in_part(tmp_path: Path) -> None:
    class Asked(Neighbours):
        addresses: tuple[str, ...] = ()

        def ask_for(self, addresses: Iterable[str]) -> None:
            self.addresses = tuple(addresses)

    def announced() -> tuple[str, ...]:
        return tuple(f"10.0.{number // 250}.{number % 250 + 1}" for number in range(60_000)) * 2

    asked = Asked(tmp_path / "arp")
    finder = tcp_by_mac.MacFinder(OURS, None, "192.0.2.0/30", announced, asked)

    async def attempt(address: str) -> Connection:
        raise AssertionError(address)

    with pytest.raises(TransportError, match="no address of it is known"):
        await finder.connect(attempt)
    assert len(asked.addresses) == len(set(asked.addresses)) == tcp_by_mac.ANNOUNCED_ADDRESSES_MAX + 2


async def test_name_server_that_is_silent_keeps_nobody_away_who_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_by_mac, "RESOLVE_S_MAX", 0.1)
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    async def silent(*_: object, **__: object) -> list[object]:
        await is_over.wait()
        return []

    monkeypatch.setattr(loop, "getaddrinfo", silent)
    transport = TcpTransport(TcpTransportSettings(kind="tcp", host="printer.example", mac=OURS))
    with pytest.raises(TransportError, match="no address of it is known"):
        async with asyncio.timeout(5):
            await transport.open(RecordingSink())
    is_over.set()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "expected host, mac or both"),
        ({"mac": "00:26:ab"}, "expected a MAC address such as 00:26:AB:12:34:56"),
        ({"host": "192.0.2.1", "search": "192.0.2.0/24"}, "search needs mac"),
        ({"mac": OURS, "search": "10.0.0.0/8"}, "at most 256 addresses"),
        ({"mac": OURS, "search": "2001:db8::/120"}, "expected an IPv4 network"),
    ],
)
def test_settings_by_which_nobody_can_be_found_are_refused(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TcpTransportSettings.model_validate({"kind": "tcp", **settings})
