"""Packages of Node.js that tests use as clients which are not ours; installed once per user, outside the project."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

VERSIONS = {"mqtt": "5", "receiptline": "4", "zpl-renderer-js": "3"}
"""Major versions that the tests were written against."""
INSTALL_TIMEOUT_S = 300.0


def node_modules(package: str) -> Path:
    """The ``node_modules`` folder that holds the package. Raises CalledProcessError with npm's words."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "edge-gateway-tests"
    folder = cache / f"{package.strip('@').replace('/', '-')}-{VERSIONS[package]}"
    modules = folder / "node_modules"
    if not (modules / package / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = f"{package}@{VERSIONS[package]}"
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder, wanted]
        subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT_S, stdin=subprocess.DEVNULL)
    return modules
