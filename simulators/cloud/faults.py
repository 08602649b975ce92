"""Faults on demand: what the cloud does wrong, for how long, how often, from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from random import Random

from pydantic import BaseModel, ConfigDict, Field

LATENCY_S_DEFAULT = 2.0
STALL_S_MAX = 300.0
"""A stalled request is dropped after this long: longer than any client's time-out, short enough to leak nothing."""
REFUSE_S_DEFAULT = 5.0
"""While connections are refused nobody can switch the fault off over HTTP, so it always ends by itself."""


class FaultMode(StrEnum):
    """What goes wrong. Only the ingestion of events is hit, but for ``refuse_connections``."""

    NONE = "none"
    LATENCY = "latency"
    """Answers late."""
    ERROR_500 = "500"
    """Answers 500; nothing is applied."""
    TOO_MANY_REQUESTS = "429"
    """Answers 429 with Retry-After; nothing is applied."""
    STALL = "stall"
    """Takes the request and never answers; nothing is applied."""
    SLOW_FIRST_BYTE = "slow_first_byte"
    """Applies the batch at once; the first byte of the answer is late."""
    STALL_MID_ANSWER = "stall_mid_answer"
    """Applies the batch, begins to answer and never ends."""
    RESET_MID_BODY = "reset_mid_body"
    """Resets the connection while the request still arrives; nothing is applied."""
    UNANSWERED = "unanswered"
    """Answers 200 for no event at all; nothing is applied."""
    PARTIAL = "partial"
    """Of each source applies the first events of the batch only, and answers for the first of these."""
    REJECTED = "rejected"
    """Rejects one event of the batch for good, and takes the others."""
    LOST_REPLY = "lost_reply"
    """Applies the batch, then drops the connection without an answer."""
    GARBAGE = "garbage"
    """Answers 200 with a page that is no result, as captive portals do; nothing is applied."""
    UNAUTHORIZED = "unauthorized"
    """Forgets all tokens and answers 401; nothing is applied."""
    REFUSE_CONNECTIONS = "refuse_connections"
    """Closes the port, the oracle's too, and opens it again after ``seconds``."""


class Fault(BaseModel):
    """One fault to be set; it replaces the one before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: FaultMode
    seconds: float | None = Field(None, gt=0, le=86400, description="Ends after so many seconds.")
    requests: int | None = Field(None, ge=1, description="Ends after it struck so many requests.")
    probability: float = Field(1.0, gt=0, le=1, description="Of a request being struck.")
    seed: int = Field(0, description="Of the choice of requests, and of events within one.")
    delay_s: float = Field(
        LATENCY_S_DEFAULT, ge=0, le=STALL_S_MAX, description="How late an answer is (latency, slow_first_byte)."
    )
    retry_after_s: int = Field(1, ge=0, le=3600, description="Retry-After of a 429.")


class Faults:
    """Decides for each request which fault strikes it."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._fault = Fault(mode=FaultMode.NONE)
        self._until: float | None = None
        self._requests_left: int | None = None
        self.random = Random(0)
        self.counters: Counter[str] = Counter()

    def set(self, fault: Fault) -> None:
        """From now on."""
        self._fault = fault
        self._until = None if fault.seconds is None else self._monotonic() + fault.seconds
        self._requests_left = fault.requests
        self.random = Random(fault.seed)

    @property
    def active(self) -> Fault | None:
        """The fault that may strike the next request."""
        is_over = (self._until is not None and self._monotonic() >= self._until) or self._requests_left == 0
        return None if is_over or self._fault.mode is FaultMode.NONE else self._fault

    def strike(self) -> Fault | None:
        """For the request at hand: the fault that strikes it, or none. Counted by mode."""
        fault = self.active
        if fault is None or fault.mode is FaultMode.REFUSE_CONNECTIONS:
            return None
        if fault.probability < 1 and self.random.random() >= fault.probability:
            return None
        if self._requests_left is not None:
            self._requests_left -= 1
        self.counters[fault.mode.value] += 1
        return fault
