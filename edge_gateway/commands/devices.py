"""``edge-gateway devices``: what is configured and how it is, what is attached, recognised or not, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge_gateway.devices.attached import Attached
    from edge_gateway.settings import GatewaySettings

DEFAULT_CONFIG = Path("/etc/edge-gateway/gateway.toml")
TIMEOUT_S = 2.0
"""A daemon on the same box answers in milliseconds; the list must also come without one."""


def register(app: typer.Typer) -> None:
    """Add ``devices``."""

    @app.command()
    def devices(
        config: Path = typer.Option(DEFAULT_CONFIG, help="The configuration file; without the default one, none."),
        as_json: bool = typer.Option(False, "--json", help="Print both lists as JSON."),
    ) -> None:
        """List the configured devices with their state, and what is attached to this box."""
        from edge_gateway.contracts.errors import ConfigError
        from edge_gateway.devices.attached import list_attached, to_json
        from edge_gateway.settings import SITE_PROFILES

        try:
            settings = _settings(config)
            known = (settings.device, settings.profile_directories) if settings else ((), (SITE_PROFILES,))
            attached = list_attached(*known)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        configured, source = _configured(settings)
        if as_json:
            document = {"source": source, "devices": configured, "attached": [to_json(each) for each in attached]}
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            typer.echo(describe(source, configured, attached))


def describe(source: str, configured: Sequence[dict[str, Any]], attached: Sequence[Attached]) -> str:
    """Both lists for people."""
    lines = [f"Configured ({source}):" if configured else f"Configured ({source}): none"]
    for device in configured:
        state = ": ".join(part for part in (device["power"], device["reason"]) if part)
        place = f"{device['lane']:<10} {device['id']:<20} {device['profile']:<24}"
        lines.append(f"  {place} {state}\n  {'':<10} {device['transport']}")
    lines.append("Attached:" if attached else "Attached: no serial port and no keyboard with a stable name")
    for found in attached:
        usb = f", {found.usb}" if found.usb else ""
        lines.append(f"  {found.path} ({found.node}{usb})\n  {'':<10} {found.verdict}")
    return "\n".join(lines)


def _settings(path: Path) -> GatewaySettings | None:
    from edge_gateway.settings_loader import load_settings

    if path == DEFAULT_CONFIG and not path.exists():
        return None
    return load_settings(path)


def _configured(settings: GatewaySettings | None) -> tuple[list[dict[str, Any]], str]:
    """From the running gateway, which knows their state; else from the file, as far as the box can be looked at."""
    import httpx2

    from edge_gateway.settings import StatusSettings

    status = settings.status if settings else StatusSettings()
    url = f"http://{status.host}:{status.port}"
    try:
        # trust_env: a proxy for the internet does not know the box's own address.
        answer = httpx2.get(f"{url}/status", timeout=TIMEOUT_S, trust_env=False)
        answer.raise_for_status()
        return [_of_daemon(device) for device in answer.json()["devices"]], f"as the gateway at {url} says"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError):
        found = [_of_file(device) for device in settings.model_dump(mode="json")["device"]] if settings else []
        return found, f"the gateway does not answer at {url}; states are not known"


def _of_daemon(device: dict[str, Any]) -> dict[str, Any]:
    keys = ("id", "lane", "device_class", "profile", "power", "reason", "since", "reconnect_count")
    return {**{key: device[key] for key in keys}, "transport": device["info"].get("transport", "")}


def _of_file(device: dict[str, Any]) -> dict[str, Any]:
    transport = device["transport"]
    place = str(transport.get("path", transport.get("host", "")))
    is_missing = "path" in transport and not Path(place).exists()
    return {
        "id": device["id"],
        "lane": device["lane"],
        "profile": device["profile"],
        "power": "unknown",
        "reason": "its node is not there" if is_missing else None,
        "transport": " ".join(part for part in (str(transport.get("kind", "")), place) if part),
    }
