"""The gateway under torture: killed and started on purpose, noticed when it ends or hangs without being asked to."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulators.gateway_process import GatewayProcess

LOOK_INTERVAL_S = 0.25
READY_LOOK_S = 0.05
RESTART_S = 0.5
"""Before a gateway that ended by itself is started again, as systemd would."""


class TorturedGateway:
    """One gateway over all its lives. ``run`` watches it; faults call ``kill``, ``stop`` and ``start``."""

    def __init__(self, process: GatewayProcess) -> None:
        self.process = process
        self.counters: Counter[str] = Counter()
        self.ready_s: list[float] = []
        """Time from each start to ready, of the lives that got there."""
        self.rss_peak_mb = 0.0
        self.deaths: list[str] = []
        """Lives that ended without being asked to."""
        self._is_wanted = False
        self._log_offset = 0
        self._becoming_ready: asyncio.Task[None] | None = None

    @property
    def log_bytes(self) -> int:
        """Size of the log so far."""
        log = self.process.log_file
        return log.stat().st_size if log.exists() else 0

    def has_logged(self, event: str) -> bool:
        """Whether this life wrote a line with the event's name."""
        with self.process.log_file.open("rb") as file:
            file.seek(self._log_offset)
            return f'"{event}"'.encode() in file.read()

    async def start(self) -> None:
        """Start a life; does not wait until it is ready. A gateway that runs is left alone."""
        if self.process.pid is not None:
            return
        self._log_offset = self.log_bytes
        await self.process.start(wait_ready=False)
        self.counters["starts"] += 1
        self._is_wanted = True
        self._forget_start()
        self._becoming_ready = asyncio.create_task(self._note_ready(self.process.pid))

    def strike(self, number: signal.Signals) -> None:
        """Send a signal that ends it, at once; ``kill`` or ``stop`` must follow."""
        self._part()
        self.process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL."""
        self._part()
        self.counters["kills"] += 1
        await self.process.kill()

    async def stop(self) -> None:
        """SIGTERM."""
        self._part()
        self.counters["stops"] += 1
        if await self.process.stop() not in (0, None):
            self.counters["stops_failed"] += 1

    def pause(self) -> int | None:
        """SIGSTOP; the process that stands still now."""
        self.process.send_signal(signal.SIGSTOP)
        self.counters["pauses"] += 1
        return self.process.pid

    def resume(self) -> None:
        """SIGCONT; harmless for a process that runs."""
        self.process.send_signal(signal.SIGCONT)

    async def run(self) -> None:
        """Until cancelled: note its memory, and start it again when it ended by itself."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            self._note_memory()
            if self._is_wanted and self.process.pid is None:
                self.deaths.append(f"exit code {self.process.returncode}: {last_line(self.process.log_file)}")
                await asyncio.sleep(RESTART_S)
                if self._is_wanted:
                    await self.start()

    async def wait_ready(self, timeout_s: float) -> bool:
        """Whether it is ready within the time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if await self.process.get("/readyz") is not None:
                return True
            await asyncio.sleep(READY_LOOK_S)
        return False

    def ready_percentiles(self) -> dict[str, float | None]:
        """Seconds from a start to ready: p50, p90, p100."""
        return {f"p{percent}": _percentile(sorted(self.ready_s), percent) for percent in (50, 90, 100)}

    async def close(self) -> None:
        """Stop it for good."""
        self._part()
        self._forget_start()
        await self.process.stop()

    async def wait_first_ready(self, timeout_s: float) -> None:
        """Until this life has become ready for the first time, ended, or the time is over."""
        if self._becoming_ready is not None:
            await asyncio.wait({self._becoming_ready}, timeout=timeout_s)

    async def _note_ready(self, pid: int | None) -> None:
        started = time.monotonic()
        while self.process.pid == pid:
            if await self.process.get("/readyz") is not None and self.process.pid == pid:
                self.ready_s.append(time.monotonic() - started)
                return
            await asyncio.sleep(READY_LOOK_S)

    def _part(self) -> None:
        self._note_memory()
        self._is_wanted = False

    def _forget_start(self) -> None:
        if self._becoming_ready is not None:
            self._becoming_ready.cancel()

    def _note_memory(self) -> None:
        self.rss_peak_mb = max(self.rss_peak_mb, _peak_mb(self.process.pid))


def last_line(log: Path) -> str:
    """What a process said last."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "said nothing"


def _peak_mb(pid: int | None) -> float:
    """VmHWM (proc(5))."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    except OSError:
        return 0.0
    return 0.0


def _percentile(ordered: Sequence[float], percent: int) -> Any:
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 2) if ordered else None
