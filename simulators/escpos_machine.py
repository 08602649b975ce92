"""The inside of a simulated receipt printer: buffer, printing task, status answers, drawer, faults. No wire."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from simulators.escpos_characters import CODE_PAGES, Characters
from simulators.escpos_condition import Condition
from simulators.escpos_interpreter import Interpreter
from simulators.escpos_paper import Paper
from simulators.escpos_real_time import CLEAR_PARAMETERS, RealTimeFilter

RECEIVE_BUFFER_BYTES = 4096
"""As in many printers: full, it takes no more (TCP window closed, or XOFF), and then no status question either."""
RECEIVE_RESUME_BYTES = 1024
PROCESS_IDS_KEPT = 100
ANSWERS = frozenset({"dle_eot", "asb", "gs_r", "gs_i", "process_id", "clear"})
"""What a good printer answers; a cheap one answers less."""

Fault = Literal["paper_out", "paper_near_end", "cover_open", "offline", "cutter_jam", "stall", "mute"]


class EscposMachine:
    """``paper`` and ``counters`` (receipts, drawer_kicks, bytes_received ...) tell what happened.

    Prints on a task of its own, ``bytes_per_s`` fast (None: at once), as long as its condition lets it.
    ``wide_encoding``: a Python codec of its ideographs (FS &), if it has them; ``is_multibyte``: GBK.
    """

    def __init__(
        self,
        *,
        columns: int = 42,
        model: str = "TM-T20II",
        drawer_pin: Literal[2, 5] = 2,
        drawer_open_level: Literal["low", "high"] = "low",
        answers: Collection[str] = ANSWERS,
        code_pages: Mapping[int, str] = CODE_PAGES,
        is_multibyte: bool = False,
        wide_encoding: str | None = None,
        bytes_per_s: float | None = None,
    ) -> None:
        self.condition = Condition(drawer_open_level=drawer_open_level)
        self.paper = Paper(columns)
        self.counters: Counter[str] = Counter()
        self.process_ids: deque[str] = deque(maxlen=PROCESS_IDS_KEPT)
        self.bytes_per_s = bytes_per_s
        self.on_change: Callable[[str], None] | None = None
        """Called with a word for what happened: ``receipt``, ``drawer_opened``."""
        self._write: Callable[[bytes], None] | None = None
        self._model = model
        self._drawer_pin = drawer_pin
        self._answers = frozenset(answers)
        self._is_stalled = False
        self._is_mute = False
        self._is_real_time_pulse_enabled = True
        self._asb_mask = 0
        self._trip: tuple[int, Fault] | None = None
        self._buffer = bytearray()
        wide = wide_encoding or ("gbk" if is_multibyte else None)
        self._interpreter = Interpreter(self.paper, self, Characters(code_pages, wide))
        self._filter = RealTimeFilter(self._act, self._receive)
        self._can_go_on = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def errors(self) -> list[str]:
        """Sequences that a real printer would garble."""
        return list(self._interpreter.errors)

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
    def is_idle(self) -> bool:
        """All that was received and can be printed is printed."""
        return not self._can_go_on.is_set()

    @property
    def unprinted_bytes(self) -> int:
        """Received, and not carried out; of a picture that is not whole, its beginning."""
        return len(self._buffer) + self._interpreter.graphics.is_awaiting

    async def start(self) -> None:
        """Begin to print. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._print(), name="simulated printer")

    async def stop(self) -> None:
        """Switch it off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def set_fault(self, fault: Fault, is_on: bool = True) -> None:
        """Make or mend something. ``stall``: prints no more and says nothing of it; ``mute``: answers nothing."""
        match fault:
            case "paper_out":
                self.condition.is_paper_out = is_on
            case "paper_near_end":
                self.condition.is_paper_near_end = is_on
            case "cover_open":
                self.condition.is_cover_open = is_on
            case "offline":
                self.condition.is_forced_offline = is_on
            case "cutter_jam":
                self.condition.is_cutter_jammed = is_on
            case "stall":
                self._is_stalled = is_on
            case "mute":
                self._is_mute = is_on
        self._changed()
        self._can_go_on.set()

    def trip_at(self, count: int, fault: Fault) -> None:
        """Set the fault when so many more bytes have been carried out: in the middle of a job."""
        self._trip = (count, fault)

    def close_drawer(self) -> None:
        """Push the drawer in."""
        self.condition.is_drawer_open = False
        self._changed()

    # What the interpreter asks of the machine.

    def send(self, data: bytes) -> None:
        """To the host, if it is there and the printer speaks."""
        if self._write is not None and not self._is_mute and data:
            self._write(data)

    def kick_drawer(self, pin: int, on_ms: int) -> None:
        self.counters["drawer_kicks"] += 1
        if pin == self._drawer_pin and on_ms > 0:
            self.condition.is_drawer_open = True
            self._changed()
            self._tell("drawer_opened")

    def buzz(self, times: int, on_ms: int) -> None:
        self.counters["buzzes"] += times
        self._tell("buzzed")

    def enable_automatic_status(self, mask: int) -> None:
        self._asb_mask = mask if "asb" in self._answers else 0
        if self._asb_mask:
            self.send(self.condition.automatic())

    def set_real_time(self, is_enabled: bool) -> None:
        self._is_real_time_pulse_enabled = is_enabled

    def answer_status(self, n: int) -> None:
        if "gs_r" in self._answers:
            self.send(self.condition.in_order(n))

    def answer_identity(self, n: int) -> None:
        texts = {65: "15.01 ESC/POS", 66: "SIMULATED", 67: self._model, 68: "SIM0000001"}
        if "gs_i" in self._answers:
            self.send(b"\x5f" + texts[n].encode() + b"\x00" if n in texts else bytes((0x63,)))

    def answer_process_id(self, process_id: bytes) -> None:
        self.process_ids.append(process_id.decode("latin-1"))
        if "process_id" in self._answers:
            self.send(b"\x37\x22" + process_id + b"\x00")

    # Inside.

    def _receive(self, byte: int) -> None:
        """A byte of print data."""
        self._buffer.append(byte)
        self.counters["bytes_received"] += 1

    def _act(self, command: bytes) -> None:
        """A real-time command, carried out whatever state the printer is in."""
        if command[:2] == b"\x10\x04" and "dle_eot" in self._answers:
            self.send(self.condition.real_time(command[2]))
        elif command[:3] == b"\x10\x14\x01" and self._is_real_time_pulse_enabled:
            self.kick_drawer(5 if command[3] else 2, command[4] * 100)
        elif command == b"\x10\x14\x08" + CLEAR_PARAMETERS and "clear" in self._answers:
            self._buffer.clear()
            self.paper.forget_line()
            self._interpreter.graphics.forget()
            self.counters["buffer_clears"] += 1
            self.send(b"\x37\x25\x00")

    @property
    def _can_print(self) -> bool:
        return bool(self._buffer) and not self.condition.is_offline and not self._is_stalled

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
        consumed = self._interpreter.step(self._buffer)
        del self._buffer[:consumed]
        self.counters["bytes_printed"] += consumed
        if self.paper.cut_count > cuts:
            self.counters["receipts"] += 1
            self._tell("receipt")
        if self._trip is not None and consumed:
            count, fault = self._trip
            self._trip = (count - consumed, fault)
            if count <= consumed:
                self._trip = None
                self.set_fault(fault)
        self._flow()
        return consumed

    def _flow(self) -> None:
        """The fill of the buffer changed: a printer with a wire stops and starts its host here."""

    def _changed(self) -> None:
        """The condition may have changed: say so where it was asked for."""
        if self._asb_mask:
            self.send(self.condition.automatic())

    def _tell(self, what: str) -> None:
        if self.on_change is not None:
            self.on_change(what)
