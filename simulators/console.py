"""A simulated device by hand: what standard input says, line by line, until a signal."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from simulators.link import Link
from simulators.typed_lines import typed_lines

Handle = Callable[[str], Awaitable[None] | None]
"""What a line does."""


class Device(Protocol):
    """What can be plugged in and pulled out for good."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What every simulator that reads lines understands."""
    parser.add_argument(
        "--hold-s", type=float, default=None, help="end this long after the end of the input (default: on a signal)"
    )
    parser.add_argument("--interval-s", type=float, default=0.0, help="pause between two lines")


def port_parser(name: str, description: str | None, *, has_seed: bool = True) -> argparse.ArgumentParser:
    """Of a device on a pty that reads lines; it may add what is its own."""
    parser = argparse.ArgumentParser(prog=f"edge-gateway simulate {name}", description=description)
    parser.add_argument("path", type=Path, help="where the port appears (a link to a pty)")
    if has_seed:
        parser.add_argument("--seed", type=int, default=0, help="of its faults")
    add_arguments(parser)
    return parser


async def run_device(device: Device, link: Link, handle: Handle, arguments: argparse.Namespace, greeting: str) -> None:
    """The device on its link: handle each line until the end of the input or a signal."""
    await device.start()
    print(greeting, flush=True)
    try:
        await serve_lines(link, handle, arguments)
    finally:
        await device.stop()


async def serve_lines(link: Link, handle: Handle, arguments: argparse.Namespace) -> None:
    """Handle each line; ``!unplug`` and ``!plug`` pull the device and put it back. Ends on SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    working = asyncio.create_task(_work(link, handle, arguments))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait((working,))
    elif (error := working.exception()) is not None:
        raise error


async def _work(link: Link, handle: Handle, arguments: argparse.Namespace) -> None:
    async for text in typed_lines():
        if text == "!unplug":
            link.unplug()
        elif text == "!plug":
            link.plug()
        elif text:
            if (handling := handle(text)) is not None:
                await handling
            await asyncio.sleep(arguments.interval_s)
    await link.drain()
    if arguments.hold_s is None:
        await asyncio.Event().wait()
    await asyncio.sleep(arguments.hold_s)
