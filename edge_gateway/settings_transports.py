"""The ``transport`` of a device: how it is attached, one model per kind. What is missing comes from its profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from edge_gateway.settings_parts import Host, NodeSection, Section

UsageText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2,4}:[0-9a-f]{2,4}$")]

BAUD_RATES = (
    *(50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400),
    *(460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000),
)
"""The speeds that Linux has names for (termios.h, B50 to B4000000). Others are typing errors."""


def _standard_rate(baud: int) -> int:
    if baud not in BAUD_RATES:
        raise ValueError(f"expected a rate that serial ports have: {', '.join(map(str, BAUD_RATES))}")
    return baud


class SerialTransportSettings(NodeSection):
    """A serial port."""

    kind: Literal["serial"]
    path: Path | None = Field(None, description="Stable path of the port, such as /dev/serial/by-id/…; or device.")
    baud: Annotated[int, AfterValidator(_standard_rate)] = Field(9600, description="Bits per second: a standard rate.")
    bytesize: Literal[7, 8] = Field(8, description="Data bits.")
    parity: Literal["N", "E", "O"] = Field("N", description="None, even or odd.")
    stopbits: Literal[1, 2] = Field(1, description="Stop bits.")
    flow: Literal["none", "rtscts", "xonxoff"] = Field("none", description="Flow control.")


class TcpTransportSettings(Section):
    """A TCP client connection."""

    kind: Literal["tcp"]
    host: Host = Field(description="Host of the device.")
    port: int = Field(9100, ge=1, le=65535, description="Port of the device.")
    connect_timeout_s: float = Field(3.0, gt=0, description="Time to connect.")


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


TransportSettings = Annotated[
    SerialTransportSettings | TcpTransportSettings | EvdevTransportSettings | HidrawTransportSettings,
    Field(discriminator="kind"),
]
