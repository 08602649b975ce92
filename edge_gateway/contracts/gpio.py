"""The promise of a GPIO port: single wires by name, for cash drawers, lights and buzzers on the box's own connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

from edge_gateway.contracts.transport import Transport

PULSE_MS_MAX: Final = 2000
"""A drawer's solenoid is made for some 200 ms; held for seconds it burns."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A line changed. ``is_active`` as in ``GpioPort.read``."""

    line: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class WireUse:
    """What a line is to a driver. ``is_needed``: without it the device does not work."""

    direction: Literal["output", "input"]
    is_needed: bool = True


@runtime_checkable
class UsesWires(Protocol):
    """Settings of a driver that uses lines of ``transport.lines`` by name."""

    def wires(self) -> Mapping[str, WireUse]: ...


@runtime_checkable
class GpioPort(Transport, Protocol):
    """Lines by the names they have in ``transport.lines``. Active is what the settings make of the level: with
    ``active_low`` it is 0 V. Outputs are inactive from the open on, and again before the close.

    No bytes go over it: ``write`` raises TransportError, ``data_received`` is never called; ``connection_lost`` is (a
    GPIO expander on USB that was pulled). All raise TransportError where it is not open or has no such line.
    """

    async def pulse(self, line: str, ms: int) -> None:
        """Make an output active for 1 to ``PULSE_MS_MAX`` ms. It ends in time also where the caller was cancelled or
        the event loop is busy. One pulse at a time on a line."""
        ...

    async def set(self, line: str, is_active: bool) -> None:
        """Until it is set otherwise."""
        ...

    async def read(self, line: str) -> bool:
        """Now. Of an output: what it was set to."""
        ...

    def listen(self, on_edge: Callable[[Edge], None]) -> None:
        """Each change of an input from now until ``close``, debounced, on the event loop. One listener: the last."""
        ...
