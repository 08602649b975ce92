"""The ``transport`` of a device: how it is attached, one model per kind. What is missing comes from its profile."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from edge_gateway.settings_parts import Host, NodeSection, Section

UsageText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2,4}:[0-9a-f]{2,4}$")]

BAUD_RATES = (
    *(50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400),
    *(460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000),
)
"""The speeds that Linux has names for (termios.h, B50 to B4000000). Others are typing errors."""

BLUETOOTH_BASE = "-0000-1000-8000-00805f9b34fb"
"""What a 16-bit UUID is short for (Bluetooth Core Specification 5.4, Vol 3, Part B, 2.5.1)."""

SEARCHED_ADDRESSES_MAX = 256
"""The kernel's neighbour table holds 1,024 of all networks (gc_thresh3), and other hosts need it too."""

_SHORT_UUID = re.compile(r"(?:0[xX])?([0-9a-fA-F]{4})")
_BLUETOOTH_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


_SHARED = (
    "Other devices with it at the same place use the same open port, and each gets all bytes: a scanner and its scale "
    "on a single cable."
)


def _standard_rate(baud: int) -> int:
    if baud not in BAUD_RATES:
        raise ValueError(f"expected a rate that serial ports have: {', '.join(map(str, BAUD_RATES))}")
    return baud


def _whole_uuid(text: str) -> str:
    """As BlueZ writes it: 36 characters, lower case."""
    if short := _SHORT_UUID.fullmatch(text):
        return f"0000{short[1].lower()}{BLUETOOTH_BASE}"
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(
            "expected a UUID such as 6e400003-b5a3-f393-e0a9-e50e24dcca9e, or its 16 bits such as 2A9D"
        ) from None


def _bluetooth_address(text: str) -> str:
    address = text.strip().upper().replace("-", ":")
    if not _BLUETOOTH_ADDRESS.fullmatch(address):
        raise ValueError("expected a Bluetooth address such as F0:F1:F2:F3:F4:F5")
    return address


def _mac_address(text: str) -> str:
    address = text.strip().upper().replace("-", ":")
    if not _BLUETOOTH_ADDRESS.fullmatch(address):
        raise ValueError("expected a MAC address such as 00:26:AB:12:34:56, as its self test print has it")
    return address


def _searched_network(text: str) -> str:
    try:
        network = IPv4Network(text.strip())
    except ValueError:
        raise ValueError("expected an IPv4 network such as 192.0.2.0/24") from None
    if network.num_addresses > SEARCHED_ADDRESSES_MAX:
        raise ValueError(f"expected a network of at most {SEARCHED_ADDRESSES_MAX} addresses, such as 192.0.2.0/24")
    return str(network)


MacAddress = Annotated[str, AfterValidator(_mac_address)]
SearchedNetwork = Annotated[str, AfterValidator(_searched_network)]
GattUuid = Annotated[str, AfterValidator(_whole_uuid)]
BluetoothAddress = Annotated[str, AfterValidator(_bluetooth_address)]


class SerialTransportSettings(NodeSection):
    """A serial port."""

    kind: Literal["serial"]
    path: Path | None = Field(None, description="Stable path of the port, such as /dev/serial/by-id/…; or device.")
    baud: Annotated[int, AfterValidator(_standard_rate)] = Field(9600, description="Bits per second: a standard rate.")
    bytesize: Literal[7, 8] = Field(8, description="Data bits.")
    parity: Literal["N", "E", "O"] = Field("N", description="None, even or odd.")
    stopbits: Literal[1, 2] = Field(1, description="Stop bits.")
    flow: Literal["none", "rtscts", "xonxoff"] = Field("none", description="Flow control.")
    dtr: bool = Field(True, description="Raise the modem line DTR when the port is opened: many devices sleep without.")
    rts: bool = Field(True, description="Raise RTS when the port is opened; with flow rtscts the kernel has it.")
    software_parity: bool = Field(
        False,
        description="For an adapter that only knows 8 bits without parity: the eighth bit of what is received is "
        "cleared here, and that of what is sent is the parity.",
    )
    shared: bool = Field(False, description=_SHARED)

    @model_validator(mode="after")
    def _parity_has_its_bit(self) -> Self:
        if self.software_parity and self.bytesize != 7:
            raise ValueError("software_parity needs bytesize 7: the eighth bit is the parity")
        if not self.rts and self.flow == "rtscts":
            raise ValueError("with flow rtscts the kernel moves RTS; leave rts out")
        return self


