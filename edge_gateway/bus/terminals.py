"""What terminals say of themselves, and the broker says for those that died: ``pos/{terminal}/state``, retained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from edge_gateway.bus.request_json import read_json
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.bus import Bus, BusMessage
from edge_gateway.contracts.errors import RequestError

STATE_BYTES_MAX: Final = 4096
"""A word, an instant, a version; more is something else."""


class TerminalStates:
    """Subscribes at construction, before the bus runs. ``on_gone`` is told lane and terminal of one that is offline."""

    def __init__(self, bus: Bus, topics: Topics, on_gone: Callable[[str, str], None]) -> None:
        self.counters: Counter[str] = Counter()
        self._topics = topics
        self._on_gone = on_gone
        bus.subscribe(topics.terminal_states, self._received)

    async def _received(self, message: BusMessage) -> None:
        """Only ``state`` counts, whatever stands beside it. An empty payload takes the retained one back, no more."""
        place = self._topics.parse_terminal_state(message.topic)
        if place is None or not message.payload:
            self.counters["ignored"] += 1
            return
        try:
            state = read_json(message.payload, STATE_BYTES_MAX).get("state")
        except RequestError:
            state = None
        if state not in ("online", "offline"):
            self.counters["invalid"] += 1
            return
        self.counters[str(state)] += 1
        if state == "offline":
            self._on_gone(*place)
