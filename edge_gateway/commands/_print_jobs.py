"""Print jobs of the running gateway, asked for over the store's broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from edge_gateway.contracts.states import flag_words

if TYPE_CHECKING:
    from edge_gateway.settings import GatewaySettings

Printer = typer.Argument(metavar="PRINTER", help="Id of the printer in the configuration.")
JobId = typer.Argument(metavar="JOB", help="Id of the job, as jobs lists it.")
Config = typer.Option(Path("/etc/edge-gateway/gateway.toml"), "--config", help="The configuration file.")
AsJson = typer.Option(False, "--json", help="Print the jobs as JSON.")
Operator = typer.Option(None, "--operator", help="Who decides; into the audit trail.")
Reason = typer.Option(None, "--reason", help="Why; into the audit trail.")

REFUSED, UNKNOWN = 1, 2
"""Exit codes."""


class JobGroup(TyperGroup):
    """``print DOCUMENT.json --preview ...`` is ``print preview DOCUMENT.json --preview ...``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_command = not args or args[0] in self.commands or args[0] == "--help"
        return super().parse_args(ctx, args if is_command else ["preview", *args])


def jobs(
    printer: str = Printer,
    states: list[str] = typer.Option([], "--state", help="Only jobs in this state, such as unknown; may be repeated."),
    limit: int = typer.Option(50, "--limit", min=1, max=500, help="The newest so many."),
    config: Path = Config,
    as_json: bool = AsJson,
) -> None:
    """The newest print jobs of a printer: what waits, what was printed, what a person has to look at."""
    found = _ask(config, printer, "read_jobs", {"states": states, "limit": limit})["jobs"]
    _show(found, as_json=as_json)


def cancel(printer: str = Printer, job_id: str = JobId, config: Path = Config, as_json: bool = AsJson) -> None:
    """Give a print job up. What of it is on paper stays there."""
    _show([_ask(config, printer, "cancel_job", {"job_id": job_id})["job"]], as_json=as_json)


def reprint(
    printer: str = Printer,
    job_id: str = JobId,
    operator: str | None = Operator,
    reason: str | None = Reason,
    config: Path = Config,
    as_json: bool = AsJson,
) -> None:
    """Print an ended job once more, marked as a copy: a new job. It settles one of which nobody knows the end."""
    params = {"job_id": job_id, "answer": "accepted", **_who(operator, reason)}
    _show([_ask(config, printer, "reprint", params)], as_json=as_json)


def dismiss(
    printer: str = Printer,
    job_id: str = JobId,
    operator: str | None = Operator,
    reason: str | None = Reason,
    config: Path = Config,
    as_json: bool = AsJson,
) -> None:
    """Somebody has looked at the paper of an unknown job: nothing more is to be done."""
    _show([_ask(config, printer, "dismiss", {"job_id": job_id, **_who(operator, reason)})["job"]], as_json=as_json)


def clear_error(printer: str = Printer, config: Path = Config, as_json: bool = AsJson) -> None:
    """Tell a printer that somebody freed its knife or its mechanism: it goes on with what it holds."""
    found = _ask(config, printer, "clear_error", {})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{printer}: {flag_words(found.get('flags', ())) or 'nothing is in its way'}")


def _who(operator: str | None, reason: str | None) -> dict[str, str]:
    return {key: value for key, value in (("operator", operator), ("reason", reason)) if value is not None}


def _ask(config: Path, printer: str, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result; typer.Exit with what is in the way."""
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.settings_loader import load_settings

    try:
        settings = load_settings(config)
    except ConfigError as error:
        raise _end(str(error), UNKNOWN) from None
    return asyncio.run(_answer(settings, printer, name, params))


async def _answer(settings: GatewaySettings, printer: str, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    import aiomqtt

    from edge_gateway.diagnosis.device_link import NoAnswerError, open_link

    try:
        async with open_link(settings.bus, settings.store.id, printer, purpose="by-hand") as link:
            if link.lane is None:
                known = ", ".join(device.id for device in settings.device) or "none"
                raise _end(f"no device {printer} is known to the gateway; configured: {known}", UNKNOWN)
            reply = await link.ask(name, params)
    except NoAnswerError as error:
        raise _end(f"{error}; see edge-gateway doctor", REFUSED) from error
    except (OSError, aiomqtt.MqttError) as error:
        address = f"{settings.bus.host}:{settings.bus.port}"
        raise _end(f"the broker at {address} was not reached ({error}); see edge-gateway doctor", REFUSED) from error
    problem = reply.get("error")
    if problem is not None:
        raise _end(f"{problem['code']}: {problem['message']}", REFUSED)
    result: Mapping[str, Any] = reply.get("result") or {}
    return result


def _show(found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(list(found), ensure_ascii=False, indent=2))
        return
    for job in found:
        typer.echo(_line(job))
    if not found:
        typer.echo("no such print jobs")


def _line(job: Mapping[str, Any]) -> str:
    error = job.get("error") or {}
    notes = [
        f"waits: {job.get('waiting_reason') or job['waiting_for'].replace('_', ' ')}" if job.get("waiting_for") else "",
        f"copy of {job['copy_of']}" if job.get("copy_of") else "",
        f"at {job['printer']}" if job.get("printer") != job.get("device_id") else "",
        f"{job['sent_bytes']} of {job['total_bytes']} bytes sent"
        if job.get("state") in ("printing", "unknown")
        else "",
        "WAITS FOR YOU: look at the paper, then reprint or dismiss" if job.get("is_waiting_for_person") else "",
        str(error.get("message", "")) if not job.get("is_waiting_for_person") else "",
    ]
    told = "; ".join(note for note in notes if note)
    return f"{job.get('accepted_at')}  {job.get('state', ''):<10} {job.get('job_id')}{f'  {told}' if told else ''}"


def _end(words: str, code: int) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(code)
