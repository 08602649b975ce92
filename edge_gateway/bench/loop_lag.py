"""How late an event loop wakes: a task that sleeps a little, again and again, and notes how much longer it took.

As a program: the daemon with that task beside it (``run --config F``, as the daemon itself), or a bare loop with
nothing else (``bare FILE``), the floor. What was noted is written when it ends.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Final

import uvloop

TICK_S: Final = 0.005
"""Between two looks: what holds the loop up for 20 ms is met by it wherever it begins."""
NOTED_MAX: Final = 200_000
"""A quarter of an hour."""
RESULT: Final = "loop-lag.json"


class LoopLag:
    """``noted``: pairs of the instant (CLOCK_MONOTONIC) and the seconds that the loop woke late."""

    def __init__(self) -> None:
        self.noted: list[tuple[float, float]] = []

    async def run(self) -> None:
        """Until cancelled."""
        while len(self.noted) < NOTED_MAX:
            due = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            self.noted.append((now, max(0.0, now - due)))


def lags_between(path: Path, begin: float, end: float) -> list[float]:
    """Seconds late, of a program that has ended."""
    return [lag for instant, lag in json.loads(path.read_text()) if begin <= instant <= end]


async def _bare() -> LoopLag:
    lag, stop = LoopLag(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watching = asyncio.create_task(lag.run())
    print("ready", flush=True)
    await stop.wait()
    watching.cancel()
    return lag


async def _daemon(config: Path) -> LoopLag:
    from edge_gateway.app import Gateway
    from edge_gateway.logs import configure_logging
    from edge_gateway.settings_loader import load_settings

    settings = load_settings(config)
    configure_logging(settings.log)
    lag, stop = LoopLag(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watching = asyncio.create_task(lag.run())
    await Gateway(settings).run(stop)
    watching.cancel()
    return lag


def main(arguments: list[str]) -> None:
    """``run --config F`` or ``bare FILE``."""
    path = Path(arguments[-1])
    is_bare = arguments[0] == "bare"
    lag = uvloop.run(_bare() if is_bare else _daemon(path))
    (path if is_bare else path.with_name(RESULT)).write_text(json.dumps(lag.noted))


if __name__ == "__main__":
    main(sys.argv[1:])
