"""What a far end says of an event, made fit for logs, alerts and the store: it may repeat what it was sent."""

from __future__ import annotations

import re
from typing import Final

from edge_gateway.contracts.card_data import mask_long_digits

FOREIGN_CHARS_MAX: Final = 500
"""Enough for the sentence that names the field; the rest of an answer is the far end's own log's matter."""

_EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w.-]++")


def foreign_words(text: str, chars_max: int = FOREIGN_CHARS_MAX) -> str:
    """Without card-like numbers and e-mail addresses, cut after that: half a number is not to be seen either."""
    sound = text.encode("utf-8", "replace").decode()
    return _EMAIL.sub("[e-mail]", mask_long_digits(sound))[:chars_max]
