"""What every section of the configuration is made of: the strict base, addresses, times of the day."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge_gateway.contracts.attachment import check_selector
from edge_gateway.contracts.fields import RESERVED_LANES, Level

_TIME_WINDOW = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")


class Section(BaseModel):
    """A table of the file: nothing unknown allowed, never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_this_box(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _not_in_clear(address: str) -> str:
    """Raises ValueError where sales and credentials would travel unencrypted. Within the box they may."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError("expected an address such as https://cloud.example.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials do not belong into an address: expected it without them, and a [cloud.oauth]")
    if parts.scheme != "https" and not is_this_box(host):
        raise ValueError(
            "http:// would send sales and credentials in clear: expected https:// "
            "(http:// only to this box itself: localhost, 127.0.0.1 or [::1])"
        )
    return address


def _no_reserved_lane(lane: str) -> str:
    if lane in RESERVED_LANES:
        raise ValueError(f"topics of the gateway itself have {' and '.join(sorted(RESERVED_LANES))} there")
    return lane


def _window(text: str) -> str:
    if not _TIME_WINDOW.fullmatch(text):
        raise ValueError("expected two times of the day such as 22:00-05:00")
    if text[:5] == text[6:]:
        raise ValueError("expected two different times such as 22:00-05:00")
    return text


def _host(text: str) -> str:
    """Not what is typed into a browser: it would be looked up as a name, and not be known."""
    is_wrong = re.search(r"[\s/@]", text) is not None or text.count(":") == 1
    if is_wrong or (re.fullmatch(r"[0-9.]+", text) and not _is_ip_address(text)):
        raise ValueError(
            "expected a name or an address such as printer-1.local or 192.0.2.11; a port is a key of its own"
        )
    return text


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


Host = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_host)]
CloudAddress = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_not_in_clear)]
TimeWindow = Annotated[str, AfterValidator(_window)]
"""Two times of the day."""
LaneName = Annotated[Level, AfterValidator(_no_reserved_lane)]
SelectorText = Annotated[str, AfterValidator(check_selector)]
"""Names an attached device by what stays: see contracts.attachment."""


class NodeSection(Section):
    """A transport that opens nodes: those at a path, or those of a device."""

    path: Path | None = Field(None, description="Stable path of the node; or device.")
    device: SelectorText | None = Field(
        None,
        description="Instead of path: the attached device, such as usb:05e0:1200:SERIAL or usb-port:1-1.4, as "
        "edge-gateway devices lists it.",
    )

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.path is None) == (self.device is None):
            raise ValueError("expected either path or device: where it is attached")
        return self
