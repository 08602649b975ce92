"""``edge-gateway outbox explain / edit / replay / discard``: what a person does with a dead letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edge_gateway.commands._outbox_store import (
    AsJson,
    Config,
    Directory,
    EventId,
    Ids,
    Stream,
    UplinkName,
    fail,
    outside_store,
    print_json,
    printable,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge_gateway.store.inspection import StoredEvent

Assignments = typer.Option(
    None, "--set", help="PATH=VALUE, such as data.transaction.lines[0].sku=4711; may be given several times."
)
EventFile = typer.Option(None, "--file", help="The whole event as it should be, as JSON; its id is given anew.")
DryRun = typer.Option(False, "--dry-run", help="Only print the corrected event.")
Why = typer.Option(None, "--reason", help="Why, in your words: kept in the audit trail.")
MustSayWhy = typer.Option(..., "--reason", help="Why, in your words: kept in the audit trail.")
Everything = typer.Option(False, "--all", help="All dead letters (of the stream or uplink, if one is named).")


def explain(
    event_id: str = EventId, config: Path = Config, directory: Path | None = Directory, as_json: bool = AsJson
) -> None:
    """One dead letter: the event, which uplink refused it and why, and what can be done about it."""
    from edge_gateway.store import dead_letters

    with outside_store(config, directory) as store:
        found = dead_letters.find(store, [event_id])
        if not found:
            fail(f"{event_id} is no dead letter: `edge-gateway outbox list` shows those there are")
        shown = whole(store, found[0])
        refusals = [{"uplink": one.uplink, "reason": one.reason, "to_do": _to_do(one, shown)} for one in found]
    if as_json:
        print_json({**shown, "refusals": refusals})
        return
    for name in ("id", "stream", "source", "type", "appended_at"):
        typer.echo(printable(f"{name + ':':<14}{shown[name]}"))
    for refusal in refusals:
        typer.echo(printable(f"\n{refusal['uplink']} refused it: {refusal['reason']}", keeping="\n"))
        typer.echo(str(refusal["to_do"]))
    typer.echo("")
    typer.echo(json.dumps(shown["event"], ensure_ascii=False, indent=2) if shown["event"] else shown["problem"])


def edit(
    event_id: str = EventId,
    assignments: list[str] = Assignments,
    file: Path | None = EventFile,
    why: str | None = Why,
    dry_run: bool = DryRun,
    uplink: str | None = UplinkName,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Correct a dead letter and send it: under a new id, to the uplink that refused it. The old one stays in the audit.

    The corrected event names the old one (attribute correctionof), is checked as the original was, and goes to the end
    of its stream. Text stays text, as amounts are: --set data.transaction.lines[0].unit_price=1.50
    """
    from edge_gateway.contracts.errors import StoreError
    from edge_gateway.store import dead_letters

    if bool(assignments) == (file is not None):
        fail("say what to change: either --set PATH=VALUE (several times if need be), or --file", code=2)
    try:
        change = _change(assignments or [], file)
    except (ValueError, OSError) as error:
        fail(str(error), code=2)
    with outside_store(config, directory, is_writing=not dry_run) as store:
        try:
            if dry_run:
                found = dead_letters.find(store, [event_id], uplink=uplink)
                if not found:
                    raise StoreError(f"{event_id} is no dead letter")
                new, changes = dead_letters.corrected(store.opened(found[0]), change, store.new_id)
                print_json({"event": json.loads(new.payload), "changes": dict(changes)})
                return
            new_id = dead_letters.edit(store, event_id, change, why=why, uplink=uplink)
        except ValueError as error:
            fail(str(error))
    if as_json:
        print_json({"event_id": new_id, "correction_of": event_id})
    else:
        typer.echo(f"sent as {new_id}, the correction of {event_id}")


def replay(
    ids: list[str] = Ids,
    everything: bool = Everything,
    stream: str | None = Stream,
    uplink: str | None = UplinkName,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Send dead letters again, under their old ids. A running gateway need not be stopped; it notices in seconds."""
    from edge_gateway.store import dead_letters

    if not ids and not everything:
        fail("name the event ids to replay, or --all", code=2)
    with outside_store(config, directory, is_writing=True) as store:
        replayed = dead_letters.replay(store, ids or (), stream=stream, uplink=uplink)
    _answer("replayed", replayed, ids, "put back to be sent", as_json=as_json)


def discard(
    ids: list[str] = Ids,
    why: str = MustSayWhy,
    everything: bool = Everything,
    stream: str | None = Stream,
    uplink: str | None = UplinkName,
    config: Path = Config,
    directory: Path | None = Directory,
    as_json: bool = AsJson,
) -> None:
    """Give dead letters up, with a reason. What they were is kept in the audit trail, which goes to the cloud."""
    from edge_gateway.store import dead_letters

    if not ids and not everything:
        fail("name the event ids to discard, or --all", code=2)
    if not why.strip():
        fail("--reason is empty: say why, for whoever asks later", code=2)
    with outside_store(config, directory, is_writing=True) as store:
        discarded = dead_letters.discard(store, ids or (), why=why, stream=stream, uplink=uplink)
    _answer("discarded", discarded, ids, "discarded", as_json=as_json)


def _answer(key: str, done: list[str], ids: list[str] | None, words: str, *, as_json: bool) -> None:
    missing = sorted(set(ids or ()) - set(done))
    if as_json:
        print_json({key: done, "not_found": missing})
    else:
        typer.echo(f"{len(done)} dead letters {words}")
        for event_id in missing:
            typer.echo(printable(f"{event_id} is no dead letter"), err=True)
    raise typer.Exit(1 if missing else 0)


def _change(assignments: list[str], file: Path | None) -> Any:
    """As ``dead_letters.Change``. Raises ValueError, OSError."""
    from edge_gateway.store.json_paths import assign, assignment

    if file is not None:
        wanted = json.loads(file.read_text("utf-8"))
        if not isinstance(wanted, dict):
            raise ValueError(f"{file} is no event: expected a JSON object")

        def replace(body: dict[str, Any]) -> Mapping[str, Any]:
            names = [name for name in wanted.keys() | body.keys() if wanted.get(name) != body.get(name)]
            changed = {name: wanted.get(name) for name in sorted(names)}
            body.clear()
            body.update(wanted)
            return changed

        return replace
    pairs = [assignment(text) for text in assignments]
    return lambda body: {path: assign(body, path, value) for path, value in pairs}


def _to_do(event: StoredEvent, shown: Mapping[str, Any]) -> str:
    if shown["event"] is None and event.key_id:
        return "Its key or its content is missing: see `edge-gateway outbox keys`."
    if shown["event"] is None:
        return "It is damaged on disk, its content is gone: enter the sale anew at the till, then `outbox discard` it."
    return (
        "If the far end was wrong: put that right there, then `outbox replay`. If the event is wrong: `outbox edit`. "
        "If it must never go there: `outbox discard --reason …`; `outbox export` first keeps it."
    )
