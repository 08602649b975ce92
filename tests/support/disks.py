"""Disks that are full: a small tmpfs, and a file that takes what is left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tmpfs(path: Path, size: str) -> Iterator[None]:
    """A file system of its own at ``path``. Skips the test where this user may not mount (no root, no namespace)."""
    path.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True, check=False
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"only root mounts a tmpfs here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


def fill(path: Path) -> None:
    """Write until the disk takes no more byte."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            return
