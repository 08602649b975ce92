"""Messages that wait, fairly among those who sent them: a device that floods takes nobody's place and nobody's turn."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar


class FromSource(Protocol):
    """``source``: whom it shares its turns and its room with."""

    @property
    def source(self) -> str: ...


Message = TypeVar("Message", bound=FromSource)


class FairQueue(Generic[Message]):
    """One queue for each source, in turns; each keeps the order of its own. The limit is the owner's."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Message]] = {}
        """In the order of the turns; who has nothing is not in it."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, message: Message) -> None:
        self._waiting.setdefault(message.source, deque()).append(message)
        self._count += 1

    def put_back(self, message: Message) -> None:
        """To the front of its own."""
        self._waiting.setdefault(message.source, deque()).appendleft(message)
        self._count += 1

    def pop(self) -> Message | None:
        """The oldest of whose turn it is."""
        source = next(iter(self._waiting), None)
        if source is None:
            return None
        waiting = self._waiting.pop(source)
        message = waiting.popleft()
        if waiting:
            self._waiting[source] = waiting  # last in the turns
        self._count -= 1
        return message

    def drop_for(self, message: Message) -> Message | None:
        """The oldest of whoever has the most waiting, ``message`` counted in; None: nothing waits."""
        if not self._waiting:
            return None
        longest = max(self._waiting, key=lambda source: 2 * len(self._waiting[source]) + (source == message.source))
        waiting = self._waiting[longest]
        dropped = waiting.popleft()
        if not waiting:
            del self._waiting[longest]
        self._count -= 1
        return dropped
