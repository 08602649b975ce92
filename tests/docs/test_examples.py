"""Each runnable example of the documentation is run, as it stands, beside a store in a box."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simulators.mosquitto import free_port
from tests.support.markdown import ROOT, Example, examples, pages
from tests.support.node import node_modules

BIN = Path(sys.executable).parent
EXAMPLE_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 60.0

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """A running ``edge-gateway demo``; gives the environment that points the examples at it."""
    directory = tmp_path_factory.mktemp("store")
    port = free_port()
    with (directory / "demo.log").open("wb") as log:
        demo = await asyncio.create_subprocess_exec(
            BIN / "edge-gateway", "demo", "--headless", "--directory", directory / "store", "--broker-port", str(port),
            cwd=directory, stdout=log, stderr=log,
        )  # fmt: skip
    addresses_file = directory / "store" / "addresses.json"
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while not addresses_file.exists():
                assert demo.returncode is None, (directory / "demo.log").read_text()
                await asyncio.sleep(0.05)
        addresses = json.loads(addresses_file.read_text())
        yield {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "EDGE_BROKER_PORT": str(port),
            "EDGE_CONFIG": str(Path(addresses["directory"]) / "gateway.toml"),
            "EDGE_STATUS_URL": addresses["status"],
            "EDGE_CLOUD_URL": addresses["cloud"],
            "EDGE_DEMO": addresses["directory"],
        }
    finally:
        if demo.returncode is None:
            demo.terminate()
        await demo.wait()
    assert demo.returncode == 0, (directory / "demo.log").read_text()


@pytest.mark.parametrize("example", examples(pages()), ids=lambda example: example.name)
async def test_example_runs_as_it_stands(example: Example, store: dict[str, str], tmp_path: Path) -> None:
    command, cwd = _command(example, tmp_path)
    environment = {**store, "TMPDIR": str(tmp_path)}  # what an example writes there may exist, and be somebody else's
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, env=environment, stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(EXAMPLE_TIMEOUT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode(errors="replace")


def _command(example: Example, directory: Path) -> tuple[list[str], Path]:
    if example.language == "sh":
        return ["sh", "-euc", example.code], ROOT
    if example.language == "python":
        (directory / "example.py").write_text(example.code)
        return [sys.executable, "example.py"], directory
    if example.language == "js":
        (directory / "node_modules").symlink_to(node_modules("mqtt"))
        (directory / "example.mjs").write_text(example.code)
        return ["node", "example.mjs"], directory
    raise AssertionError(f"{example.name}: no way to run {example.language}")
