"""The line to a printer: what it says goes to whoever waits for it, bytes go out under flow control."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.printer_condition import Obstacle
from drivers.usb_printer_port import port_says
from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.waiting import within
from protocols.printers.flow_control import FlowControl

Wanted = Callable[[CodecEvent], bool]


class PrinterLine:
    """One connection. ``on_event`` hears everything that was understood, before whoever waits for it."""

    def __init__(self, session: Session, codec: Codec, on_event: Callable[[CodecEvent], None]) -> None:
        self._session = session
        self._stream = codec
        self._on_event = on_event
        self._waiting: list[tuple[Wanted, asyncio.Future[CodecEvent]]] = []
        self._can_send = asyncio.Event()
        self._is_released = asyncio.Event()
        self._between_commands = asyncio.Event()
        for event in (self._can_send, self._is_released, self._between_commands):
            event.set()
        self._writing = asyncio.Lock()
        """What is handed over goes out whole and in order."""

    def data_received(self, data: bytes) -> None:
        """From the transport."""
        for event in self._stream.feed(data):
            if isinstance(event, FrameRejected):
                self._session.frame_rejected(event)
                continue
            self._session.frame_seen()
            if isinstance(event, FlowControl):
                (self._can_send.set if event.can_send else self._can_send.clear)()
            self._on_event(event)
            self._hand_out(event)

    def flush(self) -> None:
        """The line is idle: half an answer will not be completed."""
        for event in self._stream.flush():
            if isinstance(event, FrameRejected):
                self._session.frame_rejected(event)

    def expect(self, wanted: Wanted) -> asyncio.Future[CodecEvent]:
        """The next event that is wanted and that nobody waits for since earlier. ``forget`` it in the end."""
        future: asyncio.Future[CodecEvent] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, future))
        return future

    def forget(self, future: asyncio.Future[CodecEvent]) -> None:
        """It is not waited for any more."""
        self._waiting = [entry for entry in self._waiting if entry[1] is not future]

    @contextmanager
    def waiting_for(self, wanted: Wanted) -> Iterator[asyncio.Future[CodecEvent]]:
        """A future of the next event that is wanted. Enter before asking."""
        future = self.expect(wanted)
        try:
            yield future
        finally:
            self.forget(future)

    @property
    def is_between_commands(self) -> bool:
        """Nothing of a command is missing behind what was handed over."""
        return self._between_commands.is_set()

    async def port_says(self) -> Obstacle | None:
        """What a person has to mend, by the printer's port: see ``drivers.usb_printer_port``."""
        return await port_says(self._session)

    def hold(self) -> None:
        """Let nothing be sent that is not under way, until ``release``."""
        self._is_released.clear()

    def release(self) -> None:
        """Go on."""
        self._is_released.set()

    async def send(self, data: bytes, *, is_whole: bool = True) -> None:
        """Hand bytes to the port as soon as flow control lets it. ``is_whole``: no command is cut short behind them.
        Raises TransportError."""
        while not (self._can_send.is_set() and self._is_released.is_set()):
            await self._can_send.wait()
            await self._is_released.wait()
        async with self._writing:
            if not is_whole:
                self._between_commands.clear()
            await self._session.transport.write(data)
            if is_whole:
                self._between_commands.set()

    async def write(self, data: bytes, timeout_s: float) -> bool:
        """As ``send``. False: not within the time."""
        return await within(self._session.clock, timeout_s, self.send(data))

    async def write_now(
        self, data: bytes, timeout_s: float, *, is_forced: bool = False, is_patient: bool = False
    ) -> bool:
        """As ``write``, past XOFF: real-time commands are for a printer that takes nothing else. Not into the middle of
        a command, which they would spoil; ``is_forced``: there too; ``is_patient``: not past XOFF."""
        writing = self._write_between(data, is_forced=is_forced, is_patient=is_patient)
        return await within(self._session.clock, timeout_s, writing)

    async def _write_between(self, data: bytes, *, is_forced: bool, is_patient: bool) -> None:
        while True:
            if is_patient:
                await self._can_send.wait()
            if not is_forced:
                await self._between_commands.wait()
            async with self._writing:
                if is_forced or self._between_commands.is_set():
                    await self._session.transport.write(data)
                    return

    def _hand_out(self, event: CodecEvent) -> None:
        for entry in self._waiting:
            wanted, future = entry
            if not future.done() and wanted(event):
                future.set_result(event)
                self._waiting.remove(entry)
                return
