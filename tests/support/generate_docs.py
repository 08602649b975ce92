"""``./dev docs``: writes again what is generated from the code; tests hold each of these in step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.markdown import ROOT

COMMAND = Path(sys.executable).parent / "edge-gateway"
DEMO_S = "20"
DEMO_SEED = "7"


def main() -> None:
    """Schemas and AsyncAPI, the OpenAPI document of the cloud, the picture of a running demo."""
    docs = ROOT / "docs"
    _run("schemas", "--out", str(docs / "schemas"))
    (docs / "cloud-openapi.json").write_text(_run("simulate", "cloud", "--openapi"))
    picture = str(docs / "demo.svg")
    _run("demo", "--headless", "--seconds", DEMO_S, "--seed", DEMO_SEED, "--picture", picture)
    print(f"written: {docs}")


def _run(*arguments: str) -> str:
    return subprocess.run([COMMAND, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
