"""What a POS client asks of the gateway: submit, print, weigh; and the scans and weights that come by themselves.

Submits are repeated until they are answered, however long that takes. A print whose outcome is ``unknown`` is counted
and not repeated: a person looks at the printer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from edge_gateway.contracts.clock import Clock, SystemClock, rfc3339
from simulators.pos_client_link import EventHandler, NoAnswerError, PosAddress, PosLink
from simulators.pos_client_statistics import PosStatistics
from simulators.pos_receipt import receipt_document

SUBMIT_REPEAT_S = 2.0
"""The gateway answers a submit within 2 s while its disk works."""
PRINT_REPEAT_S = 10.0
"""Longer than a receipt takes, so that a repeat asks for a lost reply and not for a job that is still printing."""
PRINT_DEADLINE_S = 120.0
PRINT_ATTEMPTS_MAX = 10
"""New attempts after a printer said that it cannot (no paper, cover open, unplugged)."""
RETRY_S_MIN, RETRY_S_MAX = 0.5, 5.0
WEIGH_REPEAT_S = 2.0
WEIGH_DEADLINE_S = 5.0
SCANS_MAX = 1000
"""Scans that wait for the till; more are dropped, the oldest first, and counted."""

MakeLink = Callable[[PosAddress, Random, PosStatistics, EventHandler, Clock], PosLink]


@dataclass(frozen=True, slots=True)
class Scan:
    """A ``barcode_scanned`` event. ``received``: monotonic seconds."""

    text: str | None
    gtin: str | None
    received: float


class PosRequests:
    """One till's conversation with the gateway. ``run`` keeps it connected."""

    def __init__(
        self,
        address: PosAddress,
        random: Random,
        statistics: PosStatistics,
        *,
        clock: Clock | None = None,
        scale_id: str | None = None,
        printer_id: str | None = None,
        make_link: MakeLink = PosLink,
    ) -> None:
        self.address = address
        self.statistics = statistics
        self.clock = clock or SystemClock()
        self.link = make_link(address, random, statistics, self._event_came, self.clock)
        self._random = random
        self._chosen = {"scale": scale_id, "pos_printer": printer_id}
        self._scans: asyncio.Queue[Scan] = asyncio.Queue(SCANS_MAX)
        self._weight: Mapping[str, Any] = {}
        self._weight_changed = asyncio.Event()
        self._asked = 0

    async def run(self) -> None:
        """Until cancelled."""
        await self.link.run()

    def device(self, device_class: str) -> str | None:
        """The lane's device of a class: the one that was named, else the first that has a retained state."""
        return self._chosen.get(device_class) or next(iter(sorted(self.link.devices.get(device_class, {}))), None)

    async def wait_for_device(self, device_class: str, timeout_s: float) -> bool:
        """Until the lane has a device of a class; False after the time."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.device(device_class) is None:
                    await self.link.devices_changed()
        except TimeoutError:
            return False
        return True

    def forget_scans(self) -> int:
        """Drop scans that nobody waits for; returns how many."""
        count = self._scans.qsize()
        while not self._scans.empty():
            self._scans.get_nowait()
        return count

    async def next_scan(self, timeout_s: float | None) -> Scan | None:
        """The next scan of the lane, or None after the time."""
        try:
            return await asyncio.wait_for(self._scans.get(), timeout_s)
        except TimeoutError:
            return None

    async def next_weight(self, timeout_s: float) -> Decimal | None:
        """The weight of the next ``weight_changed`` event that is stable and not zero, or None after the time."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    self._weight_changed.clear()
                    if (weight := _stable_weight(self._weight)) is not None:
                        return weight
                    await self._weight_changed.wait()
        except TimeoutError:
            return None

    async def read_weight(self) -> Decimal | None:
        """Ask the lane's scale; None if it has no stable weight above zero, does not answer, or is not there."""
        scale = self.device("scale")
        if scale is None:
            self.statistics.errors["no_scale"] += 1
            return None
        try:
            reply = await self.link.request(
                f"scale/{scale}/command/read_weight",
                {},
                request_id=self._request_id("weigh"),
                repeat_s=WEIGH_REPEAT_S,
                deadline_s=WEIGH_DEADLINE_S,
                expires_at=rfc3339(self.clock.now() + timedelta(seconds=WEIGH_DEADLINE_S)),
            )
        except NoAnswerError:
            self.statistics.errors["weigh_unanswered"] += 1
            return None
        if reply.get("status") != "completed":
            self.statistics.errors[_error_code(reply)] += 1
            return None
        result = reply.get("result")
        return _stable_weight(result) if isinstance(result, dict) else None

    async def submit(self, transaction: Mapping[str, Any]) -> bool:
        """Repeat until the transaction is accepted, or refused for good. Cancel it to give up."""
        transaction_id, attempt, delay_s = str(transaction["transaction_id"]), 0, RETRY_S_MIN
        self.statistics.submitted += 1
        while True:
            attempt += 1
            reply = await self.link.request(
                f"pos/{self.address.terminal_id}/command/submit_transaction",
                {"transaction": transaction},
                request_id=f"{transaction_id}.s{attempt}",
                repeat_s=SUBMIT_REPEAT_S,
            )
            if reply.get("status") == "accepted":
                result = reply.get("result") or {}
                if result.get("transaction_id") != transaction_id or not isinstance(result.get("event_id"), str):
                    self.statistics.errors["wrong_result"] += 1
                self.statistics.accepted[transaction_id] = str(result.get("event_id"))
                return True
            code = _error_code(reply)
            self.statistics.errors[code] += 1
            self.statistics.conflicts += code == "conflict"
            if not _is_retryable(reply):
                self.statistics.refused.append(transaction_id)
                return False
            await asyncio.sleep(delay_s * self._random.uniform(0.5, 1.0))
            delay_s = min(delay_s * 2, RETRY_S_MAX)

    async def print_receipt(self, transaction: Mapping[str, Any]) -> str:
        """``completed``, ``failed``, ``unknown`` or ``unanswered``; repeated only where nothing was printed."""
        status = await self._print(transaction)
        counter = f"prints_{status}"
        setattr(self.statistics, counter, getattr(self.statistics, counter) + 1)
        return status

    async def _print(self, transaction: Mapping[str, Any]) -> str:
        deadline = self.clock.monotonic() + PRINT_DEADLINE_S
        attempt, delay_s = 1, RETRY_S_MIN
        while attempt <= PRINT_ATTEMPTS_MAX and (left_s := deadline - self.clock.monotonic()) > 0:
            printer = self.device("pos_printer")
            if printer is None:
                self.statistics.errors["no_printer"] += 1
                return "failed"
            try:
                reply = await self.link.request(
                    f"pos_printer/{printer}/command/print",
                    {"document": receipt_document(transaction)},
                    request_id=f"{transaction['transaction_id']}.p{attempt}",
                    repeat_s=PRINT_REPEAT_S,
                    deadline_s=left_s,
                )
            except NoAnswerError:
                return "unanswered"
            status = str(reply.get("status"))
            if status in ("completed", "unknown"):
                return status
            code = _error_code(reply)
            self.statistics.errors[code] += 1
            if not _is_retryable(reply):
                break
            # busy may be the answer to our own repeat: asking under a new id could print a second copy
            attempt += code != "busy"
            await asyncio.sleep(delay_s * self._random.uniform(0.5, 1.0))
            delay_s = min(delay_s * 2, RETRY_S_MAX)
        return "failed"

    def _request_id(self, kind: str) -> str:
        self._asked += 1
        return f"{self.address.terminal_id}.{kind}{self._asked}.{self._random.getrandbits(48):012x}"

    def _event_came(self, device_class: str, _: str, name: str, data: Mapping[str, Any], received: float) -> None:
        if name == "barcode_scanned" and device_class == "scanner":
            self.statistics.scans_seen += 1
            if self._scans.full():
                self._scans.get_nowait()
                self.statistics.errors["scans_dropped"] += 1
            self._scans.put_nowait(Scan(_text(data.get("text")), _text(data.get("gtin")), received))
        elif name == "weight_changed" and device_class == "scale":
            self._weight = data
            self._weight_changed.set()


def _stable_weight(reading: Mapping[str, Any]) -> Decimal | None:
    if reading.get("status") != "stable_weight" or reading.get("unit") != "kg":
        return None
    try:
        weight = Decimal(str(reading.get("weight")))
    except InvalidOperation:
        return None
    return weight if weight.is_finite() and weight > 0 else None


def _error_code(reply: Mapping[str, Any]) -> str:
    error = reply.get("error")
    return str(error.get("code")) if isinstance(error, dict) else f"status_{reply.get('status')}"


def _is_retryable(reply: Mapping[str, Any]) -> bool:
    error = reply.get("error")
    return isinstance(error, dict) and error.get("retryable") is True


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
