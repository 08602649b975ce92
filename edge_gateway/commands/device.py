"""``edge-gateway device test``: tries one device of the running gateway, with the person who stands before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.diagnosis.findings import Finding
    from edge_gateway.settings import GatewaySettings

_SIGNS = {"fine": "ok     ", "warning": "warning", "failed": "FAILED "}
WAIT_S = 20.0
"""For a person to find something to scan, or to weigh."""


def register(app: typer.Typer) -> None:
    """Add ``device test``."""
    group = typer.Typer(no_args_is_help=True, help="One device of the running gateway.")
    app.add_typer(group, name="device")

    @group.callback()
    def device() -> None:
        """One device of the running gateway."""

    @group.command()
    def test(
        device_id: str = typer.Argument(metavar="ID", help="Id of the device in the configuration."),
        config: Path = typer.Option(Path("/etc/edge-gateway/gateway.toml"), help="The configuration file."),
        seconds: float = typer.Option(WAIT_S, min=0, help="How long to wait for you; 0: ask nothing of anybody."),
        is_printing: bool = typer.Option(False, "--print", help="Print a test page, if it is a printer."),
        as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
    ) -> None:
        """Try a device: what works, what does not, and what to do. Exit 1 if it does not work."""
        import asyncio

        from edge_gateway.contracts.errors import ConfigError
        from edge_gateway.diagnosis.device_examination import UNKNOWN
        from edge_gateway.diagnosis.findings import Verdict
        from edge_gateway.settings_loader import load_settings

        try:
            settings = load_settings(config)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        known = ", ".join(each.id for each in settings.device) or "none"
        is_configured = any(each.id == device_id for each in settings.device)
        findings = asyncio.run(_examine(settings, device_id, seconds, is_printing, as_json))
        if not is_configured and any(finding.found == UNKNOWN for finding in findings):
            typer.echo(f"no device {device_id} is known; configured in {config}: {known}", err=True)
            raise typer.Exit(2)
        is_fine = all(finding.verdict is not Verdict.FAILED for finding in findings)
        if as_json:
            document = {
                "device_id": device_id,
                "is_fine": is_fine,
                "findings": [finding.to_json() for finding in findings],
            }
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        raise typer.Exit(0 if is_fine else 1)


async def _examine(
    settings: GatewaySettings, device_id: str, wait_s: float, is_printing: bool, as_json: bool
) -> list[Finding]:
    """Tell each finding as it comes: a person waits."""
    import aiomqtt

    from edge_gateway.diagnosis.device_examination import examine
    from edge_gateway.diagnosis.device_link import open_link
    from edge_gateway.diagnosis.findings import failed

    findings: list[Finding] = []

    def note(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            typer.echo(_line(finding))

    try:
        async with open_link(settings.bus, settings.store.id, device_id) as link:
            async for finding in examine(link, wait_s=wait_s, is_printing=is_printing, tell=_tell):
                note(finding)
    except (OSError, aiomqtt.MqttError) as error:
        address = f"{settings.bus.host}:{settings.bus.port}"
        remedy = "is Mosquitto running? systemctl status mosquitto; then edge-gateway doctor"
        note(failed("broker", f"{address}: {error}", remedy))
    return findings


def _tell(words: str) -> None:
    """What to do now; not among the findings."""
    typer.echo(words, err=True)


def _line(finding: Finding) -> str:
    remedy = f"\n         -> {finding.remedy}" if finding.remedy else ""
    return f"{_SIGNS[finding.verdict.value]}  {finding.name}: {finding.found}{remedy}"
