"""The network's return, read from rtnetlink: its messages, and the kernel's own."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.uplinks.couriers import network_return
from edge_gateway.uplinks.couriers.network_return import (
    IFF_RUNNING,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    NetworkReturn,
    brings_network,
)

RTM_DELLINK, RTM_DELADDR, RTM_DELROUTE = 17, 21, 25
ROOT = Path(__file__).parents[2]


def message(kind: int, body: bytes = b"") -> bytes:
    data = struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body
    return data + bytes(-len(data) % 4)


def link(flags: int) -> bytes:
    return message(RTM_NEWLINK, struct.pack("=BxHiII", 0, 1, 2, flags, 0))


@pytest.mark.parametrize(
    ("data", "is_back"),
    [
        (message(RTM_NEWADDR, b"xyz"), True),
        (message(RTM_NEWROUTE), True),
        (link(IFF_RUNNING), True),
        (link(0), False),
        (message(RTM_DELLINK) + message(RTM_DELADDR) + message(RTM_DELROUTE), False),
        (message(RTM_DELADDR, b"abc") + link(IFF_RUNNING), True),
        (message(RTM_NEWLINK), False),
        (b"", False),
        (b"\x00" * 40, False),
        (b"\x01\x02", False),
    ],
)
def test_rtnetlink_tells_what_came_from_what_went(data: bytes, is_back: bool) -> None:
    assert brings_network(data) is is_back


IN_A_NETWORK_OF_ITS_OWN = """
import asyncio, subprocess
from edge_gateway.uplinks.couriers.network_return import NetworkReturn

async def main():
    back = asyncio.Event()
    watching = asyncio.create_task(NetworkReturn(back.set).run())
    await asyncio.sleep(0)
    for words in ("link set lo up", "address add 192.0.2.7/32 dev lo"):
        back.clear()
        await asyncio.to_thread(subprocess.run, ["ip", *words.split()], check=True)
        async with asyncio.timeout(10):
            await back.wait()
    watching.cancel()
    print("told twice")

asyncio.run(main())
"""


def test_network_return_is_told_by_the_kernel_when_a_link_or_an_address_comes() -> None:
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("no ip or unshare command here (./dev test installs them)")
    trial = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False, timeout=20)
    if trial.returncode:
        pytest.skip(f"only root makes a network namespace here: {trial.stderr.decode().strip()}")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", IN_A_NETWORK_OF_ITS_OWN],
        capture_output=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.decode().strip() == "told twice", done.stderr.decode()


async def test_network_that_may_not_be_watched_is_said_once_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(network_return, "_listen", forbidden)
    with capture_logs() as logs:
        await NetworkReturn(lambda: None).run()
    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        (log_events.NETWORK_NOT_WATCHED, "Operation not permitted")
    ]
