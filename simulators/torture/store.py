"""The store under torture: broker, cloud and gateway with a relay on every link, tills, and a scanner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any, Literal

from simulators.cloud.faults import FaultMode
from simulators.cloud.simulator import CloudSimulator
from simulators.gateway_process import GatewayProcess, config_text
from simulators.link import PtyLink
from simulators.mosquitto import Mosquitto, free_port
from simulators.pos_client_link import PosAddress
from simulators.relay import Relay
from simulators.serial_scanner import SerialScanner
from simulators.torture.disk import DISK_FREE_BYTES_MIN, SmallDisk
from simulators.torture.fake_clock import FakeClock
from simulators.torture.gateway import TorturedGateway, last_line
from simulators.torture.oracle import Oracle
from simulators.torture.tills import Scanning, TorturedTill

STORE_ID = "TORTURE"
TERMINALS = 8
READY_TIMEOUT_S = 60.0
LOOK_INTERVAL_S = 0.2
PASSWORDS = {"gateway": "gateway-test", "till": "till-test", "watcher": "watcher-test"}
ACL: dict[str, tuple[str, ...]] = dict.fromkeys(PASSWORDS, ("topic readwrite #",))
DATABASE = "outbox.db"
EVENTS_DROPPED = "events_dropped"
"""What the gateway logs when it could not keep a device event."""


def acl_text(rules: dict[str, tuple[str, ...]]) -> str:
    """A Mosquitto ACL file."""
    return "".join(f"user {user}\n" + "".join(f"{line}\n" for line in lines) for user, lines in rules.items())


class TortureStore:
    """Everything listens on loopback. The gateway reaches broker and cloud, and the tills reach the broker, only
    through relays; the watcher of the scans asks the broker itself."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.disk = SmallDisk(directory / "disk")
        self.clock = FakeClock(directory / "clock")
        self.broker = Mosquitto(
            directory / "broker", passwords=PASSWORDS, acl=acl_text(ACL), is_persistent=True, extra=""
        )  # fmt: skip
        self.broker.port = free_port()
        self.cloud = CloudSimulator(port=free_port(), ledger_path=directory / "cloud-ledger.jsonl")
        self.bus_relay = Relay(self.broker.host, self.broker.port)
        self.till_relay = Relay(self.broker.host, self.broker.port)
        self.cloud_relay = Relay(self.cloud.host, self.cloud.port)
        self.oracle = Oracle(self.cloud.ledger)
        process = GatewayProcess(
            directory / "gateway.toml",
            directory / "gateway.log",
            status_port=free_port(),
            environment=self.clock.environment,
        )
        self.gateway = TorturedGateway(process)
        self.tills: list[TorturedTill] = []
        self._scanner = SerialScanner(PtyLink(directory / "scanner"), aim=False)
        watcher = PosAddress(
            STORE_ID, "+", "watcher", port=self.broker.port, username="watcher", password=PASSWORDS["watcher"]
        )
        self.scanning = Scanning(
            self._scanner, watcher, self.oracle, seed, lambda: not self.gateway.has_logged(EVENTS_DROPPED)
        )
        self._key_file = directory / "outbox-keys"
        self._keys: list[str] = []
        self.broker_deaths = 0
        self._is_broker_wanted = False
        self._seed = seed

    @property
    def database(self) -> Path:
        return self.disk.path / "outbox" / DATABASE

    async def start(self) -> None:
        """Raises OSError or RuntimeError, in plain words, if a part does not start."""
        await self.disk.mount()
        self.database.parent.mkdir(parents=True, exist_ok=True)
        self.clock.set(0)
        self.add_key(Random(f"{self._seed}/key"))
        await self.start_broker()
        await self.cloud.start()
        for relay in (self.bus_relay, self.till_relay, self.cloud_relay):
            await relay.start()
        await self._scanner.start()
        self.tills = [self.till(f"T{number}") for number in range(1, TERMINALS + 1)]
        self.write_config()
        await self.gateway.start()
        if not await self.gateway.wait_ready(READY_TIMEOUT_S):
            said = last_line(self.gateway.process.log_file)
            raise RuntimeError(f"the gateway was not ready within {READY_TIMEOUT_S} s: {said}")
        await self.gateway.process.wait_devices_online()

    def till(self, terminal_id: str) -> TorturedTill:
        """A till; every other one speaks MQTT 3.1.1, as old ones do."""
        number = int(terminal_id[1:])
        version: Literal["5", "3.1.1"] = "5" if number % 2 else "3.1.1"
        address = PosAddress(
            STORE_ID,
            f"lane-{number}",
            terminal_id,
            port=self.till_relay.port,
            username="till",
            password=PASSWORDS["till"],
            version=version,
        )
        return TorturedTill(address, self.oracle, self._seed)

    async def run(self) -> None:
        """Until cancelled: watch gateway and scans, and start a broker again that ended by itself, as systemd would."""
        async with asyncio.TaskGroup() as group:
            for part in (self.gateway.run(), self.scanning.watch(), self._keep_broker()):
                group.create_task(part)

    async def start_broker(self) -> None:
        """Idempotent."""
        if not self.broker.is_running:
            await self.broker.start()
        self._is_broker_wanted = True

    async def end_broker(self, end: Callable[[], Awaitable[None]]) -> None:
        """``end``: its ``stop`` or its ``kill``."""
        self._is_broker_wanted = False
        await end()

    async def _keep_broker(self) -> None:
        """Mosquitto 2.0.11 may crash when it is told to read its rules anew."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            if self._is_broker_wanted and not self.broker.is_running:
                self.broker_deaths += 1
                await self.start_broker()

    async def heal(self) -> None:
        """Every part well and running; idempotent, whatever a fault was in the middle of."""
        self.cloud.set_fault(FaultMode.NONE)
        self.disk.free()
        self.clock.set(0)
        self.write_config()
        self.broker.reload_acl(acl_text(ACL))
        await self.cloud.start()
        await self.start_broker()
        for relay in (self.bus_relay, self.till_relay, self.cloud_relay):
            await relay.heal()
        await self.gateway.start()
        self.gateway.resume()

    async def stop(self) -> None:
        """Everything, in the reverse order; the disk is unmounted."""
        await self.gateway.close()
        for relay in (self.bus_relay, self.till_relay, self.cloud_relay):
            await relay.stop()
        await self._scanner.stop()
        await self.cloud.stop()
        await self.end_broker(self.broker.stop)
        with contextlib.suppress(asyncio.CancelledError):
            await self.disk.unmount()

    def add_key(self, random: Random) -> int:
        """A new key that encrypts from now on; the older ones still decrypt. How many there are."""
        self._keys.insert(0, random.randbytes(32).hex())
        new = self._secret("outbox-keys.new", "".join(f"{key}\n" for key in self._keys))
        new.rename(self._key_file)
        return len(self._keys)

    def write_config(self, *, disk_free_bytes_min: int = DISK_FREE_BYTES_MIN) -> None:
        """In force from the gateway's next start."""
        secret = self._secret("cloud-secret", self.cloud.client_secret)
        password = self._secret("bus-password", PASSWORDS["gateway"])
        cloud_url = f"http://{self.cloud_relay.host}:{self.cloud_relay.port}"
        oauth = {
            "token_url": f"{cloud_url}/oauth/token",
            "client_id": self.cloud.client_id,
            "client_secret_file": secret,
        }
        sections: dict[str, dict[str, Any]] = {
            "": {"durable_before_bus": True},
            "store": {"id": STORE_ID},
            "bus": {
                "host": self.bus_relay.host, "port": self.bus_relay.port, "username": "gateway",
                "password_file": password, "keepalive_s": 5,
            },
            "outbox": {"directory": self.database.parent, "disk_free_bytes_min": disk_free_bytes_min},
            "outbox.encryption": {"key_file": self._key_file},
            "cloud": {"base_url": cloud_url, "connect_timeout_s": 2.0, "response_timeout_s": 4.0, "oauth": oauth},
            "status": {"port": self.gateway.process.status_port},
            "log": {"level": "info", "format": "json"},
        }  # fmt: skip
        scanner = {
            "id": "scanner", "lane": "lane-1", "profile": "generic-serial-scanner", "forward": ["barcode_scanned"],
            "transport": {"kind": "serial", "path": self.directory / "scanner"}, "settings": {"suffix": "crlf"},
        }  # fmt: skip
        self.gateway.process.config.write_text(config_text(sections, [scanner]))

    def _secret(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        return path
