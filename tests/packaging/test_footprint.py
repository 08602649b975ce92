"""What the daemon does not load: a box in a store has little memory, and most libraries serve only some stores."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

IMPORTED = (
    "edge_gateway.cli",
    "edge_gateway.app",
    "edge_gateway.settings_loader",
    "drivers.serial_scanner",
    "drivers.wedge_scanner",
    "drivers.polled_scale",
    "drivers.escpos_printer",
)
"""The daemon with a driver of each kind."""

PROGRAM = f"""
import importlib, json, sys
for name in {IMPORTED!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("package", "is_for"),
    [
        ("biip", "stores that scan GS1 symbols; it holds 10 MB of company prefixes"),
        ("PIL", "pictures of simulated receipts"),
        ("simulators", "demo, benchmarks and replays"),
    ],
)
def test_daemon_does_not_load_what_it_does_not_use(loaded: set[str], package: str, is_for: str) -> None:
    assert package not in loaded, f"{package} is for {is_for}"
