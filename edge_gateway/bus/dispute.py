"""Two clients with one client id throw each other out of the broker without end: noticed, told, and not joined in.

MQTT 5 has "session taken over" (0x8E) for it. Some brokers (Mosquitto 2.0.11) only close the connection: there it is
taken from connections that end soon, one after the other, while the broker is there and has our session.
"""

from __future__ import annotations

from random import Random
from typing import Final

from edge_gateway.bus.mqtt_reasons import TAKEN_OVER_WORDS
from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock

SHORT_S: Final = 5.0
SHORT_COUNT: Final = 3
"""So many connections in a row that ended sooner than that are no accident."""
DELAY_S_MIN: Final = 5.0
DELAY_S_MAX: Final = 60.0
"""To wait, added: with less in between, neither of the two would be of any use."""
UNDISPUTED_S: Final = 120.0
"""A client id that nobody took for so long is ours again."""

SUSPECTED_WORDS: Final = f"the broker ends each connection soon; probably {TAKEN_OVER_WORDS}"


class Dispute:
    """Of one client id. Told of each connection's end by the bus."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._delays = Backoff(DELAY_S_MIN, DELAY_S_MAX, random)
        self._short_count = 0
        self._words: str | None = None
        self._lost_s = 0.0

    @property
    def words(self) -> str | None:
        """For status, also while we are connected. None: no dispute."""
        is_recent = self._clock.monotonic() - self._lost_s < UNDISPUTED_S
        return self._words if is_recent else None

    def failed(self) -> None:
        """The broker could not be reached: it, and no other client, is what ended connections."""
        self._short_count = 0
        self._words = None

    def lost(self, reason: str, lasted_s: float, *, is_session_present: bool) -> float | None:
        """A connection ended. How long to stay away; None: there is no dispute."""
        self._short_count = self._short_count + 1 if is_session_present and lasted_s < SHORT_S else 0
        words: str | None
        if reason == TAKEN_OVER_WORDS:
            words = TAKEN_OVER_WORDS
        elif self._short_count >= SHORT_COUNT:
            words = SUSPECTED_WORDS
        else:
            words = self.words if is_session_present else None
        if words is None or self.words is None:
            self._delays.reset()
        self._words = words
        self._lost_s = self._clock.monotonic()
        return None if words is None else DELAY_S_MIN + self._delays.next_delay()
