"""sd_notify(3): tells systemd that the daemon is ready, alive and stopping. Outside systemd it does nothing."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Mapping

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, SystemClock

WATCHDOG_SHARE = 0.5
"""Of WatchdogSec: sd_watchdog_enabled(3) recommends half, so that one late turn of the loop is no restart."""

log = structlog.get_logger(__name__)


class SystemdNotifier:
    """Sends to ``NOTIFY_SOCKET``. The watchdog is fed from the event loop: a loop that is stuck starves it."""

    def __init__(self, clock: Clock | None = None, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._clock = clock or SystemClock()
        self._address = environment.get("NOTIFY_SOCKET")
        self._watchdog_s = _watchdog_s(environment)
        self._socket: socket.socket | None = None
        self.counters: Counter[str] = Counter()

    @property
    def watchdog_interval_s(self) -> float | None:
        """Seconds between two signs of life; None without a watchdog."""
        return self._watchdog_s and self._watchdog_s * WATCHDOG_SHARE

    def ready(self, status: str = "running") -> None:
        """All parts run. The store is open, or waits for room on its disk: ``/readyz`` tells which."""
        if self._send(f"READY=1\nSTATUS={_line(status)}"):
            log.info(log_events.SYSTEMD_NOTIFIED, state="ready", watchdog_interval_s=self.watchdog_interval_s)

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={_line(text)}")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._send("STOPPING=1\nSTATUS=stopping")

    async def run(self) -> None:
        """Feed the watchdog until cancelled; returns at once where there is none."""
        interval_s = self.watchdog_interval_s
        while interval_s:
            self._send("WATCHDOG=1")
            await self._clock.sleep(interval_s)

    def close(self) -> None:
        """Give the socket back. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> bool:
        if not self._address:
            return False
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._socket.setblocking(False)
            # "@name" is a socket in the abstract namespace, whose first byte is NUL.
            address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
            self._socket.sendto(message.encode(), address)
        except OSError:
            # systemd is being re-executed, or its queue is full: the next sign of life is half a period away.
            self.counters["failed"] += 1
            return False
        self.counters["sent"] += 1
        return True


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """WATCHDOG_USEC in seconds, if it is meant for this process (WATCHDOG_PID)."""
    microseconds, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or int(microseconds) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000


def _line(text: str) -> str:
    return text.replace("\n", " ")
