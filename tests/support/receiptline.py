"""receiptline (npm), which is not ours: receipts in its own markdown, as bytes for printers and as text."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.node import node_modules

PACKAGE = "receiptline"
TRANSFORM = """
const {transform} = require(process.argv[1] + "/receiptline");
let text = "";
process.stdin.setEncoding("utf8").on("data", part => text += part).on("end", () => {
  const made = JSON.parse(text).map(([document, printer]) => transform(document, printer));
  console.log(JSON.stringify(made.map(each => Buffer.from(each, "utf8").toString("base64"))));
});
"""
TIMEOUT_S = 60.0


def examples(language: str) -> Mapping[str, str]:
    """The receipts that come with it, by name."""
    folder = Path(node_modules(PACKAGE)) / PACKAGE / "example" / "data" / language
    return {file.stem: file.read_text() for file in sorted(folder.glob("*.receipt"))}


def as_bytes(documents: Sequence[str], **printer: Any) -> list[bytes]:
    """For a printer."""
    return [text.encode("latin-1") for text in _transformed(documents, printer)]


def as_lines(documents: Sequence[str], **printer: Any) -> list[list[str]]:
    """What it says is on each line of paper; codes and pictures leave nothing."""
    return [text.split("\n") for text in _transformed(documents, {**printer, "command": "text"})]


def _transformed(documents: Sequence[str], printer: Mapping[str, Any]) -> list[str]:
    command = ["node", "-e", TRANSFORM, str(node_modules(PACKAGE))]
    asked = json.dumps([[document, printer] for document in documents]).encode()
    done = subprocess.run(command, input=asked, capture_output=True, check=True, timeout=TIMEOUT_S)
    return [base64.b64decode(each).decode() for each in json.loads(done.stdout)]
