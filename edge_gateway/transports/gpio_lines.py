"""Wires through the kernel's GPIO character devices: found, held, read, set, given back. Blocking: for threads.

Source: python gpiod (libgpiod 2).
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_gateway.settings_transports import GpioLineSettings

if TYPE_CHECKING:
    from gpiod import LineRequest, LineSettings
    from gpiod.line import Value

DEV = Path("/dev")
CONSUMER = "edge-gateway"
"""Shown by gpioinfo beside the line."""

Hold = Callable[..., "LineRequest"]
"""As ``gpiod.request_lines``."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One line that is held. ``lock``: gpiod's requests are not for two threads at once."""

    request: LineRequest
    lock: threading.Lock
    offset: int
    settings: GpioLineSettings

    def get(self) -> bool:
        with self.lock:
            return bool(self.request.get_value(self.offset).value)

    def set(self, is_active: bool) -> None:
        with self.lock:
            self.request.set_value(self.offset, _value(is_active))

    def pulse(self, ms: int) -> None:
        """In a thread: a busy loop must not hold a solenoid longer."""
        self.set(True)
        try:
            time.sleep(ms / 1000)
        finally:
            self.set(False)


def hold_wires(lines: Mapping[str, GpioLineSettings], dev: Path, hold: Hold | None) -> Mapping[str, Wire]:
    """By name. Raises OSError, ImportError: gpiod is not installed."""
    try:
        import gpiod
    except ImportError as error:
        raise ImportError("gpiod is not installed: pip install 'edge-gateway[gpio]'") from error

    places = {name: _find(each, dev) for name, each in lines.items()}
    wires: dict[str, Wire] = {}
    try:
        for chip in sorted({chip for chip, _ in places.values()}):
            of_chip = {name: offset for name, (on, offset) in places.items() if on == chip}
            config: dict[Any, Any] = {offset: _line_settings(lines[name]) for name, offset in of_chip.items()}
            request = (hold or gpiod.request_lines)(str(chip), consumer=CONSUMER, config=config)
            lock = threading.Lock()
            for name, offset in of_chip.items():
                wires[name] = Wire(request, lock, offset, lines[name])
    except BaseException:
        release_wires(wires)
        raise
    return wires


def release_wires(wires: Mapping[str, Wire]) -> None:
    """Outputs are made inactive before."""
    for wire in wires.values():
        if wire.settings.direction == "output":
            with suppress(OSError):  # the chip is gone
                wire.set(False)
    for request in {id(wire.request): wire.request for wire in wires.values()}.values():
        request.release()


def _find(wanted: GpioLineSettings, dev: Path) -> tuple[Path, int]:
    """Names of lines are the kernel's, and the same on each box of a model; numbers of chips are not."""
    import gpiod

    if wanted.chip is not None and wanted.offset is not None:
        return wanted.chip, wanted.offset
    refusals = []
    for chip in sorted(dev.glob("gpiochip*")):
        try:
            with gpiod.Chip(str(chip)) as opened:
                return chip, opened.line_offset_from_id(str(wanted.line))
        except PermissionError as error:
            refusals.append(error)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
    if refusals:
        raise refusals[0]
    raise OSError(errno.ENOENT, f"no chip has a line named {wanted.line!r}; gpioinfo lists them")


def _line_settings(line: GpioLineSettings) -> LineSettings:
    from gpiod import LineSettings
    from gpiod.line import Bias, Direction, Drive
    from gpiod.line import Edge as Edges

    if line.direction == "output":
        drive = Drive[line.drive.upper()]
        return LineSettings(
            direction=Direction.OUTPUT, active_low=line.active_low, drive=drive, output_value=_value(False)
        )
    return LineSettings(
        direction=Direction.INPUT,
        edge_detection=Edges.BOTH,
        active_low=line.active_low,
        bias=Bias[line.bias.upper()],
        debounce_period=timedelta(milliseconds=line.debounce_ms),
    )


def _value(is_active: bool) -> Value:
    from gpiod.line import Value

    return Value.ACTIVE if is_active else Value.INACTIVE
