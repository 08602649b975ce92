"""Gateways as processes of their own, with one serial scanner each, beside a broker and, if wanted, a cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.gateway_process import GatewayProcess, config_text
from simulators.mosquitto import free_port

STORE_ID = "T001"
EVENTUALLY_S = 20.0
"""For a process that starts, or reconnects, on a busy machine."""


def gateway(
    directory: Path,
    broker_port: int,
    devices: list[Mapping[str, Any]] | None = None,
    *,
    outbox: Path | None = None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
) -> GatewayProcess:
    """Configured and not started. ``sections`` are laid over the defaults, key by key."""
    directory.mkdir(parents=True, exist_ok=True)
    outbox = outbox or directory / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    status_port = free_port()
    wanted: dict[str, dict[str, Any]] = {
        "store": {"id": STORE_ID},
        "bus": {"port": broker_port},
        "outbox": {"directory": outbox, "disk_free_bytes_min": 0},
        "status": {"port": status_port},
        "log": {"level": "info", "format": "json"},
    }
    for name, section in (sections or {}).items():
        wanted[name] = {**wanted.get(name, {}), **section}
    config = directory / "gateway.toml"
    config.write_text(config_text(wanted, devices or []))
    return GatewayProcess(config, directory / "gateway.log", status_port=status_port)


def serial_scanner(path: Path, device_id: str = "scanner", lane: str = "lane-1") -> Mapping[str, Any]:
    return {
        "id": device_id,
        "lane": lane,
        "profile": "generic-serial-scanner",
        "transport": {"kind": "serial", "path": path},
        "forward": ["barcode_scanned"],
    }


async def device_status(process: GatewayProcess, device_id: str, **wanted: Any) -> Mapping[str, Any]:
    """The device's part of /status as soon as it has these values. Fails the test with the last one seen."""
    found: Mapping[str, Any] = {}
    deadline = asyncio.get_running_loop().time() + EVENTUALLY_S
    while asyncio.get_running_loop().time() < deadline:
        status = await process.status() or {}
        found = next((each for each in status.get("devices", []) if each["id"] == device_id), {})
        if found and all(found[key] == value for key, value in wanted.items()):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{device_id} did not become {wanted}; it is {found}")