class TcpTransportSettings(Section):
    """A TCP client connection."""

    kind: Literal["tcp"]
    host: Host | None = Field(None, description="Host of the device: its address, or a name; or mac.")
    mac: MacAddress | None = Field(
        None,
        description="Its MAC address, such as 00:26:AB:12:34:56, with or without host: it is followed to another "
        "address, and nobody else who answers at its own is sent anything. Without a router in between, IPv4.",
    )
    search: SearchedNetwork | None = Field(
        None,
        description="With mac: the network in which it is looked for where it is not found otherwise, such as "
        "192.0.2.0/24, by an empty UDP datagram to each address; at most 256 addresses.",
    )
    port: int = Field(9100, ge=1, le=65535, description="Port of the device.")
    connect_timeout_s: float = Field(3.0, gt=0, description="Time to connect.")
    unacknowledged_timeout_s: float = Field(
        30.0,
        ge=1,
        le=86400,
        description="What was sent and not taken for so long means that the device is gone. A printer that waits for "
        "paper in the middle of a print takes nothing: it needs as long as a person may.",
    )
    shared: bool = Field(False, description=_SHARED)

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.host is None and self.mac is None:
            raise ValueError("expected host, mac or both: how the device is found")
        if self.search is not None and self.mac is None:
            raise ValueError("search needs mac: who is looked for")
        return self


class EvdevTransportSettings(NodeSection):
    """A keyboard-like input device, grabbed so that its keys reach nobody else. With ``device``: all its keyboards."""

    kind: Literal["evdev"]
    path: Path | None = Field(
        None, description="Stable path of the node, such as /dev/input/by-id/…-event-kbd; or a FIFO or pty; or device."
    )


class HidrawTransportSettings(NodeSection):
    """A HID device spoken to in reports: scanners (usage page 0x8C), scales (0x8D), card readers (0x8E)."""

    kind: Literal["hidraw"]
    path: Path | None = Field(
        None, description="Path of the node, such as /dev/hidraw0, which changes with each plug; better device."
    )
    usage: UsageText | None = Field(
        None, description="With device: of its nodes, the one with this usage page and usage, such as 8c:02."
    )


class UsbPrinterTransportSettings(NodeSection):
    """A USB printer (interface class 7)."""

    kind: Literal["usb_printer"]
    path: Path | None = Field(
        None, description="Path of the node, such as /dev/usb/lp0, which changes with each plug; better device."
    )
    through: Literal["usblp", "libusb"] | None = Field(
        None,
        description="The kernel's driver usblp (/dev/usb/lp0), or libusb, which takes the printer from it (needs the "
        "usb extra); none: usblp where it has the printer.",
    )


class RfcommTransportSettings(Section):
    """A paired Bluetooth device with the serial port profile (SPP): most mobile printers."""

    kind: Literal["rfcomm"]
    address: BluetoothAddress = Field(description="Its address, such as 00:11:62:AA:BB:CC.")
    channel: int = Field(1, ge=1, le=30, description="RFCOMM channel; sdptool browse tells the one of its Serial Port.")
    connect_timeout_s: float = Field(10.0, gt=0, description="Time to connect: a sleeping device takes some seconds.")


