"""Listening to what passes over a transport: for recordings, and for the ring of raw bytes that support reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from edge_gateway.contracts.transport import (
    ByteSink,
    ModemLines,
    ModemTransport,
    ReportTransport,
    Transport,
    misses_before_gone,
)

RawDirection = Literal["<", ">", "<<", ">>"]
"""From the device, to the device; doubled: feature reports of a HID device."""

Tell = Callable[[RawDirection, bytes], None]
"""Called on the event loop, before the bytes go on: an answer can arrive while a slow write is still under way."""


def tapped(transport: Transport, tell: Tell) -> Transport:
    """The transport, and whatever else it can do, with every chunk told as it passes."""
    if isinstance(transport, ReportTransport):
        return _TappedReports(transport, tell)
    if isinstance(transport, ModemTransport):
        return _TappedModem(transport, tell)
    return _Tapped(transport, tell)


class _TappedSink:
    def __init__(self, sink: ByteSink, tell: Tell) -> None:
        self._sink = sink
        self._tell = tell

    def data_received(self, data: bytes) -> None:
        self._tell("<", data)
        self._sink.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._sink.connection_lost(error)


class _Tapped:
    def __init__(self, inner: Transport, tell: Tell) -> None:
        self._inner = inner
        self._tell = tell
        self.misses_before_gone = misses_before_gone(inner)

    @property
    def description(self) -> str:
        return self._inner.description

    def is_there(self) -> bool:
        return self._inner.is_there()

    async def open(self, sink: ByteSink) -> None:
        await self._inner.open(_TappedSink(sink, self._tell))

    async def write(self, data: bytes) -> None:
        self._tell(">", data)
        await self._inner.write(data)

    def drop_input(self) -> None:
        self._inner.drop_input()

    async def close(self) -> None:
        await self._inner.close()


class _TappedReports(_Tapped):
    def __init__(self, inner: ReportTransport, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._reports = inner

    @property
    def report_descriptor(self) -> bytes:
        return self._reports.report_descriptor

    async def send_feature(self, report: bytes) -> None:
        self._tell(">>", report)
        await self._reports.send_feature(report)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        report = await self._reports.get_feature(report_id, length)
        self._tell("<<", report)
        return report


class _TappedModem(_Tapped):
    def __init__(self, inner: ModemTransport, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._modem = inner

    def modem_lines(self) -> ModemLines:
        return self._modem.modem_lines()

    def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        self._modem.set_modem_lines(dtr=dtr, rts=rts)

    async def send_break(self, duration_s: float) -> None:
        await self._modem.send_break(duration_s)
