"""A HID device made by this process in the kernel (Documentation/hid/uhid.rst): real hidraw nodes, any descriptor."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

UHID = Path("/dev/uhid")
DESTROY, START, OUTPUT, GET_REPORT, GET_REPORT_REPLY, CREATE2, INPUT2, SET_REPORT, SET_REPORT_REPLY = (
    *(1, 2, 6, 9, 10, 11, 12, 13, 14),
)
EVENT_BYTES = 4380
EIO = 5


class UhidDevice:
    """``unique``: by which its node is found. Answers the kernel in a thread until it is unplugged."""

    def __init__(self, descriptor: bytes, unique: str, *, vendor_id: int = 0x0922, product_id: int = 0x8003) -> None:
        self.unique = unique
        self.features: dict[int, bytes] = {}
        """What it gives when asked, by report id; each begins with its id."""
        self.outputs: list[bytes] = []
        self.features_set: list[bytes] = []
        self._fd = os.open(UHID, os.O_RDWR | os.O_CLOEXEC)
        self._send(
            CREATE2,
            struct.pack(
                "<128s64s64sHHIIII",
                *(b"test device", b"test", unique.encode()),
                *(len(descriptor), 3, vendor_id, product_id, 0x0100, 0),
            )
            + descriptor,
        )
        self._answering = threading.Thread(target=self._answer, daemon=True)
        self._answering.start()

    def node(self) -> Path | None:
        """Its hidraw node, as soon as there is one."""
        for entry in Path("/sys/class/hidraw").glob("hidraw*"):
            uevent = (entry / "device/uevent").read_text(errors="replace")
            if f"HID_UNIQ={self.unique}\n" in uevent:
                return Path("/dev") / entry.name
        return None

    def report(self, data: bytes) -> None:
        """Send one input report."""
        self._send(INPUT2, struct.pack("<H", len(data)) + data)

    def unplug(self) -> None:
        if self._fd >= 0:
            self._send(DESTROY, b"")
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _send(self, kind: int, payload: bytes) -> None:
        os.write(self._fd, struct.pack("<I", kind) + payload)

    def _answer(self) -> None:
        while self._fd >= 0:
            try:
                event = os.read(self._fd, EVENT_BYTES)
            except OSError:
                return
            (kind,) = struct.unpack_from("<I", event)
            if kind == OUTPUT:
                (size,) = struct.unpack_from("<H", event, 4 + 4096)
                self.outputs.append(event[4 : 4 + size])
            elif kind == GET_REPORT:
                request, number = struct.unpack_from("<IB", event, 4)
                found = self.features.get(number, b"")
                error = 0 if found else EIO
                self._send(GET_REPORT_REPLY, struct.pack("<IHH", request, error, len(found)) + found)
            elif kind == SET_REPORT:
                request, _, _, size = struct.unpack_from("<IBBH", event, 4)
                self.features_set.append(event[12 : 12 + size])
                self._send(SET_REPORT_REPLY, struct.pack("<IH", request, 0))
