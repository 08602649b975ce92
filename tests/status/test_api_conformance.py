"""The server does what its OpenAPI document says, also with methods, paths and values that it does not know."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

from edge_gateway.status.api import build_api
from tests.status.snapshots import ChangingSource

SEED = "20261121"


def test_status_api_passes_schemathesis(server_url: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server_url}/openapi.json"),
            *("--checks", "all", "--max-examples", "20", "--seed", SEED, "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_openapi_document_lists_the_whole_interface_and_nothing_that_writes(server_url: str) -> None:
    with urllib.request.urlopen(f"{server_url}/openapi.json", timeout=20) as answer:
        document = json.load(answer)
    assert {path: list(methods) for path, methods in document["paths"].items()} == {
        path: ["get"]
        for path in ("/livez", "/readyz", "/status", "/devices/attached", "/metrics", "/devices/{device_id}/raw")
    }
    assert document == json.loads(json.dumps(build_api(ChangingSource()).openapi()))
