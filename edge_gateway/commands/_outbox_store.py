"""What the ``outbox`` commands share: their options, the store they open, and how they print."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge_gateway.store.inspection import StoredEvent
    from edge_gateway.store.outside import OutsideStore

CONFIG_DEFAULT = Path("/etc/edge-gateway/gateway.toml")

Config = typer.Option(
    CONFIG_DEFAULT, "--config", help="Configuration file: names the directory of the outbox, and its keys."
)
Directory = typer.Option(
    None, "--directory", help="Directory of the outbox, instead of a configuration file: for one that is not encrypted."
)
Stream = typer.Option(None, "--stream", help="Only this stream: transactions, inventory, device_events ...")
UplinkName = typer.Option(None, "--uplink", help="Only what this uplink refused.")
AsJson = typer.Option(False, "--json", help="Print JSON.")
Ids = typer.Argument(None, help="Event ids.")
EventId = typer.Argument(help="Event id of a dead letter, as `outbox list` shows it.")


@contextlib.contextmanager
def outside_store(
    config: Path, directory: Path | None, *, is_writing: bool = False, needs_keys: bool = True
) -> Iterator[OutsideStore]:
    """Exit 2 if the configuration cannot be used, 1 if the store cannot."""
    from edge_gateway.contracts.errors import ConfigError, StoreError
    from edge_gateway.settings import OutboxSettings
    from edge_gateway.settings_loader import load_settings
    from edge_gateway.store import outside

    try:
        if directory is None:
            settings = load_settings(config)
            outbox, store_id = settings.outbox, settings.store.id
        else:
            outbox, store_id = OutboxSettings(directory=directory), "unknown"
        with outside.opened(outbox, store_id, is_writing=is_writing, needs_keys=needs_keys) as store:
            yield store
    except ConfigError as error:
        fail(str(error), code=2)
    except StoreError as error:
        fail(str(error))


def fail(message: str, *, code: int = 1) -> None:
    """Raises typer.Exit."""
    typer.echo(printable(message, keeping="\n"), err=True)
    raise typer.Exit(code) from None


def printable(text: str, keeping: str = "") -> str:
    """What a cloud wrote, without what would move the cursor or colour the terminal."""
    return "".join(
        each if each.isprintable() or each in keeping else each.encode("unicode_escape").decode() for each in text
    )


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def outline(event: StoredEvent) -> dict[str, Any]:
    """Without its content."""
    return {
        "id": event.id,
        "stream": event.stream,
        "state": event.state,
        "uplink": event.uplink,
        "source": event.source,
        "type": event.type,
        "appended_at": event.appended_at,
        "reason": event.reason,
    }


def whole(store: OutsideStore, event: StoredEvent) -> dict[str, Any]:
    """With its content; ``problem`` instead where that cannot be read."""
    from edge_gateway.contracts.errors import StoreError

    try:
        payload = store.opened(event).payload
    except StoreError as error:
        return {**outline(event), "event": None, "problem": str(error)}
    try:
        body: Any = json.loads(payload)
    except ValueError:
        body = payload.decode("utf-8", "replace")
    return {**outline(event), "event": body}
