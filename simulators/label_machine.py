"""A label printer without its wire: parses what comes, queues labels, prints them while it is well, and keeps them.

Faults: no labels, no ribbon, an open head, a pressed pause button, silence, a roll that ends after so many labels.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from simulators.label_parts import PrintedLabel

Fault = Literal["media_out", "ribbon_out", "head_open", "paused", "silent"]
FAULTS: tuple[str, ...] = get_args(Fault)
LOOK_S = 0.005


class Parser(Protocol):
    """One language. ``feed`` never raises; what it does not understand goes to ``machine.errors``."""

    def feed(self, data: bytes) -> None: ...

    @property
    def is_in_middle(self) -> bool:
        """A command or a label is half received."""
        ...


@dataclass(slots=True)
class Batch:
    """Equal labels in a row."""

    label: PrintedLabel
    remaining: int


class LabelMachine:
    """``seconds_per_label`` 0: at once. ``on_change``: told when a label came out."""

    def __init__(self, make_parser: Callable[[LabelMachine], Parser], *, seconds_per_label: float = 0.0) -> None:
        self.labels: list[PrintedLabel] = []
        self.errors: list[str] = []
        """Sequences that no printer would have understood."""
        self.batches: deque[Batch] = deque()
        self.faults: set[Fault] = set()
        self.labels_on_roll: int | None = None
        self.seconds_per_label = seconds_per_label
        self.counters: Counter[str] = Counter()
        self.on_change: Callable[[], None] = lambda: None
        self.on_printed: Callable[[], None] = lambda: None
        """For languages that acknowledge."""
        self.is_printing = False
        self.write: Callable[[bytes], None] | None = None
        self.parser = make_parser(self)
        self._task: asyncio.Task[None] | None = None

    def set_fault(self, fault: Fault, is_there: bool) -> None:
        """A person does it, or mends it. New labels: a whole roll."""
        (self.faults.add if is_there else self.faults.discard)(fault)
        if fault == "media_out" and not is_there:
            self.labels_on_roll = None

    @property
    def can_print(self) -> bool:
        return not self.faults - {"silent"}

    @property
    def outstanding(self) -> int:
        return sum(batch.remaining for batch in self.batches)

    def receive(self, data: bytes) -> None:
        """Bytes of the host."""
        self.counters["bytes_received"] += len(data)
        self.parser.feed(data)

    def enqueue(self, label: PrintedLabel, quantity: int) -> None:
        """From the parser: a label is whole."""
        self.batches.append(Batch(label, quantity))
        if not self.seconds_per_label:
            self.print_now()

    def cancel_all(self) -> None:
        """Forget what is not printed."""
        self.counters["cancelled"] += self.outstanding
        self.batches.clear()

    def reply(self, data: bytes) -> None:
        """To the host; a silent printer says nothing."""
        if self.write is not None and "silent" not in self.faults:
            self.write(data)

    def error(self, what: str) -> None:
        """From the parser."""
        self.errors.append(what)

    def print_now(self) -> None:
        """All that can be printed at once."""
        while self.batches and self._can_take_label():
            self._print_one()

    async def work(self) -> None:
        """Print one label after the other until cancelled."""
        while True:
            if not self.batches or not self._can_take_label():
                await asyncio.sleep(LOOK_S)
                continue
            self.is_printing = True
            await asyncio.sleep(self.seconds_per_label)
            self.is_printing = False
            if self.batches and self._can_take_label():
                self._print_one()

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self.work())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _can_take_label(self) -> bool:
        if self.labels_on_roll == 0:
            self.faults.add("media_out")
        return self.can_print

    def _print_one(self) -> None:
        batch = self.batches[0]
        self.labels.append(batch.label)
        batch.remaining -= 1
        if self.labels_on_roll is not None:
            self.labels_on_roll -= 1
            if not self.labels_on_roll:
                self.faults.add("media_out")
        if not batch.remaining:
            self.batches.popleft()
            self.on_printed()
        self.on_change()
