"""A USB printer by libusb (pyusb): its interface and endpoints from its descriptors, transfers, class requests.

Blocking: for threads. Raises OSError, as pyusb does. Source: USB Device Class Definition for Printing Devices 1.1: the
class is 7, protocol 1 has no way back, 2 has; protocol 3 (IEEE 1284.4) and 4 (IPP over USB) speak in packets.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_gateway.contracts.usb_printer import DEVICE_ID_BYTES_MAX

PRINTER_CLASS = 7
PROTOCOLS = (2, 1)
"""The better one first."""
_BULK = 2

GET_DEVICE_ID, GET_PORT_STATUS = 0, 1
_CLASS_IN = 0xA1
"""bmRequestType: to the host, of the class, of an interface."""

CONTROL_MS_MAX = 2000
"""A class request; the specification wants an answer within 500 ms."""

TRANSFER_BYTES_MAX = 4096
"""Written at once: 8 packets at high speed. Where a printer stalls within it, nobody knows how much it has taken."""

READ_BYTES = 1024
"""Whole packets of every speed; a longer one would be lost as an overflow."""


@dataclass(frozen=True, slots=True)
class PrinterInterface:
    """Where to write, and to read. ``in_address``: None: it says nothing."""

    number: int
    alternate: int
    configuration_index: int
    out_address: int
    in_address: int | None


class UsbBulk:
    """One claimed interface. Reading, writing and asking may each be in a thread of their own."""

    def __init__(self, device: Any, interface: PrinterInterface) -> None:
        self._device = device
        self.interface = interface
        self._control = threading.Lock()
        self._is_closed = False

    def write(self, data: bytes, timeout_ms: int) -> int:
        """How many bytes the printer took within the time, which may be none."""
        from usb.core import USBTimeoutError

        try:
            return int(self._device.write(self.interface.out_address, data, timeout_ms))
        except USBTimeoutError:
            return 0

    def read(self, timeout_ms: int) -> bytes | None:
        """None: nothing within the time. Empty: an empty packet."""
        from usb.core import USBTimeoutError

        try:
            return bytes(self._device.read(self.interface.in_address, READ_BYTES, timeout_ms))
        except USBTimeoutError:
            return None

    def clear_halt(self, *, is_out: bool) -> None:
        """After a stall (EPIPE)."""
        self._device.clear_halt(self.interface.out_address if is_out else self.interface.in_address)

    def port_status(self) -> int:
        return int(self._ask(GET_PORT_STATUS, 0, self.interface.number, 1)[0])

    def device_id(self) -> bytes:
        """Empty: it has none."""
        place = self.interface.number << 8 | self.interface.alternate
        with suppress(OSError):
            return self._ask(GET_DEVICE_ID, self.interface.configuration_index, place, DEVICE_ID_BYTES_MAX - 1)
        return b""

    def close(self) -> None:
        """Give the interface back to the kernel's driver, if there is one that wants it: also what an earlier run that
        was killed did not give back. The threads must have ended."""
        from usb.util import dispose_resources, release_interface

        with self._control:
            if self._is_closed:
                return
            self._is_closed = True
            with suppress(OSError):  # unplugged
                release_interface(self._device, self.interface.number)
            with suppress(OSError, NotImplementedError):
                self._device.attach_kernel_driver(self.interface.number)
            with suppress(OSError):
                dispose_resources(self._device)

    def _ask(self, request: int, value: int, index: int, length: int) -> bytes:
        with self._control:
            if self._is_closed:
                raise OSError(errno.ENODEV, "closed")
            answer = bytes(self._device.ctrl_transfer(_CLASS_IN, request, value, index, length, CONTROL_MS_MAX))
        if not answer:
            raise OSError(errno.EPROTO, "an empty answer")
        return answer


def open_usb_bulk(path: Path, backend: Any = None) -> UsbBulk:
    """Take the printer at a node of usbfs from the kernel's driver and claim it. ``backend``: pyusb's, for tests.

    Raises OSError; LookupError: it is no printer; ImportError: pyusb, or libusb itself, is not installed.
    """
    device = _device_at(path, backend)
    from usb.util import claim_interface, dispose_resources

    bulk = None
    try:
        interface = find_interface(device)
        if device.is_kernel_driver_active(interface.number):
            device.detach_kernel_driver(interface.number)
        bulk = UsbBulk(device, interface)
        claim_interface(device, interface.number)
        if sum(each.bInterfaceNumber == interface.number for each in device.get_active_configuration()) > 1:
            device.set_interface_altsetting(interface.number, interface.alternate)
        return bulk
    except BaseException:
        if bulk is not None:
            bulk.close()
        dispose_resources(device)
        raise


def find_interface(device: Any) -> PrinterInterface:
    """The printer's interface in the active configuration, or in the first. Raises LookupError."""
    from usb.core import USBError

    try:
        configuration = device.get_active_configuration()
    except USBError as error:
        if error.errno is not None:
            raise
        device.set_configuration()  # it was left without one
        configuration = device.get_active_configuration()
    found = {each.bInterfaceProtocol: each for each in reversed(list(_printers(configuration)))}
    for protocol in PROTOCOLS:
        if protocol in found:
            return _described(found[protocol], configuration)
    interfaces = ", ".join(f"class {each.bInterfaceClass:#04x}/{each.bInterfaceProtocol}" for each in configuration)
    raise LookupError(f"it has no printer's interface, class 7 with protocol 1 or 2 (it has {interfaces or 'none'})")


def _printers(configuration: Any) -> Iterator[Any]:
    for interface in configuration:
        if interface.bInterfaceClass == PRINTER_CLASS and _endpoint(interface, is_in=False) is not None:
            yield interface


def _described(interface: Any, configuration: Any) -> PrinterInterface:
    out_address = _endpoint(interface, is_in=False)
    assert out_address is not None
    return PrinterInterface(
        interface.bInterfaceNumber,
        interface.bAlternateSetting,
        configuration.index,
        out_address,
        _endpoint(interface, is_in=True),
    )


def _endpoint(interface: Any, *, is_in: bool) -> int | None:
    """The address of its first bulk endpoint in this direction."""
    for endpoint in interface:
        is_bulk = endpoint.bmAttributes & 0x03 == _BULK
        if is_bulk and bool(endpoint.bEndpointAddress & 0x80) is is_in:
            return int(endpoint.bEndpointAddress)
    return None


def _device_at(path: Path, backend: Any) -> Any:
    """A node's minor number is made of bus and address (Linux, Documentation/driver-api/usb/usb.rst)."""
    try:
        from usb.core import NoBackendError, find
    except ImportError as error:
        raise ImportError("pyusb is not installed: pip install 'edge-gateway[usb]'") from error

    bus, address = divmod(os.minor(path.stat().st_rdev), 128)
    try:
        found = find(bus=bus + 1, address=address + 1, backend=backend)
    except NoBackendError as error:
        raise ImportError("libusb is not installed: apt install libusb-1.0-0") from error
    if found is None:
        raise OSError(errno.ENODEV, "no such device")
    return found
