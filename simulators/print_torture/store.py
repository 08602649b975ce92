"""The store of the print campaign: a broker behind relays, the gateway, printers, and tills that print."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

from simulators.gateway_process import GatewayProcess, config_text
from simulators.mosquitto import Mosquitto, free_port
from simulators.pos_client_link import PosAddress
from simulators.print_torture.byte_traps import ByteTraps
from simulators.print_torture.effects import Effects
from simulators.print_torture.oracle import PrintOracle
from simulators.print_torture.printers import TorturedPrinter, make_printers
from simulators.print_torture.tills import PrintingTill
from simulators.relay import Relay
from simulators.torture.gateway import TorturedGateway, last_line

STORE_ID: Final = "PRINT"
LANE: Final = "lane-1"
TILLS: Final = 4
READY_TIMEOUT_S: Final = 60.0
LOOK_INTERVAL_S: Final = 0.2


class PrintStore:
    """Everything listens on loopback. Gateway and tills reach the broker only through relays."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.broker = Mosquitto(directory / "broker", is_persistent=True)
        self.broker.port = free_port()
        self.bus_relay = Relay(self.broker.host, self.broker.port)
        self.till_relay = Relay(self.broker.host, self.broker.port)
        self.oracle = PrintOracle()
        self.printers: list[TorturedPrinter] = make_printers(directory)
        self.traps = ByteTraps()
        """They wait for a byte of any printer."""
        for printer in self.printers:
            printer.machine.shared = self.traps
        self.effects = Effects()
        process = GatewayProcess(directory / "gateway.toml", directory / "gateway.log", status_port=free_port())
        self.gateway = TorturedGateway(process)
        self.tills: list[PrintingTill] = []
        self._outbox = directory / "outbox"
        self.broker_deaths = 0
        self.closing = asyncio.Event()
        """The faults of this moment are the last ones."""
        self._seed = seed
        self._is_broker_wanted = False

    async def start(self) -> None:
        """Raises OSError or RuntimeError, in plain words, if a part does not start."""
        self._outbox.mkdir(parents=True, exist_ok=True)
        await self.start_broker()
        for relay in (self.bus_relay, self.till_relay):
            await relay.start()
        for printer in self.printers:
            await printer.start()
        self._write_config()
        self.tills = [self._till(number) for number in range(1, TILLS + 1)]
        await self.gateway.start()
        if not await self.gateway.wait_ready(READY_TIMEOUT_S):
            said = last_line(self.gateway.process.log_file)
            raise RuntimeError(f"the gateway was not ready within {READY_TIMEOUT_S} s: {said}")
        await self.gateway.process.wait_devices_online()

    async def run(self) -> None:
        """Until cancelled: watch the gateway, keep the broker and the tills' connections."""
        async with asyncio.TaskGroup() as group:
            for part in (self.gateway.run(), self._keep_broker(), *(till.run() for till in self.tills)):
                group.create_task(part)

    async def start_broker(self) -> None:
        """Idempotent."""
        if not self.broker.is_running:
            await self.broker.start()
        self._is_broker_wanted = True

    def strike_broker(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, at once; ``end_broker`` must follow."""
        self._is_broker_wanted = False
        self.broker.strike(number)

    async def end_broker(self, end: Callable[[], Awaitable[None]]) -> None:
        """``end``: its ``stop`` or its ``kill``."""
        self._is_broker_wanted = False
        await end()

    async def heal(self) -> None:
        """Every part well and running; idempotent."""
        await self.start_broker()
        for relay in (self.bus_relay, self.till_relay):
            await relay.heal()
        for printer in self.printers:
            await printer.heal()
        await self.gateway.start()

    async def stop(self) -> None:
        """Everything, in the reverse order."""
        await self.gateway.close()
        for printer in self.printers:
            await printer.stop()
        for relay in (self.bus_relay, self.till_relay):
            await relay.stop()
        await self.end_broker(self.broker.stop)

    async def _keep_broker(self) -> None:
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            if self._is_broker_wanted and not self.broker.is_running:
                self.broker_deaths += 1
                await self.start_broker()

    def _till(self, number: int) -> PrintingTill:
        """Every other one speaks MQTT 3.1.1, as old ones do."""
        version: Literal["5", "3.1.1"] = "5" if number % 2 else "3.1.1"
        address = PosAddress(STORE_ID, LANE, f"T{number}", port=self.till_relay.port, version=version)
        return PrintingTill(address, self.oracle, self._seed)

    def _write_config(self) -> None:
        sections: dict[str, dict[str, Any]] = {
            "store": {"id": STORE_ID},
            "bus": {"host": self.bus_relay.host, "port": self.bus_relay.port, "keepalive_s": 5},
            "outbox": {"directory": self._outbox, "disk_free_bytes_min": 0},
            "status": {"port": self.gateway.process.status_port},
            "log": {"level": "info", "format": "json"},
        }
        devices = [printer.device(LANE) for printer in self.printers]
        self.gateway.process.config.write_text(config_text(sections, devices))
