"""The promise of a driver: it holds the conversation with one device, and raises when it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.states import DeviceClass, DeviceFlag
from edge_gateway.contracts.transport import Transport


class Session(Protocol):
    """What the supervisor gives a driver for one connection. All methods are cheap and never block."""

    @property
    def device_id(self) -> str: ...

    @property
    def transport(self) -> Transport: ...

    @property
    def clock(self) -> Clock: ...

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        """An event for the bus (``.../event/{name}``). Stamped with device, sequence and both clocks."""
        ...

    def frame_seen(self) -> None:
        """A valid frame arrived: the device is online and fresh."""
        ...

    def frame_rejected(self, rejected: FrameRejected) -> None:
        """Counted, logged at a limited rate."""
        ...

    def count(self, name: str) -> None:
        """One more of something that is no event and no rejected frame, such as ``duplicates_dropped``."""
        ...

    def set_answering(self, is_answering: bool | None, reason: str | None = None) -> None:
        """Open but silent (power ``offline``), or answering again (``online``). None: silent, which for this device
        does not mean that it is off (power ``unknown``)."""
        ...

    def set_flags(self, flags: frozenset[DeviceFlag]) -> None:
        """Conditions of the device's state, all at once: ``cover_open``, ``paper_near_end`` ..."""
        ...

    def set_details(self, details: Mapping[str, Any]) -> None:
        """Class specific part of the retained state (for a scale: its reading)."""
        ...

    def set_condition(self, flags: frozenset[DeviceFlag], details: Mapping[str, Any]) -> None:
        """Flags and details as one change: nobody reads the flag ``drawer_open`` beside the detail ``closed``."""
        ...

    def set_info(self, info: Mapping[str, Any]) -> None:
        """What the device says of itself: model, firmware, serial."""
        ...

    def forget_raw(self, *, is_sent_too: bool = False) -> None:
        """What was just received must be kept nowhere (a driving licence): wipe it from the ring of raw bytes, and from
        a recording under way. Call it before anything else is done with it. ``is_sent_too``: what was just sent, too
        (the answer to a challenge)."""
        ...


class Driver(Protocol):
    """One conversation. A new instance for each connection: nothing survives a reconnect by accident.

    Constructed as ``DriverClass(session, settings)``; ``settings`` is the validated ``Settings`` model of the class.
    """

    device_class: ClassVar[DeviceClass]
    commands: ClassVar[Mapping[str, bool]]
    """Command name to ``has_effect``: commands with an effect are claimed in the command log and never repeated. Where
    the settings decide which of them a device has: ``ChoosingDriver``."""
    events: ClassVar[frozenset[str]]
    """The names it may ``emit``: what ``forward`` of a device can choose from."""

    def data_received(self, data: bytes) -> None:
        """Bytes from the transport, on the event loop; never blocks, never raises on what a device sent."""
        ...

    async def run(self) -> None:
        """The conversation until the connection is lost. Raises TransportError to be reconnected."""
        ...

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """One command, one at a time. Returns the reply's result; raises DeviceError or UnknownOutcomeError."""
        ...


class PrivateDriver(Driver, Protocol):
    """One whose device may send what must be kept nowhere."""

    @property
    def holds_personal_data(self) -> bool:
        """Part of a driving licence has come, and ``forget_raw`` is not called yet. While it is so nobody is given raw
        bytes of the device; if the connection ends so, they are wiped."""
        ...


class ChoosingDriver(Driver, Protocol):
    """One whose settings decide which of its ``commands`` the device has."""

    @classmethod
    def commands_of(cls, settings: Any) -> Mapping[str, bool]:
        """Of ``commands``, those that a device set so has. Without I/O; called before there is a connection."""
        ...


def commands_of(driver_class: Any, settings: Any) -> Mapping[str, bool]:
    """The commands of a device with these settings: all of its driver's, if that does not choose (ChoosingDriver)."""
    choose = getattr(driver_class, "commands_of", None)
    chosen: Mapping[str, bool] = driver_class.commands if choose is None else choose(settings)
    return chosen


def holds_personal_data(driver: Driver) -> bool:
    """False: the device sends nothing of the kind."""
    return bool(getattr(driver, "holds_personal_data", False))
