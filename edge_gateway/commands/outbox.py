"""``edge-gateway outbox``: what waits for the cloud, what it refused, and whether the store is sound."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import sqlite3

    from edge_gateway.store.inspection import StoredEvent

CONFIG_DEFAULT = Path("/etc/edge-gateway/gateway.toml")

Config = typer.Option(CONFIG_DEFAULT, "--config", help="Configuration file that names the directory of the outbox.")
Directory = typer.Option(None, "--directory", help="Directory of the outbox, instead of a configuration file.")
Stream = typer.Option(None, "--stream", help="Only this stream: transactions, inventory, device_events ...")
AsJson = typer.Option(False, "--json", help="Print JSON.")
Ids = typer.Argument(None, help="Event ids.")


def register(app: typer.Typer) -> None:
    """Add ``outbox status``, ``list``, ``replay``, ``export`` and ``verify``. All work beside a running gateway."""
    commands = typer.Typer(help="The events that wait for the cloud, and its dead letters.", no_args_is_help=True)
    app.add_typer(commands, name="outbox")
    commands.command("status")(status)
    commands.command("list")(list_events)
    commands.command("replay")(replay)
    commands.command("export")(export)
    commands.command("verify")(verify)


def status(config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson) -> None:
    """Counts and ages by stream, and the size on disk."""
    from datetime import UTC, datetime

    from edge_gateway.store import inspection

    with _store(config, directory) as connection:
        found = inspection.status(connection, datetime.now(UTC))
    if as_json:
        _print_json(found)
        return
    typer.echo(f"{'stream':<15}{'pending':>10}{'dead':>8}{'delivered':>12}  oldest")
    for name, counts in found["streams"].items():
        age_s = counts["oldest_pending_age_s"]
        age = "-" if age_s is None else f"{age_s:.0f} s"
        typer.echo(f"{name:<15}{counts['pending']:>10}{counts['dead']:>8}{counts['delivered_total']:>12}  {age}")
    typer.echo(f"{found['bytes_used']} bytes used, schema version {found['schema_version']}")


def list_events(
    pending: bool = typer.Option(False, "--pending", help="Events that wait, instead of dead letters."),
    limit: int = typer.Option(50, "--limit", min=1, help="Events at most."),
    stream: str | None = Stream,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Dead letters with the cloud's reason, or pending events; without their content."""
    from edge_gateway.store import inspection

    with _store(config, directory) as connection:
        state = "pending" if pending else "dead"
        found = list(inspection.events(connection, state, stream=stream, limit=limit))
    if as_json:
        _print_json([_outline(event) for event in found])
        return
    for event in found:
        reason = "" if event.reason is None else f"  {event.reason}"
        typer.echo(_printable(f"{event.appended_at}  {event.stream}  {event.id}  {event.type}{reason}"))
    if not found:
        typer.echo(f"no {'pending events' if pending else 'dead letters'}")


def replay(
    ids: list[str] = Ids,
    everything: bool = typer.Option(False, "--all", help="All dead letters (of the stream, if one is named)."),
    stream: str | None = Stream,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Send dead letters again, under their old ids. A running gateway need not be stopped; it notices in seconds."""
    from edge_gateway.store import inspection

    if not ids and not everything:
        typer.echo("name the event ids to replay, or --all", err=True)
        raise typer.Exit(2)
    with _store(config, directory, is_writing=True) as connection:
        replayed = inspection.replay(connection, stream=stream, ids=ids or ())
    missing = sorted(set(ids or ()) - set(replayed))
    if as_json:
        _print_json({"replayed": replayed, "not_found": missing})
    else:
        typer.echo(f"{len(replayed)} dead letters put back to be sent")
        for event_id in missing:
            typer.echo(f"{event_id} is no dead letter", err=True)
    raise typer.Exit(1 if missing else 0)


def export(
    ids: list[str] = Ids,
    pending: bool = typer.Option(False, "--pending", help="Events that wait, instead of dead letters."),
    stream: str | None = Stream,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = typer.Option(False, "--json", help="One JSON array instead of a line per event."),
) -> None:
    """Print events whole, as JSON lines. They hold what customers bought: keep the output as safe as the store."""
    from edge_gateway.store import inspection

    with _store(config, directory) as connection:
        missing = dict.fromkeys(ids or ())
        events = inspection.events(connection, "pending" if pending else "dead", stream=stream, ids=ids or ())
        whole = []
        for event in events:
            missing.pop(event.id, None)
            if as_json:
                whole.append(_whole(event))
            else:
                typer.echo(json.dumps(_whole(event), ensure_ascii=False))
        if as_json:
            _print_json(whole)
    for event_id in missing:
        typer.echo(
            _printable(f"{event_id}: not found among the {'pending events' if pending else 'dead letters'}"), err=True
        )
    raise typer.Exit(1 if missing else 0)


def verify(config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson) -> None:
    """Read the whole store and print every problem; exit 1 if there is one."""
    from edge_gateway.store import inspection

    with _store(config, directory) as connection:
        found = inspection.problems(connection)
    if as_json:
        _print_json({"is_sound": not found, "problems": found})
    else:
        for problem in found:
            typer.echo(problem, err=True)
        if not found:
            typer.echo("the store is sound")
    raise typer.Exit(1 if found else 0)


@contextlib.contextmanager
def _store(config: Path, directory: Path | None, *, is_writing: bool = False) -> Iterator[sqlite3.Connection]:
    """Exit 2 if the configuration cannot be used, 1 if the store cannot."""
    from edge_gateway.contracts.errors import ConfigError, StoreError
    from edge_gateway.settings_loader import load_settings
    from edge_gateway.store import inspection

    try:
        place = load_settings(config).outbox.directory if directory is None else directory
        with inspection.opened(place, is_writing=is_writing) as connection:
            yield connection
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except StoreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _printable(text: str) -> str:
    """What a cloud wrote, without what would move the cursor or colour the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _outline(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "stream": event.stream,
        "state": event.state,
        "source": event.source,
        "type": event.type,
        "appended_at": event.appended_at,
        "reason": event.reason,
    }


def _whole(event: StoredEvent) -> dict[str, Any]:
    from edge_gateway.store.inspection import unpacked

    try:
        body: Any = json.loads(unpacked(event))
    except ValueError:
        body = event.payload.decode("utf-8", "replace")
    return {**_outline(event), "event": body}


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
