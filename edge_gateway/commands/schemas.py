"""``edge-gateway schemas``: JSON Schemas of every payload and the AsyncAPI document of the bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer


def register(app: typer.Typer) -> None:
    """Add ``schemas``."""

    @app.command()
    def schemas(
        out: Path = typer.Option(Path("docs/schemas"), help="Directory of the schemas; asyncapi.json goes beside it."),
        check: bool = typer.Option(False, help="Write nothing; exit 1 if a file differs from the code."),
        as_json: bool = typer.Option(False, "--json", help="Print what was written, or what differs, as JSON."),
    ) -> None:
        """Write the JSON Schemas of all payloads and the AsyncAPI document of the bus."""
        files = generated(out)
        changed = differing(out, files)
        if not check:
            write(files, changed)
        word = "differs" if check else "written"
        if as_json:
            typer.echo(json.dumps({word: [str(path) for path in changed], "files": len(files)}, indent=2))
        else:
            for path in changed:
                typer.echo(f"{path}: {word}")
            typer.echo(f"{len(files)} files, {len(changed)} {'differ from the code' if check else 'written'}")
        raise typer.Exit(1 if check and changed else 0)


def generated(out: Path) -> dict[Path, str]:
    """Path to text of every file."""
    from edge_gateway.schemas.asyncapi import asyncapi
    from edge_gateway.schemas.json_schema import schema_files

    files = {out / name: _text(schema) for name, schema in schema_files().items()}
    files[out.parent / "asyncapi.json"] = _text(asyncapi())
    return files


def differing(out: Path, files: Mapping[Path, str]) -> list[Path]:
    """Files that are missing, have other content, or are no longer generated."""
    changed = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = [path for path in out.glob("*.json") if path not in files] if out.is_dir() else []
    return sorted([*changed, *left_over])


def write(files: Mapping[Path, str], changed: list[Path]) -> None:
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path in files:
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
