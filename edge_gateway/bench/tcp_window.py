"""Whether a peer has closed its TCP window, as the kernel sees it: /proc/net/tcp (proc(5))."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOCKETS: Final = Path("/proc/net/tcp")
_ZERO_WINDOW_PROBE: Final = 4
"""Of ``tr``: the kernel asks the peer again and again whether it takes a byte."""


@dataclass(frozen=True, slots=True)
class SendQueue:
    """``waiting_bytes``: taken by the kernel, and not by the peer."""

    waiting_bytes: int
    is_window_closed: bool


def send_queue_to(port: int) -> SendQueue:
    """Of the IPv4 connection of this machine to that port that has most to send; none: nothing waits."""
    found = [SendQueue(0, is_window_closed=False)]
    for line in SOCKETS.read_text().splitlines()[1:]:
        _, _, remote, _, queues, timer = line.split()[:6]
        if int(remote.partition(":")[2], 16) == port:
            waiting_bytes = int(queues.partition(":")[0], 16)
            is_probing = int(timer.partition(":")[0], 16) == _ZERO_WINDOW_PROBE
            found.append(SendQueue(waiting_bytes, is_probing and waiting_bytes > 0))
    return max(found, key=lambda queue: queue.waiting_bytes)
