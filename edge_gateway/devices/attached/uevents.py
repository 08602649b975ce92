"""The kernel's and udev's events from their netlink socket itself: for a box without libudev.

Message: ``add@/devices/…`` of the kernel, or a header of udev, and then ``NAME=value`` parts, each ended by NUL (Linux,
lib/kobject_uevent.c; systemd, src/libsystemd/sd-device/device-monitor.c). What happened is not read out of it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

NETLINK_KOBJECT_UEVENT: Final = 15
GROUP_KERNEL: Final = 1
GROUP_UDEV: Final = 2
"""Told when udev is done with a node: its permissions and links are there."""
MESSAGE_BYTES_MAX: Final = 8192
"""What udev reads at most."""
QUEUE_BYTES: Final = 1 << 20
"""Some thousand events; where the system allows less, a queue that runs over is told, and everything looked at."""


class UeventSocket:
    """Raises OSError from the constructor: no netlink in this container. ``poll`` as that of pyudev's monitor."""

    def __init__(self, subsystems: Sequence[str], *, is_udev: bool) -> None:
        self._parts = tuple(f"SUBSYSTEM={subsystem}\0".encode() for subsystem in subsystems)
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, kind, NETLINK_KOBJECT_UEVENT)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES)
            self._socket.bind((0, GROUP_UDEV if is_udev else GROUP_KERNEL))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def poll(self, timeout: float | None = None) -> bytes | None:
        """The next event of the subsystems that waits; None: none. Never waits. Raises OSError: some were lost."""
        while True:
            try:
                message = self._socket.recv(MESSAGE_BYTES_MAX)
            except BlockingIOError:
                return None
            if any(part in message for part in self._parts):
                return message

    def close(self) -> None:
        self._socket.close()
