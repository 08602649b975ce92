"""``edge-gateway outbox``: what waits for the cloud, what it refused, and whether the store is sound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from edge_gateway.commands._outbox_dead_letters import discard, edit, explain, replay
from edge_gateway.commands._outbox_keys import acknowledge_loss, keys, new_key
from edge_gateway.commands._outbox_store import (
    AsJson,
    Config,
    Directory,
    Ids,
    Stream,
    UplinkName,
    outline,
    outside_store,
    print_json,
    printable,
    whole,
)

Waiting = typer.Option(False, "--pending", help="Events that wait, instead of dead letters.")


def register(app: typer.Typer) -> None:
    """Add the ``outbox`` commands. All work beside a running gateway."""
    commands = typer.Typer(help="The events that wait for the cloud, and its dead letters.", no_args_is_help=True)
    app.add_typer(commands, name="outbox")
    commands.command("status")(status)
    commands.command("list")(list_events)
    commands.command("explain")(explain)
    commands.command("edit")(edit)
    commands.command("replay")(replay)
    commands.command("export")(export)
    commands.command("discard")(discard)
    commands.command("verify")(verify)
    commands.command("keys")(keys)
    commands.command("new-key")(new_key)
    commands.command("acknowledge-loss")(acknowledge_loss)


def status(config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson) -> None:
    """Counts and ages by stream, the lag of each uplink, how full the store is, its keys, what was salvaged."""
    from datetime import UTC, datetime

    from edge_gateway.store import inspection
    from edge_gateway.store.fill import disk_fill_percent

    with outside_store(config, directory, needs_keys=False) as store:
        found = inspection.status(store.connection, datetime.now(UTC))
        found["fill_percent"] = disk_fill_percent(store.settings, found["bytes_used"])
        found["encryption"] = _encryption(store.sealer.ring.is_configured, store.sealer.ring.source, directory)
    if as_json:
        print_json(found)
        return
    typer.echo(f"{'stream':<15}{'pending':>10}{'dead':>8}{'delivered':>12}{'dropped':>10}  oldest")
    for name, counts in found["streams"].items():
        age_s = counts["oldest_pending_age_s"]
        age = "-" if age_s is None else f"{age_s:.0f} s"
        dropped = sum(counts["dropped"].values())
        words = (
            f"{name:<15}{counts['pending']:>10}{counts['dead']:>8}{counts['delivered_total']:>12}{dropped:>10}  {age}"
        )
        typer.echo(words)
        for uplink, of_uplink in counts["uplinks"].items():
            lag, delivered = of_uplink["lag"], of_uplink["delivered_total"]
            typer.echo(printable(f"  to {uplink:<10}{lag:>10}{'':>8}{delivered:>12}"))
    for line in _lines(found):
        typer.echo(printable(line))


def list_events(
    pending: bool = Waiting,
    limit: int = typer.Option(50, "--limit", min=1, help="Events at most."),
    stream: str | None = Stream,
    uplink: str | None = UplinkName,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Dead letters with the far end's reason, or pending events; without their content."""
    from edge_gateway.store import inspection

    with outside_store(config, directory, needs_keys=False) as store:
        state = "pending" if pending else "dead"
        events = inspection.events(store.connection, state, stream=stream, limit=limit if uplink is None else -1)
        found = [event for event in events if uplink is None or event.uplink == uplink][:limit]
    if as_json:
        print_json([outline(event) for event in found])
        return
    for event in found:
        reason = "" if event.reason is None else f"  {event.uplink}: {event.reason}"
        typer.echo(printable(f"{event.appended_at}  {event.stream}  {event.id}  {event.type}{reason}"))
    if not found:
        typer.echo(f"no {'pending events' if pending else 'dead letters'}")


def export(
    ids: list[str] = Ids,
    pending: bool = Waiting,
    stream: str | None = Stream,
    uplink: str | None = UplinkName,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = typer.Option(False, "--json", help="One JSON array instead of a line per event."),
) -> None:
    """Print events whole and decrypted, as JSON lines. They hold what customers bought: keep the output safe.

    Exit 1 if one of the ids is not there, or an event cannot be read; the others are printed all the same.
    """
    from edge_gateway.store import inspection

    with outside_store(config, directory) as store:
        missing, unread, found = dict.fromkeys(ids or ()), 0, []
        for event in inspection.events(
            store.connection, "pending" if pending else "dead", stream=stream, ids=ids or ()
        ):
            if uplink is not None and event.uplink != uplink:
                continue
            missing.pop(event.id, None)
            one = whole(store, event)
            unread += "problem" in one
            if as_json:
                found.append(one)
            else:
                typer.echo(json.dumps(one, ensure_ascii=False))
        if as_json:
            print_json(found)
    for event_id in missing:
        typer.echo(
            printable(f"{event_id}: not found among the {'pending events' if pending else 'dead letters'}"), err=True
        )
    if unread:
        typer.echo(f'{unread} events cannot be read: each says why under "problem"', err=True)
    raise typer.Exit(1 if missing or unread else 0)


def verify(config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson) -> None:
    """Read the whole store and print every problem; exit 1 if there is one."""
    from edge_gateway.store import inspection

    with outside_store(config, directory, needs_keys=False) as store:
        found = inspection.problems(store.connection)
    if as_json:
        print_json({"is_sound": not found, "problems": found})
    else:
        for problem in found:
            typer.echo(printable(problem), err=True)
        if not found:
            typer.echo("the store is sound")
    raise typer.Exit(1 if found else 0)


def _encryption(is_configured: bool, source: str, directory: Path | None) -> str:
    if directory is not None:
        return "not looked at: no configuration was named"
    return f"new events are sealed with the first key of {source}" if is_configured else "off: events lie in clear"


def _lines(found: Mapping[str, Any]) -> list[str]:
    fill = found["fill_percent"]
    lines = [
        f"{found['bytes_used']} bytes used{'' if fill is None else f', {fill:.1f} % full'}, "
        f"schema version {found['schema_version']}, epoch {found['epoch']}",
        f"encryption: {found['encryption']}",
    ]
    for salvage in found["salvages"]:
        seen = "" if salvage["is_acknowledged"] else "; see `edge-gateway outbox acknowledge-loss`"
        stage = "" if salvage["stage"] == "done" else f" ({salvage['stage']})"
        lines.append(f"salvaged from {salvage['kept_as']}{stage}: {salvage['text']}{seen}")
    return lines
