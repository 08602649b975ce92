"""Questions to an ESC/POS printer: its status, who it is, and whether an earlier print is still to be confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from drivers.escpos_line import EscposLine
from drivers.escpos_settings import EscposSettings
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_events import OrderedReply, Query, TextReply, VendorStatus

MISSES_UNKNOWN: Final = 2
"""A question that was missed so often and never answered is one that this model does not know."""

_DETAILS: Final = (Query.DLE_EOT_2, Query.DLE_EOT_3, Query.DLE_EOT_4)
_IDENTITY: Final = {"vendor": 66, "model": 67, "firmware": 65, "serial_number": 68}


class EscposQuestions:
    """All raise TransportError. The answers themselves reach whoever listens to the line."""

    def __init__(self, line: EscposLine, settings: EscposSettings, clock: Clock) -> None:
        self._line = line
        self._settings = settings
        self._clock = clock
        self._misses: Counter[Query] = Counter()
        self._answered: set[Query] = set()

    async def is_there(self) -> bool:
        """DLE EOT 1: online or not, and the drawer."""
        if self._settings.status_language == "sii":
            return await self._ask_own(commands.ENABLE_ASB)
        return await self._ask(Query.DLE_EOT_1)

    async def status(self, tries: int) -> bool:
        """Every status question that the model knows. False: not even the first is answered."""
        for _ in range(tries):
            if await self.is_there():
                if self._settings.status_language == "custom":
                    await self._ask_own(commands.FULL_STATUS)
                if self._settings.status_language != "epson":
                    return True
                for query in _DETAILS:
                    if query in self._answered or self._misses[query] < MISSES_UNKNOWN:
                        await self._ask(query)
                return True
        return False

    async def identity(self) -> Mapping[str, str]:
        """GS I, one at a time: an answer does not say what it answers. A printer that misses one misses all."""
        info: dict[str, str] = {}
        for key, number in _IDENTITY.items():
            with self._line.waiting_for(lambda event: isinstance(event, TextReply)) as answer:
                await self._line.write(commands.transmit_id(number), self._settings.status_timeout_s)
                if not await within(self._clock, self._settings.status_timeout_s, answer):
                    self._line.flush()
                    break
                reply = answer.result()
                if isinstance(reply, TextReply):
                    info[key] = reply.text
        return info

    async def pass_barrier(self) -> bool:
        """GS r, and silence after it: nothing of an earlier print is under way that could confirm the next one.

        False: not answered; the printer does not know GS r, or does not work off what it has received.
        """
        timeout_s = self._settings.status_timeout_s * self._settings.status_tries
        self._line.expect_ordered(Query.GS_R_1)
        with self._line.waiting_for(lambda event: isinstance(event, OrderedReply)) as answer:
            is_asked = await self._line.write(commands.transmit_status(1), timeout_s)
            if not is_asked or not await within(self._clock, timeout_s, answer):
                return False
        await self._line.ordered_answers_end()
        return True

    async def _ask_own(self, question: bytes) -> bool:
        """A maker's own status."""
        with self._line.waiting_for(lambda event: isinstance(event, VendorStatus)) as answer:
            await self._line.write_now(question, self._settings.status_timeout_s)
            if await within(self._clock, self._settings.status_timeout_s, answer):
                return True
        self._line.flush()
        return False

    async def _ask(self, query: Query) -> bool:
        if await self._line.ask_real_time(query, self._settings.status_timeout_s) is None:
            self._misses[query] += 1
            return False
        self._answered.add(query)
        return True
