"""Transports are proven on both event loops, over real ptys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.support.pty import DevicePty


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def device(tmp_path: Path) -> Iterator[DevicePty]:
    pty = DevicePty(tmp_path / "ttyDEVICE")
    yield pty
    pty.unplug()
