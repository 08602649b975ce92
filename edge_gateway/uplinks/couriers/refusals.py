"""When the refusal of a single event is final, and when it looks like trouble of the far end. Pure."""

from __future__ import annotations

from typing import Final

REFUSALS_IN_A_ROW_MAX: Final = 5
"""So many single events refused with nothing delivered in between look like trouble of the cloud, not of the events:
from then on an event becomes a dead letter only after it was refused again, one back-off later."""

REMEMBERED_MAX: Final = 1_000
"""Events that were refused once and wait for their second chance: one per batch under way; far above that."""


class Refusals:
    """Of one stream."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._refused_before: set[int] = set()

    def is_final(self, sequence: int) -> bool:
        """Count the refusal; False: it is to be tried again after a pause."""
        self._in_a_row += 1
        if self._in_a_row <= REFUSALS_IN_A_ROW_MAX or sequence in self._refused_before:
            self._refused_before.discard(sequence)
            return True
        if len(self._refused_before) >= REMEMBERED_MAX:
            self._refused_before.clear()
        self._refused_before.add(sequence)
        return False

    def answered(self) -> None:
        """The far end takes events of this stream."""
        self._in_a_row = 0
