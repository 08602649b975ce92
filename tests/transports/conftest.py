"""Transports are proven on both event loops, over real ptys."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.support.bluez import write_policy
from tests.support.pty import DevicePty


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def device(tmp_path: Path) -> Iterator[DevicePty]:
    pty = DevicePty(tmp_path / "ttyDEVICE")
    yield pty
    pty.unplug()


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A system bus of our own, without BlueZ; its address."""
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={write_policy(tmp_path)}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    assert "unix:" in daemon.stdout.readline()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    yield f"unix:path={tmp_path}/bus"
    daemon.terminate()
    daemon.wait(timeout=10)
    daemon.stdout.close()
