"""The order of acknowledgements: that in which the messages came (MQTT 5, MQTT-4.6.0-2)."""

from __future__ import annotations


class Acknowledgements:
    """Of one connection. Messages are handled side by side; one that is slow holds back the acknowledgements of those
    behind it, and not their handling. The broker's receive maximum bounds how many there are."""

    def __init__(self) -> None:
        self._is_handled: dict[int, bool] = {}

    def received(self, mid: int) -> None:
        self._is_handled[mid] = False

    def handled(self, mid: int) -> list[int]:
        """The packet ids that may be acknowledged now, in their order."""
        self._is_handled[mid] = True
        ready = []
        for first, is_handled in self._is_handled.items():
            if not is_handled:
                break
            ready.append(first)
        for first in ready:
            del self._is_handled[first]
        return ready
