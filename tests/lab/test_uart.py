"""Modem lines and break on a real UART: ``LAB_UART`` names its node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_gateway.contracts.transport import ModemLines
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.serial import SerialTransport
from tests.transports.sinks import RecordingSink

UART = os.environ.get("LAB_UART", "")

pytestmark = pytest.mark.skipif(not UART, reason="LAB_UART names no port: no UART here")


@pytest.mark.parametrize("raised", [True, False])
async def test_uart_is_opened_with_its_lines_as_configured(raised: bool) -> None:
    wanted = {"kind": "serial", "path": Path(UART), "bytesize": 7, "parity": "E", "dtr": raised, "rts": raised}
    transport, sink = SerialTransport(SerialTransportSettings.model_validate(wanted)), RecordingSink()
    await transport.open(sink)
    assert isinstance(transport.modem_lines(), ModemLines)
    transport.set_modem_lines(dtr=not raised, rts=not raised)
    await transport.send_break(0.05)
    assert sink.losses == []
    await transport.close()
