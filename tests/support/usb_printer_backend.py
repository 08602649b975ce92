"""One USB printer behind pyusb's interface for backends: descriptors, pipes and class requests as libusb gives them.

Its descriptors are a real printer's (Epson TM-T88V, ``lsusb -v``) but for what a test changes.
"""

from __future__ import annotations

import errno
import queue
import threading
from types import SimpleNamespace
from typing import Any

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

PACKET_BYTES = 64


def gone() -> USBError:
    return USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)


def stalled() -> USBError:
    return USBError("Pipe error", -9, errno.EPIPE)


class UsbPrinter(IBackend):  # type: ignore[misc] # pyusb has no types
    """``interfaces``: class, subclass, protocol and endpoint addresses of each. ``taken``: what the printer took."""

    def __init__(self, interfaces: tuple[tuple[int, int, int, tuple[int, ...]], ...] = ((7, 1, 2, (0x81, 0x02)),)):
        super().__init__()
        self.interfaces = interfaces
        self.taken = bytearray()
        self.said: queue.SimpleQueue[bytes | USBError] = queue.SimpleQueue()
        self.is_attached = True
        self.is_refused: int | None = None
        self.room = threading.Event()
        self.room.set()
        self.room_bytes: int | None = None
        """Taken before it stalls for lack of room; None: all."""
        self.stalls_out = self.stalls_in = 0
        self.status: int | None = 0x18
        self.device_id = b"\x00\x2aMFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;"
        self.has_kernel_driver = True
        self.log: list[str] = []
        self.configuration = 1

    def say(self, data: bytes) -> None:
        self.said.put(data)

    def unplug(self) -> None:
        self.is_attached = False
        self.said.put(gone())
        self.room.set()

    def enumerate_devices(self) -> Any:
        return iter([self] if self.is_attached else [])

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=0x04B8, idProduct=0x0202, bcdDevice=0x0100, iManufacturer=1, iProduct=2,
            iSerialNumber=3, bNumConfigurations=1, address=4, bus=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=len(self.interfaces), bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf >= len(self.interfaces) or alt:
            raise IndexError(intf)
        number, subclass, protocol, endpoints = self.interfaces[intf]
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=intf, bAlternateSetting=0, bNumEndpoints=len(endpoints),
            bInterfaceClass=number, bInterfaceSubClass=subclass, bInterfaceProtocol=protocol, iInterface=0,
            extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=self.interfaces[intf][3][ep], bmAttributes=2,
            wMaxPacketSize=PACKET_BYTES, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: Any) -> object:
        if self.is_refused is not None:
            raise USBError("refused", -3, self.is_refused)
        self.log.append("open")
        return self

    def close_device(self, dev_handle: Any) -> None:
        self.log.append("close")

    def get_configuration(self, dev_handle: Any) -> int:
        return self.configuration

    def set_configuration(self, dev_handle: Any, config_value: int) -> None:
        self.configuration = config_value
        self.log.append(f"configure {config_value}")

    def claim_interface(self, dev_handle: Any, intf: int) -> None:
        if self.has_kernel_driver:
            raise USBError("Resource busy", -6, errno.EBUSY)
        self.log.append(f"claim {intf}")

    def release_interface(self, dev_handle: Any, intf: int) -> None:
        self.log.append(f"release {intf}")

    def is_kernel_driver_active(self, dev_handle: Any, intf: int) -> bool:
        return self.has_kernel_driver

    def detach_kernel_driver(self, dev_handle: Any, intf: int) -> None:
        self.has_kernel_driver = False
        self.log.append(f"detach {intf}")

    def attach_kernel_driver(self, dev_handle: Any, intf: int) -> None:
        if not self.is_attached:
            raise gone()
        self.has_kernel_driver = True
        self.log.append(f"attach {intf}")

    def clear_halt(self, dev_handle: Any, ep: int) -> None:
        self.log.append(f"clear {ep:#04x}")

    def bulk_write(self, dev_handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        if not self.room.is_set() and not self.room_bytes and not self.room.wait(timeout / 1000):
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        if not self.is_attached:
            raise gone()
        if self.stalls_out:
            self.stalls_out -= 1
            raise stalled()
        count = len(data) if self.room.is_set() or self.room_bytes is None else min(self.room_bytes, len(data))
        if self.room_bytes is not None:
            self.room_bytes -= count
        self.taken += bytes(data[:count])
        return count

    def bulk_read(self, dev_handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        if self.stalls_in:
            self.stalls_in -= 1
            raise stalled()
        try:
            said = self.said.get(timeout=timeout / 1000)
        except queue.Empty:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT) from None
        if isinstance(said, USBError):
            raise said
        buff[: len(said)] = type(buff)("B", said)
        return len(said)

    def ctrl_transfer(
        self, dev_handle: Any, request_type: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        answer = self.device_id if request == 0 else None if self.status is None else bytes([self.status])
        if not self.is_attached:
            raise gone()
        if answer is None:
            raise stalled()
        self.log.append(f"request {request_type:#04x} {request} {value} {index:#06x}")
        data[: len(answer)] = type(data)("B", answer)
        return len(answer)
