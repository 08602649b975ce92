"""What may stand where a host is asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edge_gateway.settings_transports import TcpTransportSettings


@pytest.mark.parametrize(
    "host", ["printer", "printer-1.shop.local", "TM_T20.local.", "192.0.2.11", "2001:db8::1", "fe80::1%eth0", "[::1]"]
)
def test_name_or_address_is_a_host(host: str) -> None:
    assert TcpTransportSettings(kind="tcp", host=host).host == host


@pytest.mark.parametrize(
    "host",
    ["http://192.0.2.11", "192.0.2.11:9100", "printer:9100", "a b", "192.0.2.300", "192.0.2", "user@printer", "x/y"],
)
def test_what_a_browser_takes_is_no_host(host: str) -> None:
    with pytest.raises(ValidationError, match="a port is a key of its own"):
        TcpTransportSettings(kind="tcp", host=host)
