"""``edge-gateway new-driver``: what it writes works before a line of it is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "dist", "docs", "*_cache", "__pycache__")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree."""
    tree = tmp_path_factory.mktemp("new-driver") / "tree"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    return tree


def run(tree: Path, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.mark.parametrize(
    ("device_class", "name"),
    [
        ("scale", "acme-x"),
        ("scanner", "beta-y"),
        ("lights", "gamma"),
        ("gate", "the-longest-name-that-a-driver-can-have"),
    ],
)
def test_new_driver_works_as_it_is_written(tree: Path, device_class: str, name: str) -> None:
    snake = name.replace("-", "_")
    written = run(tree, "edge_gateway", "new-driver", device_class, name)
    assert written.returncode == 0, written.stderr
    files = [line for line in written.stdout.splitlines() if line.endswith((".py", ".toml", ".rec", ".jsonl"))]
    assert all((tree / path).is_file() for path in files)
    checked = run(tree, "ruff", "check", "--no-cache", *(path for path in files if path.endswith(".py")))
    assert checked.returncode == 0, checked.stdout
    formatted = run(tree, "ruff", "format", "--no-cache", "--diff", *(path for path in files if path.endswith(".py")))
    assert formatted.returncode == 0, formatted.stdout
    tests = ("tests/codecs/test_every_codec.py", "tests/recordings", f"tests/drivers/test_{snake}.py")
    tested = run(tree, "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", f"{name} or {snake}")
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert run(tree, "edge_gateway", "simulate", name, "--help").returncode == 0
    listed = run(tree, "edge_gateway", "decode", "--list").stdout
    assert f'"{device_class}/{name}"' in listed


def test_new_driver_overwrites_nothing(tree: Path) -> None:
    again = run(tree, "edge_gateway", "new-driver", "scale", "toledo-8217")
    assert again.returncode == 1
    assert "already there" in again.stderr
    assert not (tree / "firmware_profiles" / "toledo-8217.toml").exists(), "all or nothing"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["balance", "x"], "expected one of"),
        (["scale", "Acme 9"], "lower case words with dashes"),
        (["scale", "../../x"], "lower case words with dashes"),
    ],
)
def test_new_driver_says_what_is_wrong(tree: Path, arguments: list[str], complaint: str) -> None:
    refused = run(tree, "edge_gateway", "new-driver", *arguments)
    assert refused.returncode == 2
    assert complaint in " ".join(refused.stderr.replace("│", " ").split())


def test_new_driver_needs_a_source_tree(tree: Path, tmp_path: Path) -> None:
    refused = run(tree, "edge_gateway", "new-driver", "scale", "x", "--directory", str(tmp_path))
    assert refused.returncode == 2
    assert list(tmp_path.iterdir()) == []
