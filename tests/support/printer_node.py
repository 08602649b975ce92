"""A printer's node as usblp behaves, in a pair of sockets: what is written is one transfer, which the far end takes or
leaves."""

from __future__ import annotations

import errno
import socket
import threading
from pathlib import Path

from edge_gateway.transports.usblp import UsblpNode

DEVICE_ID = b"\x00\x37MANUFACTURER:EPSON;MDL:TM-T88V;CMD:ESC/POS;SERN:J5CF012345;"


class PrinterNode:
    """``far`` is the printer's end of the last open. ``status``: its port's byte; None: it does not answer."""

    def __init__(self, device_id: bytes = DEVICE_ID) -> None:
        self._ends: list[socket.socket] = []
        self.device_id = device_id
        self.status: int | None = 0x18
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_asked = threading.Event()
        self.open_count = 0

    @property
    def far(self) -> socket.socket:
        return self._ends[-1]

    def acquire(self, path: Path) -> UsblpNode:
        near, far = socket.socketpair()
        self._ends.append(far)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        near.setblocking(False)
        self.open_count += 1
        return UsblpNode(near.detach(), self.device_id, self._port_status)

    def take(self, count: int) -> bytes:
        """Exactly so many bytes of what the gateway wrote."""
        self.far.settimeout(5.0)
        data = b""
        while len(data) < count:
            data += self.far.recv(count - len(data))
        return data

    def say(self, data: bytes) -> None:
        self.far.sendall(data)

    def unplug(self) -> None:
        while self._ends:
            self._ends.pop().close()

    def _port_status(self, fd: int) -> int:
        self.is_asked.set()
        self.may_answer.wait(5.0)
        if self.status is None:
            raise OSError(errno.EIO, "no answer")
        return self.status
