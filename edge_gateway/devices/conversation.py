"""One driver at work: its own conversation and the commands beside it, until one of them or the line ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import TransportError
from edge_gateway.devices.command_queue import CommandQueue
from edge_gateway.devices.condition import Condition
from edge_gateway.devices.print_lane import PrintLane
from edge_gateway.devices.session import DeviceSession, Link

STOP_S_MAX = 1.0
"""A driver ends within this after its connection is lost; one that does not is left behind and reported."""


async def converse(
    driver: Driver,
    session: DeviceSession,
    link: Link,
    commands: CommandQueue,
    prints: PrintLane,
    condition: Condition,
    left_behind: Callable[[str], None],
) -> None:
    """Until the end, which is raised: TransportError with its reason, or whatever a driver's bug raises.

    ``left_behind`` is told of a driver that does not end.
    """
    running = asyncio.ensure_future(driver.run())
    serving = asyncio.ensure_future(commands.serve(driver))
    prints.attach(driver)
    printing = asyncio.ensure_future(prints.serve())
    parts: set[asyncio.Future[None]] = {running, serving, printing, link.end}
    try:
        await asyncio.sleep(0)  # a driver that asks questions says first of all that it waits for an answer
        if not session.has_spoken and not any(part.done() for part in parts):
            condition.set_answering(True, None)
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.end()
        await _stop((running, serving, printing), left_behind)
    # A bug is told before a loss, a loss before what the driver made of it.
    errors = [
        part.exception() for part in (serving, printing, link.end, running) if part in done and not part.cancelled()
    ]
    bugs = [error for error in errors if error is not None and not isinstance(error, TransportError)]
    if bugs:
        raise bugs[0]
    raise next((error for error in errors if error is not None), TransportError("the driver ended the connection"))


async def _stop(tasks: tuple[asyncio.Future[None], ...], left_behind: Callable[[str], None]) -> None:
    for task in tasks:
        task.cancel()
    _, pending = await asyncio.wait(tasks, timeout=STOP_S_MAX)
    for task in tasks:
        if task in pending:
            left_behind(f"the driver did not end within {STOP_S_MAX} s")
        elif not task.cancelled():
            task.exception()  # taken: what counts is raised by the conversation
