"""``edge-gateway devices``: what is configured and how it is, what is attached, recognised or not, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge_gateway.contracts.attached_report import AttachedReport, SeenDevice
    from edge_gateway.settings import GatewaySettings

DEFAULT_CONFIG = Path("/etc/edge-gateway/gateway.toml")
TIMEOUT_S = 2.0
"""A daemon on the same box answers in milliseconds; the list must also come without one."""


def register(app: typer.Typer) -> None:
    """Add ``devices``, ``devices adopt`` and ``devices forget``."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    app.add_typer(group, name="devices")

    @group.callback()
    def devices(
        context: typer.Context,
        config: Path = typer.Option(DEFAULT_CONFIG, help="The configuration file; without the default one, none."),
        as_json: bool = typer.Option(False, "--json", help="Print both lists as JSON."),
    ) -> None:
        """List the configured devices with their state, and what is attached to this box: taken or not, and why."""
        from edge_gateway.contracts.errors import ConfigError

        context.obj = config
        if context.invoked_subcommand is not None:
            return
        try:
            settings = _settings(config)
            source, configured, attached = _look(settings)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        if as_json:
            told = [each.model_dump(mode="json") for each in attached.devices]
            document = {"source": source, "devices": configured, "told_by": attached.source, "attached": told}
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            typer.echo(describe(source, configured, attached))

    @group.command()
    def adopt(
        context: typer.Context,
        selector: str = typer.Argument(help="The attached device, as the list names it: usb:05e0:1200:S123."),
        profile: str | None = typer.Option(None, help="Profile to use, or to extend; default: what fits best."),
        lane: str = typer.Option("shared", help="Where the device stands."),
        own_id: str | None = typer.Option(None, "--id", help="The device's id; default: made from its identity."),
        config: Path | None = typer.Option(None, help="The configuration file, as of devices itself."),
        write: bool = typer.Option(False, "--write", help="Write the profile stub into the site's directory."),
    ) -> None:
        """Print the section for an attached device and, for an unknown model, the stub of its profile."""
        from edge_gateway.commands._devices_adopt import adopt_device
        from edge_gateway.contracts.errors import ConfigError
        from edge_gateway.settings import SITE_PROFILES

        try:
            settings = _settings(config or context.obj)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        directory = settings.profiles_directory if settings else SITE_PROFILES
        adopt_device(selector, directory, profile, lane, own_id, is_writing=write)

    @group.command()
    def forget(
        context: typer.Context,
        device_id: str = typer.Argument(metavar="ID", help="Id of the device that was taken, such as scanner-05e0-S1."),
        config: Path | None = typer.Option(None, help="The configuration file, as of devices itself."),
    ) -> None:
        """Forget a device that was taken without configuration and is away: what it told, counted and was known by.

        Exit 1 where something is in the way, 2 where no such device is known.
        """
        from edge_gateway.commands._devices_forget import forget_device
        from edge_gateway.contracts.errors import ConfigError
        from edge_gateway.settings_loader import load_settings

        path = config or context.obj
        try:
            settings = load_settings(path)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        forget_device(settings, path, device_id)


def describe(source: str, configured: Sequence[dict[str, Any]], attached: AttachedReport) -> str:
    """Both lists for people."""
    lines = [f"Devices ({source}):" if configured else f"Devices ({source}): none"]
    for device in configured:
        state = ": ".join(part for part in (device["power"], device["reason"]) if part)
        place = f"{device['lane']:<10} {device['id']:<20} {device['profile']:<24}"
        lines.append(f"  {place} {state}\n  {'':<10} {device['transport']}")
        if device.get("firmware") is not None:
            judged = (device["firmware_status"] or "no policy").replace("_", " ")
            lines.append(f"  {'':<10} firmware {device['firmware']} ({judged})")
    lines.append("Attached:" if attached.devices else "Attached: nothing that could be a device")
    for found in attached.devices:
        lines += _described(found)
    return "\n".join(lines)


