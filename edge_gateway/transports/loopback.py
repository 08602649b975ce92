"""A transport in memory: joins a driver and a simulator (or a test) in one process, without a kernel between them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink

Chunker = Callable[[bytes], Iterable[bytes]]
"""How one write arrives at the other side: whole, byte by byte, in random pieces, with losses."""

INPUT_BYTES_MAX = 1_048_576
"""Undelivered bytes kept; a far end that writes more without letting the loop run is told so by an error."""


class FarEnd:
    """The device's side of a loopback. Set ``on_bytes`` to hear the gateway; ``write`` to answer."""

    def __init__(self, transport: LoopbackTransport) -> None:
        self._transport = transport
        self.on_bytes: Callable[[bytes], None] | None = None
        self.refusal: TransportError | None = None
        """Set: the next opens raise it (an absent or busy device)."""
        self.is_there = True
        self.open_count = 0
        self.on_feature: Callable[[bytes], None] | None = None
        """Of a HID device: hears feature reports; may raise TransportError to refuse one."""
        self.features: dict[int, bytes] = {}
        """Of a HID device: the feature reports that it gives when asked, by id; each begins with its id."""

    @property
    def is_open(self) -> bool:
        """The gateway has this transport open."""
        return self._transport.is_open

    def write(self, data: bytes) -> None:
        """Send to the gateway. Delivered by the event loop, as from a kernel; lost while the gateway is not open."""
        self._transport._arrive(data)

    def hang_up(self, error: Exception | None = None) -> None:
        """Pull the plug: what was written before is still delivered, then ``connection_lost``."""
        self._transport._hang_up(error)

    def stall(self) -> None:
        """Take no more bytes: the gateway's writes wait, as with a printer that holds flow control."""
        self._transport._writable.clear()

    def resume(self) -> None:
        """Take bytes again."""
        self._transport._writable.set()


class LoopbackTransport:
    """One way to one simulated device. ``chunker`` cuts what the far end writes into the pieces that are delivered."""

    def __init__(self, description: str = "loopback", chunker: Chunker | None = None) -> None:
        self.description = description
        self.far_end = FarEnd(self)
        self._chunker = chunker
        self._sink: ByteSink | None = None
        self._input: deque[bytes] = deque()
        self._hang_up_error: list[Exception | None] = []
        self._is_delivery_scheduled = False
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def is_open(self) -> bool:
        return self._sink is not None

    def is_there(self) -> bool:
        return self.far_end.is_there

    async def open(self, sink: ByteSink) -> None:
        if self._sink is not None:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        if self.far_end.refusal is not None:
            raise self.far_end.refusal
        self._input.clear()
        self._hang_up_error.clear()
        self._writable.set()
        self._sink = sink
        self.far_end.open_count += 1

    async def write(self, data: bytes) -> None:
        await self._writable.wait()
        if self._sink is None:
            raise TransportError(f"{self.description}: not open; {len(data)} bytes were not sent")
        if self.far_end.on_bytes is not None:
            # By the loop, so that an answer never arrives inside the write that asked for it.
            asyncio.get_running_loop().call_soon(self.far_end.on_bytes, bytes(data))

    def drop_input(self) -> None:
        self._input.clear()

    async def close(self) -> None:
        self._sink = None
        self._input.clear()
        self._hang_up_error.clear()
        self._writable.set()

    def _arrive(self, data: bytes) -> None:
        if self._sink is None or self._hang_up_error or not data:
            return
        if sum(map(len, self._input)) + len(data) > INPUT_BYTES_MAX:
            raise OverflowError(f"{self.description}: more than {INPUT_BYTES_MAX} bytes wait to be delivered")
        self._input.extend((data,) if self._chunker is None else map(bytes, self._chunker(data)))
        self._schedule_delivery()

    def _hang_up(self, error: Exception | None) -> None:
        if self._sink is None or self._hang_up_error:
            return
        self._hang_up_error.append(error)
        self._schedule_delivery()

    def _schedule_delivery(self) -> None:
        if not self._is_delivery_scheduled:
            self._is_delivery_scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._is_delivery_scheduled = False
        # The sink may close, or close and reopen, the transport from inside its callback.
        while self._sink is not None and self._input:
            self._sink.data_received(self._input.popleft())
        if self._sink is not None and self._hang_up_error:
            sink, error = self._sink, self._hang_up_error.pop()
            self._sink = None
            self._writable.set()
            sink.connection_lost(error)


class LoopbackReportTransport(LoopbackTransport):
    """One way to one simulated HID device. Implements ``contracts.transport.ReportTransport``; each write of the far
    end is one input report."""

    def __init__(self, report_descriptor: bytes, description: str = "loopback reports") -> None:
        super().__init__(description)
        self.report_descriptor = b""
        self._descriptor = report_descriptor

    async def open(self, sink: ByteSink) -> None:
        await super().open(sink)
        self.report_descriptor = self._descriptor

    async def send_feature(self, report: bytes) -> None:
        self._require_open()
        if self.far_end.on_feature is not None:
            self.far_end.on_feature(bytes(report))

    async def get_feature(self, report_id: int, length: int) -> bytes:
        self._require_open()
        if report_id not in self.far_end.features:
            raise TransportError(f"{self.description}: feature report {report_id} was not given: the device refused it")
        return self.far_end.features[report_id][:length]

    def _require_open(self) -> None:
        if not self.is_open:
            raise TransportError(f"{self.description}: not open")
