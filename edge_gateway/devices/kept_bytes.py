"""The raw bytes that are kept of one device, and when they are wiped: never does a part of a driving licence stay."""

from __future__ import annotations

from collections.abc import Iterable

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Driver, holds_personal_data
from edge_gateway.contracts.tap import RawDirection
from edge_gateway.contracts.transport import OverheardTransport, Transport
from edge_gateway.devices.raw_ring import RawChunk, RawRing


class KeptBytes:
    """One device, over all its connections. Implements ``contracts.transport.BytesKeeper``.

    Where several devices share a port, each keeps the bytes of all: what one of them must forget, all forget.
    """

    def __init__(self, clock: Clock) -> None:
        self._ring = RawRing(clock)
        self._driver: Driver | None = None
        self._overheard: OverheardTransport | None = None

    def add(self, direction: RawDirection, data: bytes) -> None:
        """What has just passed."""
        self._ring.add(direction, data)

    def begin(self, transport: Transport, driver: Driver) -> None:
        """A connection, before its first byte."""
        self._driver = driver
        self._overheard = transport if isinstance(transport, OverheardTransport) else None
        if self._overheard is not None:
            self._overheard.keepers.add(self)

    def end(self) -> None:
        """The connection is over: of a licence that came in half, nobody is left who would find the rest."""
        if self.holds_personal_data:
            self.wipe()
        self._driver = None

    @property
    def holds_personal_data(self) -> bool:
        if self._driver is None:
            return False
        try:
            return holds_personal_data(self._driver)
        except Exception:  # noqa: BLE001 - the boundary of the device: a driver that cannot say it may well hold some
            return True

    @property
    def is_held_back(self) -> bool:
        """Personal data is on its way: until it is forgotten nobody may read."""
        keepers = (self,) if self._overheard is None else tuple(self._overheard.keepers)
        return any(keeper.holds_personal_data for keeper in keepers)

    def wipe(self) -> None:
        """Of all who heard it."""
        self.forget()
        if self._overheard is not None:
            self._overheard.forget()

    def forget(self) -> None:
        self._ring.forget()

    def after(self, sequence: int, *, age_s_min: float = 0.0) -> Iterable[RawChunk]:
        """As ``RawRing.after``; nothing while it is held back."""
        return [] if self.is_held_back else self._ring.after(sequence, age_s_min=age_s_min)


def keep_nothing(direction: RawDirection, data: bytes) -> None:
    """Of card data."""
