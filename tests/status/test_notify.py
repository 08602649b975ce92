"""sd_notify against a real datagram socket, also in the abstract namespace."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.status.notify import SystemdNotifier

WITHIN_S = 20.0


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@edge-gateway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(name.replace("@", "\0"))
        bound.setblocking(False)
        yield bound, name


async def _received(manager: socket.socket) -> str:
    async with asyncio.timeout(WITHIN_S):
        return (await asyncio.get_running_loop().sock_recv(manager, 4096)).decode()


async def test_notifier_says_ready_status_and_stopping(manager: tuple[socket.socket, str]) -> None:
    bound, name = manager
    notifier = SystemdNotifier(SystemClock(), {"NOTIFY_SOCKET": name})
    notifier.ready("2 lanes")
    assert await _received(bound) == "READY=1\nSTATUS=2 lanes"
    notifier.status("broker\naway")
    assert await _received(bound) == "STATUS=broker away"
    notifier.stopping()
    assert (await _received(bound)).startswith("STOPPING=1\n")
    notifier.close()


async def test_watchdog_is_fed_twice_per_period_from_the_loop(manager: tuple[socket.socket, str]) -> None:
    bound, name = manager
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "40000", "WATCHDOG_PID": str(os.getpid())}
    notifier = SystemdNotifier(SystemClock(), environment)
    assert notifier.watchdog_interval_s == pytest.approx(0.02)
    feeding = asyncio.create_task(notifier.run())
    for _ in range(3):
        assert await _received(bound) == "WATCHDOG=1"
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    notifier.close()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "soon"},
    ],
)
async def test_no_watchdog_for_this_process_means_no_task(environment: dict[str, str]) -> None:
    notifier = SystemdNotifier(SystemClock(), environment)
    assert notifier.watchdog_interval_s is None
    await asyncio.wait_for(notifier.run(), WITHIN_S)


def test_manager_that_is_away_never_raises_and_is_counted() -> None:
    notifier = SystemdNotifier(SystemClock(), {"NOTIFY_SOCKET": "/nowhere"})
    notifier.ready()
    notifier.stopping()
    assert notifier.counters == {"failed": 2}
    notifier.close()


def test_outside_systemd_nothing_is_sent() -> None:
    notifier = SystemdNotifier(SystemClock(), {})
    notifier.ready()
    assert not notifier.counters
