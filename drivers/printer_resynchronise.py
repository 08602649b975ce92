"""A printer that a broken connection left in the middle of a command: it takes what comes next for the command's rest.

Zeros complete the command and print nothing (white rows of a picture, at the most). How many are missing nobody knows:
bytes may have been lost on the way. So a question in print order follows them, until one is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

ZEROS: Final = (0, 1024, 3072, 4096)
"""Before each question. The longest commands of ours are a slice of a picture (4 KB) and a QR code (7 KB)."""
BYTES_PER_S_MIN: Final = 800.0
"""Of a wire of 9600 baud, less what flow control takes; on a slower one the last questions come too early."""

Ask = Callable[[bytes, float], Awaitable[bool]]
"""Sends bytes and a question behind them, and waits so many seconds for the answer. Raises TransportError."""


class Resynchroniser:
    """Of one connection. ``suspect`` what the printer did not deny; ``settle`` before a print."""

    def __init__(self, ask: Ask, timeout_s: float) -> None:
        self._ask = ask
        self._timeout_s = timeout_s
        self._is_suspected = False
        self._steps: tuple[int, ...] = ZEROS

    def suspect(self) -> None:
        """It may be in the middle of a command."""
        self._is_suspected, self._steps = True, ZEROS

    async def settle(self) -> bool:
        """True: it is between two commands. False: it works off nothing of what it receives, or answers no question.

        The zeros are sent once: a printer that stands still has them in its buffer from then on. Raises TransportError.
        """
        if not self._is_suspected:
            return True
        steps, self._steps = self._steps, ZEROS[:1]
        for count in steps:
            if await self._ask(bytes(count), self._timeout_s + count / BYTES_PER_S_MIN):
                self._is_suspected = False
                return True
        return False
