"""Why there is no connection to the broker, in words for the store's staff."""

from __future__ import annotations

from typing import Final

from edge_gateway.mqtt.connection import reason_code

TAKEN_OVER: Final = 0x8E
"""MQTT 5, 3.14.2.1: another connection with the same client id was opened."""

TAKEN_OVER_WORDS: Final = (
    "another gateway uses the same client id and takes our place at the broker: "
    "stop it, or give one of the two another bus.client_id"
)
_WORDS: Final = {
    TAKEN_OVER: TAKEN_OVER_WORDS,
    0x85: "the broker refuses the client id (bus.client_id)",
    0x86: "the broker refuses user name or password (bus.username, bus.password_file)",
    0x87: "the broker does not let this user in: not authorised (bus.username, bus.password_file, its access list)",
    0x88: "the broker is not available",
    0x89: "the broker is busy",
    0x8A: "the broker has banned this client",
    0x8B: "the broker shuts down",
    0x8C: "the broker refuses the way of authentication",
    0x97: "the broker's quota is used up",
}


def in_words(error: BaseException) -> str:
    """For status and log."""
    return _WORDS.get(reason_code(error) or 0) or str(error) or type(error).__name__
