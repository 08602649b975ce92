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
    """Stability for scales that do not send it: a weight is believed when two answers in a row are equal."""

    def __init__(self) -> None:
        self._last: WeightRead | None = None

    def settle(self, read: WeightRead) -> WeightRead:
        """The answer, as unstable where nothing confirms it yet."""
        if read.is_stability_sent or read.status not in HAS_WEIGHT:
            self._last = None
            return read
        is_confirmed, self._last = read == self._last, read
        return read if is_confirmed else replace(read, status=ScaleStatus.WEIGHT_UNSTABLE)

    def forget(self) -> None:
        """The line was silent or garbled: what came before it confirms nothing."""
        self._last = None
