"""``edge-gateway doctor``: looks at the box, the broker, the cloud, the clock, the disk and the devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.diagnosis.findings import Finding
    from edge_gateway.settings import GatewaySettings

_SIGNS = {"fine": "ok     ", "warning": "warning", "failed": "FAILED "}


def register(app: typer.Typer) -> None:
    """Add ``doctor``."""

    @app.command()
    def doctor(
        config: Path = typer.Option(Path("/etc/edge-gateway/gateway.toml"), help="The configuration file."),
        as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
    ) -> None:
        """Check everything the gateway needs and say what to do; run it as the gateway's user. Exit 1 on a failure."""
        import asyncio

        from edge_gateway.commands.config import find_file_problems, find_problems
        from edge_gateway.diagnosis.findings import Verdict, failed, fine, warning

        problems = find_problems(config)
        findings = [failed("configuration", str(problem), f"edit {config}") for problem in problems]
        if not problems:
            of_files = [warning("configuration", str(each), f"edit {config}") for each in find_file_problems(config)]
            findings += of_files or [fine("configuration", f"{config}: no problems")]
        settings = _settings(config)
        if settings is not None:
            findings += asyncio.run(look_around(settings))
        is_failed = any(finding.verdict is Verdict.FAILED for finding in findings)
        if as_json:
            document = {"is_fine": not is_failed, "findings": [finding.to_json() for finding in findings]}
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            typer.echo("\n".join(_line(finding) for finding in findings))
        raise typer.Exit(2 if settings is None else 1 if is_failed else 0)


async def look_around(settings: GatewaySettings) -> list[Finding]:
    """Every check; the slow ones at the same time."""
    import asyncio

    from edge_gateway.contracts.clock import SystemClock
    from edge_gateway.devices.attached.inventory import Inventory
    from edge_gateway.diagnosis import attached, box, network

    now = SystemClock().now()
    broker, cloud, uplinks, addresses = await asyncio.gather(
        network.check_broker(settings.bus),
        network.check_cloud(settings.cloud, now),
        network.check_uplinks(settings.uplink, settings.store.id),
        network.check_addresses(settings.device),
    )
    on_box = [*box.check_box(settings.outbox, now), broker, *cloud, *uplinks]
    inventory = Inventory()
    await asyncio.to_thread(inventory.refresh)
    of_devices = [*box.check_nodes(settings.device), *attached.check_attached(settings, inventory)]
    return [*on_box, *of_devices, *addresses]


def _settings(path: Path) -> GatewaySettings | None:
    """The settings where the models accept the values: a missing secret does not keep the rest from being looked at."""
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.settings_file import read_config
    from edge_gateway.settings_loader import check_config

    try:
        return check_config(read_config(path))[0]
    except ConfigError:
        return None


def _line(finding: Finding) -> str:
    remedy = f"\n         -> {finding.remedy}" if finding.remedy else ""
    return f"{_SIGNS[finding.verdict.value]}  {finding.name}: {finding.found}{remedy}"
