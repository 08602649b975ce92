"""The inside of a simulated receipt printer of any language: buffer, printing task, drawer, faults. No wire."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Literal

from simulators.escpos_paper import Paper
from simulators.printer_condition import Condition
from simulators.printer_faults import CONDITIONS, LATCHING, Fault, Trip, When

RECEIVE_BUFFER_BYTES = 4096
"""As in many printers: full, it takes no more (TCP window closed, or XOFF), and then no status question either."""
RECEIVE_RESUME_BYTES = 1024


class PrinterMachine(ABC):
    """``paper`` and ``counters`` (receipts, drawer_kicks, bytes_received ...) tell what happened.

    Prints on a task of its own, ``bytes_per_s`` fast (None: at once), as long as its condition lets it.
    ``forgets_at_stop``: a cheap one, whose buffer is empty after its paper ended or its cover was opened.
    ``latches_errors``: a jam that was mended stays an error until the host says so.
    """

    def __init__(
        self,
        *,
        columns: int,
        drawer_pin: Literal[2, 5] = 2,
        drawer_open_level: Literal["low", "high"] = "low",
        bytes_per_s: float | None = None,
        forgets_at_stop: bool = False,
        latches_errors: bool = False,
    ) -> None:
        self.condition = Condition(drawer_open_level=drawer_open_level)
        self.paper = Paper(columns)
        self.counters: Counter[str] = Counter()
        self.bytes_per_s = bytes_per_s
        self.on_change: Callable[[str], None] | None = None
        """Called with a word for what happened: ``receipt``, ``drawer_opened``."""
        self._write: Callable[[bytes], None] | None = None
        self._drawer_pin = drawer_pin
        self._forgets_at_stop = forgets_at_stop
        self._latches_errors = latches_errors
        self._mended: set[Fault] = set()
        self._trips: list[Trip] = []
        self._buffer = bytearray()
        self._is_stalled = self._is_mute = self._is_holding = self._is_off = False
        self._wants_rest = False
        self._can_go_on = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def errors(self) -> list[str]:
        """Sequences that a real printer would garble."""

    @abstractmethod
    def _interpret(self, buffer: bytearray) -> int:
        """Carry out the first command of the buffer; its length, 0 while it is not there as a whole."""

    @abstractmethod
    def _power_on(self) -> None:
        """Modes as after power-on."""

    @abstractmethod
    def _changed(self) -> None:
        """The condition may have changed: say so where it was asked for."""

    @property
    def paper_text(self) -> str:
        """The kept paper as text."""
        return self.paper.text

    def paper_png(self, receipt: int | None = None) -> bytes:
        """One kept receipt (negative: from the newest), or all of the kept paper."""
        from simulators.escpos_picture import png  # Pillow takes its time, and few ask for a picture

        receipts = [*self.paper.receipts, self.paper.hanging] if receipt is None else [self.paper.receipts[receipt]]
        return png(receipts, self.paper.width_dots)

    @property
    def is_off(self) -> bool:
        """Without power."""
        return self._is_off

    @property
    def is_idle(self) -> bool:
        """All that was received and can be printed is printed."""
        return not self._can_go_on.is_set()

    @property
    def unprinted_bytes(self) -> int:
        """Received, and not carried out."""
        return len(self._buffer)

    async def start(self) -> None:
        """Begin to print. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._print(), name="simulated printer")

    async def stop(self) -> None:
        """Switch it off for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def set_fault(self, fault: Fault, is_on: bool = True) -> None:
        """Make or mend something."""
        if fault in CONDITIONS:
            self._set_condition(fault, is_on)
        match fault:
            case "stall":
                self._is_stalled = is_on
            case "mute":
                self._is_mute = is_on
            case "hold":
                self._is_holding = is_on
            case "power_off":
                self._switch(is_off=is_on)
            case "disconnect":
                self._disconnect()
            case "paper_out" | "cover_open" if is_on and self._forgets_at_stop:
                self.forget()
        self._changed()
        self._flow()
        self._can_go_on.set()

    def trip_at(self, count: int, fault: Fault, *, when: When = "printed") -> None:
        """Set the fault when so many more bytes have been printed (received): in the middle of a job. Any number of
        trips can wait."""
        self._trips.append(Trip(count, fault, when))

    def close_drawer(self) -> None:
        """Push the drawer in."""
        self.condition.is_drawer_open = False
        self._changed()

    def forget(self) -> None:
        """All that was received and not printed."""
        self._buffer.clear()
        self.paper.forget_line()

    def recover(self, *, is_clearing: bool) -> None:
        """The host says that the errors were mended: those that were are none any more."""
        if is_clearing:
            self.forget()
            self.counters["buffer_clears"] += 1
        for fault in self._mended:
            setattr(self.condition, CONDITIONS[fault], False)
        self._mended.clear()
        self._changed()
        self._can_go_on.set()

    # What an interpreter asks of the machine.

    def send(self, data: bytes) -> None:
        """To the host, if it is there and the printer speaks."""
        if self._write is not None and not self._is_mute and not self._is_off and data:
            self._write(data)

    def kick_drawer(self, pin: int, on_ms: int) -> None:
        self.counters["drawer_kicks"] += 1
        if pin == self._drawer_pin and on_ms > 0:
            self.condition.is_drawer_open = True
            self._changed()
            self._tell("drawer_opened")

    # Inside.

    def _set_condition(self, fault: Fault, is_on: bool) -> None:
        if not is_on and self._latches_errors and fault in LATCHING and getattr(self.condition, CONDITIONS[fault]):
            self._mended.add(fault)
            return
        self._mended.discard(fault)
        setattr(self.condition, CONDITIONS[fault], is_on)

    def _switch(self, *, is_off: bool) -> None:
        self._is_off = is_off
        if is_off:
            self.forget()
            self._power_on()

    def _disconnect(self) -> None:
        """The line breaks."""
        self._write = None

    def _receive(self, byte: int) -> None:
        """A byte of print data."""
        self._buffer.append(byte)
        self.counters["bytes_received"] += 1
        self._pass_by(1, "received")

    def _pass_by(self, count: int, when: When) -> None:
        due = [trip for trip in self._trips if trip.when == when and trip.pass_by(count)]
        for trip in due:
            self._trips.remove(trip)
            self.set_fault(trip.fault)

    @property
    def _can_print(self) -> bool:
        return bool(self._buffer) and not (self.condition.is_offline or self._is_stalled or self._is_off)

    async def _print(self) -> None:
        """Carry out what is in the buffer, command by command; the far end's view of time is the loop's."""
        loop = asyncio.get_running_loop()
        ready_at = loop.time()
        while True:
            if not self._can_print or not (consumed := self._step()):
                self._can_go_on.clear()
                await self._can_go_on.wait()
                ready_at = max(ready_at, loop.time())
            elif self.bytes_per_s is not None:
                ready_at += consumed / self.bytes_per_s
                await asyncio.sleep(max(0.0, ready_at - loop.time()))

    def _step(self) -> int:
        cuts = self.paper.cut_count
        consumed = self._interpret(self._buffer)
        del self._buffer[:consumed]
        self.counters["bytes_printed"] += consumed
        if self.paper.cut_count > cuts:
            self.counters["receipts"] += 1
            self._tell("receipt")
        self._wants_rest = not consumed
        if consumed:
            self._pass_by(consumed, "printed")
        self._flow()
        return consumed

    def _flow(self) -> None:
        """The fill of the buffer changed; a printer with a wire stops its host, or starts it again."""
        self.counters["buffer_bytes_max"] = max(self.counters["buffer_bytes_max"], self.unprinted_bytes)

    def _tell(self, what: str) -> None:
        if self.on_change is not None:
            self.on_change(what)
