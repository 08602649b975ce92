"""``edge-gateway outbox keys / new-key / acknowledge-loss``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from edge_gateway.commands._outbox_store import AsJson, Config, Directory, fail, outside_store, print_json

Why = typer.Option(None, "--reason", help="What was done about it: kept in the audit trail.")


def keys(config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson) -> None:
    """Which keys are configured and which the stored rows need, by fingerprint. Exit 1 if a key is missing."""
    from edge_gateway.store.key_usage import key_usage

    with outside_store(config, directory) as store:
        ring = store.sealer.ring
        found = key_usage(store.connection, ring)
        source, warning = ring.source, ring.warning
    is_missing = any(usage.is_missing for usage in found)
    if as_json:
        rows = [{**asdict(usage), "is_missing": usage.is_missing} for usage in found]
        print_json({"source": source, "warning": warning, "keys": rows})
        raise typer.Exit(1 if is_missing else 0)
    typer.echo(f"keys from {source}")
    typer.echo(f"{'fingerprint':<18}{'pending':>10}{'dead':>8}{'prints':>8}  {'first used':<26}")
    for usage in found:
        name = usage.fingerprint or ("unknown" if usage.is_sealed else "(in clear)")
        words = (
            "seals what is new"
            if usage.is_sealing
            else "MISSING: its rows wait"
            if usage.is_missing
            else "not configured, not needed any more"
            if usage.is_sealed and not usage.is_configured
            else ""
        )
        counts = f"{usage.pending:>10}{usage.dead:>8}{usage.print_jobs:>8}"
        typer.echo(f"{name:<18}{counts}  {usage.first_used or '-':<26}{words}".rstrip())
    if warning:
        typer.echo(warning, err=True)
    raise typer.Exit(1 if is_missing else 0)


def new_key() -> None:
    """Print a fresh key, as a line for the key file. The first line of that file seals, all lines open."""
    from edge_gateway.store.key_ring import new_key_line

    typer.echo(new_key_line())


def acknowledge_loss(
    why: str | None = Why, config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson
) -> None:
    """Say that you have seen what was lost with a damaged store: the gateway's health is good again after that."""
    from edge_gateway.store.outside import user_name
    from edge_gateway.store.salvage_report import acknowledge

    with outside_store(config, directory, is_writing=True) as store, store.transaction():
        states = acknowledge(store.connection, store.now_ms, user_name())
        for state in states:
            counts = {"kept_as": state.kept_as, "lost": dict(state.report.lost), "is_exact": state.report.is_exact}
            store.tell("loss_acknowledged", why=why, changes=counts)
    if as_json:
        print_json({"acknowledged": [{"kept_as": state.kept_as, "text": state.report.words} for state in states]})
    elif not states:
        fail("there is no loss to acknowledge")
    for state in [] if as_json else states:
        typer.echo(f"{state.kept_as}: {state.report.words}")
    raise typer.Exit(0 if states else 1)
