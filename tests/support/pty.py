"""A real pty under a stable name: the device's end of a serial wire, held by the test."""

from __future__ import annotations

import os
import select
import time
import tty
from pathlib import Path


class DevicePty:
    """``path`` is a symbolic link to the slave; ``unplug`` removes it and hangs up, ``plug`` brings it back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.plug()

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        if self.master >= 0:
            self.path.unlink()
            os.close(self.master)
            self.master = -1

    def write(self, data: bytes) -> None:
        assert os.write(self.master, data) == len(data)

    def read(self, count: int, timeout_s: float = 5.0) -> bytes:
        """Exactly ``count`` bytes that the gateway wrote."""
        data, deadline = b"", time.monotonic() + timeout_s
        while len(data) < count:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{len(data)} of {count} bytes arrived within {timeout_s} s"
            data += os.read(self.master, count - len(data))
        return data
