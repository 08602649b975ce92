"""Puts the store together and takes it apart: broker, cloud, lanes, and the gateway as a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from simulators.cloud.simulator import CloudSimulator
from simulators.gateway_process import GatewayProcess, config_text
from simulators.label_printer import LabelPrinter
from simulators.mosquitto import Mosquitto, free_port
from simulators.printer_wires import WiredPrinter
from simulators.processes import require_free
from simulators.store_in_a_box.hands import Hands
from simulators.store_in_a_box.lanes import PLANS, STORE_ID, Lane
from simulators.store_in_a_box.office import KITCHEN, LABELS, Office


class StoreInABox:
    """Everything listens on loopback. Used as an async context manager.

    ``directory`` holds configuration, database, logs and device nodes. A port of 0 takes a free one.
    """

    def __init__(
        self, directory: Path, *, seed: int = 0, broker_port: int = 0, status_port: int = 0, cloud_port: int = 0
    ) -> None:
        self.directory = directory
        self.broker = Mosquitto(directory / "broker", is_persistent=True)
        self.broker.port = broker_port
        self.cloud = CloudSimulator(port=cloud_port, ledger_path=directory / "cloud-ledger.jsonl")
        self.lanes = [Lane(plan, directory, seed) for plan in PLANS]
        self.office = Office(directory)
        self._hands: list[Hands] = []
        config = directory / "gateway.toml"
        self.gateway = GatewayProcess(
            config, directory / "gateway.log", status_port=status_port or free_port()
        )  # fmt: skip

    @property
    def addresses(self) -> dict[str, Any]:
        """For people and other programs; also in ``addresses.json``."""
        return {
            "store": STORE_ID,
            "broker": {"host": self.broker.host, "port": self.broker.port},
            "status": f"http://127.0.0.1:{self.gateway.status_port}",
            "cloud": self.cloud.url,
            "directory": str(self.directory),
        }

    async def start(self) -> None:
        """Raises RuntimeError, in plain words, if a part does not start; what was started is stopped."""
        (self.directory / "outbox").mkdir(parents=True, exist_ok=True)
        for port, purpose in (
            (self.broker.port, "the broker"),
            (self.gateway.status_port, "the status endpoint"),
            (self.cloud.port, "the cloud"),
        ):
            require_free(port, purpose)
        try:
            await self.broker.start()
            await self.cloud.start()
            for lane in self.lanes:
                await lane.start()
            await self.office.start()
            self._lay_hands()
            self._write_config()
            await self.gateway.start()
            await self.gateway.wait_devices_online()
        except BaseException:
            await self.stop()
            raise
        (self.directory / "addresses.json").write_text(json.dumps(self.addresses))

    async def stop(self) -> None:
        await self.gateway.stop()
        for hands in self._hands:
            hands.release()
        for lane in self.lanes:
            await lane.stop()
        await self.office.stop()
        await self.cloud.stop()
        await self.broker.stop()

    async def __aenter__(self) -> StoreInABox:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _lay_hands(self) -> None:
        printers: dict[str, WiredPrinter | LabelPrinter] = {
            **{f"{lane.plan.name}-printer": lane.printer for lane in self.lanes},
            KITCHEN: self.office.kitchen,
            LABELS: self.office.labels,
        }
        for name, printer in printers.items():
            hands = Hands(self.directory, name)
            hands.take(printer)
            self._hands.append(hands)

    def _write_config(self) -> None:
        secret = self.directory / "cloud-secret"
        secret.write_text(self.cloud.client_secret)
        secret.chmod(0o600)
        oauth = {
            "token_url": self.cloud.token_url,
            "client_id": self.cloud.client_id,
            "client_secret_file": secret,
        }
        sections: dict[str, dict[str, Any]] = {
            "store": {"id": STORE_ID, "timezone": "Europe/Berlin"},
            "bus": {"host": self.broker.host, "port": self.broker.port},
            "outbox": {"directory": self.directory / "outbox"},
            "cloud": {
                "base_url": self.cloud.url, "response_timeout_s": 5.0, "retry_s_max": 5.0, "oauth": oauth,
            },
            "status": {"port": self.gateway.status_port},
            "log": {"level": "info", "format": "json"},
            "kitchen": {"route": [{"printer": KITCHEN, "categories": ["*"]}]},
        }  # fmt: skip
        devices = [*(device for lane in self.lanes for device in lane.devices), *self.office.devices]
        self.gateway.config.write_text(config_text(sections, devices))
