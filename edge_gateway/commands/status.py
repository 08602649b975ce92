"""``edge-gateway status``: the health of the running daemon, in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from edge_gateway.contracts.states import flag_words

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT_S = 5.0
"""A daemon that does not answer its status in this time is as good as away."""


def register(app: typer.Typer) -> None:
    """Add ``status``."""

    @app.command()
    def status(
        url: str | None = typer.Option(None, help=f"Address of the status endpoint; default {DEFAULT_URL}."),
        config: Path | None = typer.Option(None, "--config", help="Configuration file that names the address instead."),
        as_json: bool = typer.Option(False, "--json", help="Print the whole snapshot as JSON."),
    ) -> None:
        """Say how the running gateway is; exit 1 if it cannot be reached or is unhealthy."""
        url = url or (DEFAULT_URL if config is None else _configured(config))
        snapshot = _ask(url)
        if "error" in snapshot:
            text = f"the gateway does not answer at {url}: {snapshot['error']}"
            text += "\nIs it running? systemctl status edge-gateway"
            typer.echo(json.dumps(snapshot) if as_json else text, err=not as_json)
            raise typer.Exit(1)
        typer.echo(json.dumps(snapshot, ensure_ascii=False, indent=2) if as_json else describe(snapshot))
        raise typer.Exit(1 if snapshot["health"]["status"] == "unhealthy" else 0)


def describe(snapshot: dict[str, Any]) -> str:
    """The snapshot for people: the health first, then its reasons, then what there is."""
    gateway, health = snapshot["gateway"], snapshot["health"]
    lines = [
        f"{health['status'].upper()}: store {gateway['store_id']}, version {gateway['version']}, "
        f"{gateway['state']} for {_duration(gateway['uptime_s'])}"
    ]
    lines += [f"  {reason['part']}: {reason['text']} ({reason['health']})" for reason in health["reasons"]]
    lines.append("Devices:" if snapshot["devices"] else "Devices: none configured")
    for device in snapshot["devices"]:
        conditions = flag_words(device["flags"])
        state = ": ".join(part for part in (device["power"], device["reason"] or conditions) if part)
        claim = device.get("claim")
        held = f", held by {claim['owner']}" if claim else ""
        lines.append(f"  {device['lane']:<10} {device['id']:<20} {device['device_class']:<14} {state}{held}")
    bus = snapshot["bus"]
    lines.append(f"Broker:  {bus['address']} {'connected' if bus['is_connected'] else 'not connected'}")
    for name, stream in snapshot["outbox"]["streams"].items():
        counts = f"{stream['pending']} waiting, {stream['dead']} refused, {stream['delivered_total']} delivered"
        lines.append(f"Outbox:  {name}: {counts}")
    for uplink in snapshot["uplinks"]:
        last = uplink.get("last_sync")
        when = f", last delivery {_local(last, gateway.get('timezone', 'UTC'))}" if last else ""
        lag = f", {uplink['lag_events']} waiting" if uplink.get("lag_events") else ""
        lines.append(f"Cloud:   {uplink['name']}: {uplink['health']}{lag}{when}")
    return "\n".join(lines)


def _configured(config: Path) -> str:
    """Exit 2 if the file cannot be used."""
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.settings_loader import load_settings

    try:
        return load_settings(config).status.local_url
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _ask(url: str) -> dict[str, Any]:
    """The snapshot, or why there is none as ``{"error": …}``."""
    import httpx2

    try:
        # trust_env: a proxy for the internet does not know the box's own address.
        answer = httpx2.get(f"{url.rstrip('/')}/status", timeout=TIMEOUT_S, trust_env=False)
        answer.raise_for_status()
        snapshot = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return {"error": str(error) or type(error).__name__}
    if not isinstance(snapshot, dict) or "health" not in snapshot:
        return {"error": "what answers there is not edge-gateway"}
    return snapshot


def _local(instant: str, timezone: str) -> str:
    """As the clock on the store's wall shows it."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S} {timezone}"


def _duration(seconds: float) -> str:
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
