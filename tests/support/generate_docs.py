"""``./dev docs``: writes again what is generated from the code; tests hold each of these in step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import configuration_page, device_pages, document_pictures, template_data_page
from tests.support.markdown import ROOT

COMMAND = Path(sys.executable).parent / "edge-gateway"
DEMO_S = "20"
DEMO_SEED = "7"


def main() -> None:
    """Tables of the configuration, pages of devices and protocols, pictures of documents and the demo, and schemas."""
    docs = ROOT / "docs"
    configuration_page.PAGE.write_text(configuration_page.rendered(configuration_page.PAGE.read_text("utf-8")), "utf-8")
    data_page = template_data_page.PAGE
    data_page.write_text(template_data_page.rendered(data_page.read_text("utf-8")), "utf-8")
    device_pages.write()
    document_pictures.write()
    _run("schemas", "--out", str(docs / "schemas"))
    (docs / "cloud-openapi.json").write_text(_run("simulate", "cloud", "--openapi"))
    picture = str(docs / "demo.svg")
    _run("demo", "--headless", "--seconds", DEMO_S, "--seed", DEMO_SEED, "--picture", picture)
    print(f"written: {docs}")


def _run(*arguments: str) -> str:
    return subprocess.run([COMMAND, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
