"""The real daemon, configured for a benchmark."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulators.gateway_process import GatewayProcess, config_text
from simulators.mosquitto import free_port

OUTBOX_BYTES_MAX: Final = 20_000_000_000
"""Ten times the default: a benchmark that fills a store is not to end at its limit."""
REQUESTS_PER_MINUTE_MAX: Final = 1_000_000
"""What the line can carry is measured, not the rate that is allowed in operation."""


def gateway(
    directory: Path,
    broker_port: int,
    *,
    store_id: str,
    devices: Sequence[Mapping[str, Any]] = (),
    cloud: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    is_encrypted: bool = False,
    module: str = "edge_gateway",
) -> GatewayProcess:
    """Not started. ``directory`` is made, with its ``outbox``. ``settings``: of the top level; ``cloud``: a section;
    ``module``: as of ``GatewayProcess``."""
    outbox = directory / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    status_port = free_port()
    sections: dict[str, Mapping[str, Any]] = {
        "": settings or {},
        "store": {"id": store_id},
        "bus": {"port": broker_port},
        "outbox": {"directory": outbox, "disk_free_bytes_min": 0, "bytes_max": OUTBOX_BYTES_MAX},
        "status": {"port": status_port},
        "log": {"level": "warning", "format": "json"},
    }
    if is_encrypted:
        sections["outbox.encryption"] = {"key_file": key_file(directory)}
    if cloud is not None:
        sections["cloud"] = {"requests_per_minute_max": REQUESTS_PER_MINUTE_MAX, **cloud}
    config = directory / "gateway.toml"
    config.write_text(config_text(sections, devices))
    return GatewayProcess(config, directory / "gateway.log", status_port=status_port, module=module)


def key_file(directory: Path) -> Path:
    """With one key; made when it is not there."""
    path = directory / "keys"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n")
    return path