def _described(found: SeenDevice) -> list[str]:
    said = " ".join(part for part in (found.manufacturer, found.product) if part)
    place = f"socket {found.port}" if found.port else found.address or ""
    lines = [f"  {found.claim.upper():<11} {found.identity}", f"  {'':<11} {found.why}"]
    if said or place:
        lines.insert(1, f"  {'':<11} {', '.join(part for part in (said, place) if part)}")
    for node in found.nodes:
        of = " ".join(part for part in (node.kind or "not for the gateway", *node.usages) if part)
        lines.append(f"  {'':<11}   {node.path} ({of})")
    if found.warning:
        lines.append(f"  {'':<11} WARNING: {found.warning}")
    return lines


def _settings(path: Path) -> GatewaySettings | None:
    from edge_gateway.settings_loader import load_settings

    if path == DEFAULT_CONFIG and not path.exists():
        return None
    return load_settings(path)


def _look(settings: GatewaySettings | None) -> tuple[str, list[dict[str, Any]], AttachedReport]:
    """From the running gateway, which knows it all; else from the file, as far as the box can be looked at."""
    import httpx2
    from pydantic import ValidationError

    from edge_gateway.contracts.attached_report import AttachedReport
    from edge_gateway.settings import StatusSettings

    url = (settings.status if settings else StatusSettings()).local_url
    try:
        # trust_env: a proxy for the internet does not know the box's own address.
        with httpx2.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as client:
            answer, list_answer = client.get("/status"), client.get("/devices/attached")
        answer.raise_for_status()
        list_answer.raise_for_status()
        devices = [_of_daemon(device) for device in answer.json()["devices"]]
        return f"as the gateway at {url} says", devices, AttachedReport.model_validate(list_answer.json())
    except (httpx2.HTTPError, httpx2.InvalidURL, ValidationError, ValueError, KeyError, TypeError):
        found = [_of_file(device) for device in settings.model_dump(mode="json")["device"]] if settings else []
        source = f"the gateway does not answer at {url}; states are not known"
        return source, found, _scan(settings)


def _scan(settings: GatewaySettings | None) -> AttachedReport:
    """By itself: reads names and ids only. Raises ConfigError."""
    from edge_gateway.devices.attached.inventory import Inventory
    from edge_gateway.devices.attached.survey import survey
    from edge_gateway.devices.profiles import load_profiles
    from edge_gateway.devices.resolving import resolve_devices
    from edge_gateway.settings import SITE_PROFILES
    from edge_gateway.settings_discovery import DiscoverySettings

    directories = settings.profile_directories if settings else (SITE_PROFILES,)
    resolved = resolve_devices(settings.device, directories) if settings else []
    inventory = Inventory()
    inventory.refresh()
    places = {device.id: transport for device, _, transport, _ in resolved}
    discovery = settings.discovery if settings else DiscoverySettings()
    return survey(inventory, discovery, places, load_profiles(directories))


def _of_daemon(device: dict[str, Any]) -> dict[str, Any]:
    keys = ("id", "lane", "device_class", "profile", "power", "reason", "since", "reconnect_count")
    firmware = {key: device.get(key) for key in ("firmware", "firmware_status")}
    return {**{key: device[key] for key in keys}, **firmware, "transport": device["info"].get("transport", "")}


def _of_file(device: dict[str, Any]) -> dict[str, Any]:
    transport = device["transport"]
    place = next((str(transport[key]) for key in ("path", "device", "host", "address") if transport.get(key)), "")
    is_missing = bool(transport.get("path")) and not Path(place).exists()
    return {
        "id": device["id"],
        "lane": device["lane"],
        "profile": device["profile"],
        "power": "unknown",
        "reason": "its node is not there" if is_missing else None,
        "transport": " ".join(part for part in (str(transport.get("kind", "")), place) if part),
    }
