"""The topic tree of a store: builds topics, reads command topics, and tells where a reply may go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.fields import LEVEL_PATTERN, RESERVED_LANES, SHARED_LANE

ROOT: Final = "edge/v1"
TOPIC_BYTES_MAX: Final = 1024
"""Of a reply topic that a client names. Ours are below 400; MQTT itself allows 65,535."""
POS_CLASS: Final = "pos"

_LEVEL = re.compile(LEVEL_PATTERN, re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_OWN_FAMILIES: Final = frozenset({"info", "state", "event", "command"})
"""What may stand after a device: a reply there would be taken for the gateway's own word, or for a request."""
_FAMILY_LEVEL: Final = 6
"""edge/v1/{store}/{lane}/{class}/{device}/family"""


@dataclass(frozen=True, slots=True)
class CommandTopic:
    """Whom a request is for. ``target``: device or terminal id."""

    lane: str
    device_class: str
    target: str
    name: str


class Topics:
    """Topics of one store. Its arguments are ids that the settings have checked."""

    def __init__(self, store_id: str) -> None:
        self.store_id = store_id
        self._base = f"{ROOT}/{store_id}"

    @property
    def gateway_state(self) -> str:
        return f"{self._base}/gateway/state"

    @property
    def gateway_health(self) -> str:
        return f"{self._base}/gateway/health"

    @property
    def gateway_attached(self) -> str:
        return f"{self._base}/gateway/attached"

    @property
    def commands(self) -> str:
        """Filter of every request of the store."""
        return f"{self._base}/+/+/+/command/+"

    @property
    def pos_commands(self) -> str:
        """Filter of the requests of terminals; ``commands`` matches them too."""
        return f"{self._base}/+/{POS_CLASS}/+/command/+"

    @property
    def terminal_states(self) -> str:
        """Filter of what terminals, and the broker for them, say of themselves."""
        return f"{self._base}/+/{POS_CLASS}/+/state"

    def terminal_state(self, lane: str, terminal: str) -> str:
        return self.device_state(lane, POS_CLASS, terminal)

    def device_info(self, lane: str, device_class: str, device_id: str) -> str:
        return f"{self._base}/{lane}/{device_class}/{device_id}/info"

    def device_state(self, lane: str, device_class: str, device_id: str) -> str:
        return f"{self._base}/{lane}/{device_class}/{device_id}/state"

    def device_event(self, lane: str, device_class: str, device_id: str, name: str) -> str:
        return f"{self._base}/{lane}/{device_class}/{device_id}/event/{name}"

    def command(self, lane: str, device_class: str, target: str, name: str) -> str:
        return f"{self._base}/{lane}/{device_class}/{target}/command/{name}"

    def reply(self, lane: str, device_class: str, target: str) -> str:
        """Where replies go if the request names no other place."""
        return f"{self._base}/{lane}/{device_class}/{target}/reply"

    def alert(self, severity: str) -> str:
        return f"{self._base}/alert/{severity}"

    def parse_command(self, topic: str) -> CommandTopic | None:
        """None: not a command topic of this store, or a level that can be no id."""
        levels = topic.split("/")
        if len(levels) != 8 or "/".join(levels[:3]) != self._base or levels[_FAMILY_LEVEL] != "command":
            return None
        lane, device_class, target, name = levels[3], levels[4], levels[5], levels[7]
        if lane in RESERVED_LANES or not (_LEVEL.fullmatch(lane) and _LEVEL.fullmatch(target)):
            return None
        if not (_WORD.fullmatch(device_class) and _WORD.fullmatch(name)):
            return None
        return CommandTopic(lane, device_class, target, name)

    def parse_terminal_state(self, topic: str) -> tuple[str, str] | None:
        """Lane and terminal. None: no such topic, or a level that can be no id."""
        levels = topic.split("/")
        if len(levels) != 7 or topic != self.terminal_state(levels[3], levels[5]):
            return None
        is_valid = _LEVEL.fullmatch(levels[3]) and _LEVEL.fullmatch(levels[5]) and levels[3] not in RESERVED_LANES
        return (levels[3], levels[5]) if is_valid else None

    def default_reply(self, command_topic: str) -> str:
        """For any topic that the filter ``commands`` lets through, also one whose levels can be no ids."""
        return command_topic.rpartition("/command/")[0] + "/reply"

    def response_topic_problem(self, topic: str, lane: str) -> str | None:
        """Of an MQTT 5 response topic: it may lie outside ``edge/``; inside, the rules of ``reply_to`` hold."""
        if (problem := _form_problem(topic)) is not None:
            return problem
        if topic.startswith("$"):
            return "topics of the broker take no replies"
        return self._place_problem(topic, lane) if topic.split("/", 1)[0] == "edge" else None

    def reply_to_problem(self, topic: str, lane: str) -> str | None:
        """Of ``reply_to`` in a payload: inside the lane of the request, and no topic of the gateway's own.

        For a device of the lane ``shared`` also the reply topic of a terminal in any lane.
        """
        return _form_problem(topic) or self._place_problem(topic, lane)

    def _place_problem(self, topic: str, lane: str) -> str | None:
        levels = topic.split("/")
        is_in_lane = topic.startswith(f"{self._base}/{lane}/") and lane not in RESERVED_LANES
        is_terminal_reply = (
            lane == SHARED_LANE
            and len(levels) > _FAMILY_LEVEL
            and "/".join(levels[:3]) == self._base
            and levels[4] == POS_CLASS
            and levels[_FAMILY_LEVEL] == "reply"
        )
        if not (is_in_lane or is_terminal_reply):
            return f"expected a topic below {self._base}/{lane}/"
        if len(levels) > _FAMILY_LEVEL and levels[_FAMILY_LEVEL] in _OWN_FAMILIES:
            return f"{levels[_FAMILY_LEVEL]} topics take no replies"
        return None


def _form_problem(topic: str) -> str | None:
    """MQTT 5, 1.5.4 and 4.7: a broker closes the connection of whoever publishes on such a topic."""
    if not topic or any(character in "+#" or not character.isprintable() for character in topic):
        return "expected a topic without wildcards and control characters"
    if len(topic.encode("utf-8", "surrogatepass")) > TOPIC_BYTES_MAX:
        return f"expected at most {TOPIC_BYTES_MAX} bytes"
    return None