class GpioLineSettings(Section):
    """One wire."""

    line: str | None = Field(
        None,
        min_length=1,
        max_length=31,
        description="Its name, as gpioinfo lists it, such as GPIO17; or chip, offset.",
    )
    chip: Path | None = Field(None, description="Instead of line, with offset: the chip, such as /dev/gpiochip0.")
    offset: int | None = Field(None, ge=0, le=4095, description="With chip: the number of the line on it.")
    direction: Literal["output", "input"] = Field(description="What it is to the gateway.")
    active_low: bool = Field(False, description="Active is 0 V.")
    bias: Literal["as_is", "pull_up", "pull_down", "disabled"] = Field(
        "as_is", description="Of an input: the resistor inside the chip; a contact to ground needs pull_up."
    )
    drive: Literal["push_pull", "open_drain", "open_source"] = Field("push_pull", description="Of an output.")
    debounce_ms: int = Field(20, ge=0, le=1000, description="Of an input: shorter changes are none.")

    @model_validator(mode="after")
    def _is_found_one_way(self) -> Self:
        if (self.line is None) != (self.chip is not None and self.offset is not None):
            raise ValueError("expected line, or chip and offset, one of the two: where the wire is")
        if self.line is not None and (self.chip is not None or self.offset is not None):
            raise ValueError("expected line, or chip and offset, not both")
        return self


class GpioTransportSettings(Section):
    """Wires of the box's own connector, by the names that the driver wants."""

    kind: Literal["gpio"]
    lines: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")], GpioLineSettings] = Field(
        min_length=1, max_length=32, description="By name, each wire: lines.drawer = { line = 'GPIO17', … }."
    )


class PrinterTransportSettings(Section):
    """Through a printer of this configuration: to the drawer on its connector, or the display on its cable."""

    kind: Literal["printer"]
    printer: str = Field(min_length=1, description="Id of the printer.")
    carries: Literal["drawer", "display"] = Field(description="What hangs on it; mostly the profile says so.")
    pin: Literal[2, 5] | None = Field(
        None, description="Of the drawer connector; none: as the printer's drawer_pin says. Both share one switch."
    )


class BleTransportSettings(Section):
    """A Bluetooth Low Energy device: bytes come as notifications of one GATT service, and go by writing."""

    kind: Literal["ble"]
    address: BluetoothAddress | None = Field(None, description="Its address, such as F0:F1:F2:F3:F4:F5; or name.")
    name: str | None = Field(
        None, min_length=1, max_length=248, description="The name it advertises, where it changes its address."
    )
    service: GattUuid = Field(description="The GATT service, as UUID or its 16 bits: 181D is the weight scale service.")
    notify: tuple[GattUuid, ...] = Field(
        min_length=1, max_length=8, description="Characteristics that notify or indicate: each gives its bytes."
    )
    write: GattUuid | None = Field(None, description="The characteristic that is written to; none: it only listens.")
    write_response: bool | None = Field(
        None, description="Whether the device confirms what is written; none: where its characteristic can."
    )
    adapter: str | None = Field(
        None, pattern=r"^hci\d+$", description="The Bluetooth adapter, such as hci0; none: the first."
    )

    @model_validator(mode="after")
    def _is_found_one_way(self) -> Self:
        if (self.address is None) == (self.name is None):
            raise ValueError("expected address or name, one of the two: how the device is found")
        return self


TransportSettings = Annotated[
    SerialTransportSettings
    | TcpTransportSettings
    | EvdevTransportSettings
    | HidrawTransportSettings
    | UsbPrinterTransportSettings
    | BleTransportSettings
    | RfcommTransportSettings
    | GpioTransportSettings
    | PrinterTransportSettings,
    Field(discriminator="kind"),
]

PLACE_KEYS = frozenset(
    {
        *("path", "device", "host", "mac", "search", "port", "address", "name", "adapter", "shared", "software_parity"),
        *("through", "channel", "lines", "printer", "pin"),
    }
)
"""Where a device is and through which adapter: of one store alone. A recording is made and replayed without them."""
