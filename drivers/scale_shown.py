"""What a scale shows right now, told to the bus where it says something new."""

from __future__ import annotations

from dataclasses import replace

from drivers.scale_reading import HAS_WEIGHT, Reading
from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.scales.polled import IdentityRead

STATE_REFRESH_S = 10.0
"""How often an unchanged reading is told again to the retained state, so that its age stays believable."""


class ScaleShown:
    """The reading of one connection: ``weight_changed`` for each new one, the retained state for the last one."""

    def __init__(self, session: Session) -> None:
        self.reading: Reading | None = None
        self._session = session
        self._told_state_at_s = 0.0
        self._identity: dict[str, str] = {}

    def show(self, reading: Reading) -> None:
        """Keep the reading; tell it where it says something new."""
        now_s = self._session.clock.monotonic()
        is_new = not reading.says_the_same_as(self.reading)
        self.reading = reading
        told = reading.to_json(now_s)
        if is_new:
            self._session.emit("weight_changed", told)
        if is_new or now_s - self._told_state_at_s >= STATE_REFRESH_S:
            self._told_state_at_s = now_s
            self._session.set_details({**told, "measured_at": rfc3339(self._session.clock.now())})

    def identify(self, identity: IdentityRead) -> None:
        """What the scale says of itself comes in pieces; all of them are told."""
        said = {"model": identity.model, "serial": identity.serial, "firmware": identity.firmware}
        self._identity |= {name: text for name, text in said.items() if text}
        self._session.set_info(dict(self._identity))


class TwoEqualReads:
    """Which answers are believed at once, and which when two in a row are equal.

    Two are needed where the scale does not send its stability, and where the unit is new: a ``k`` that the line lost
    makes grams of kilograms. ``unit``: the one that the scale is set up for; None: units are not looked at, because
    nothing can get lost inside a message.
    """

    def __init__(self, unit: str | None) -> None:
        self._last: WeightRead | None = None
        self._unit = unit
        self._seen_unit = unit

    def settle(self, read: WeightRead) -> WeightRead:
        """The answer, as unstable where nothing confirms it yet."""
        if read.status not in HAS_WEIGHT:
            self._last = None
            return read
        is_confirmed, self._last = read == self._last, read
        if not is_confirmed and not (read.is_stability_sent and self._is_known_unit(read)):
            return replace(read, status=ScaleStatus.WEIGHT_UNSTABLE)
        if read.weight is not None:
            self._seen_unit = read.unit
        return read

    def _is_known_unit(self, read: WeightRead) -> bool:
        """A scale that never sent a unit is set up for one; one that did and then does not has lost it."""
        if self._unit is None or read.weight is None:
            return True
        return read.unit in (self._unit, self._seen_unit) or (read.unit is None and self._seen_unit == self._unit)

    def forget(self) -> None:
        """The line was silent or garbled: what came before it confirms nothing."""
        self._last = None
