"""How far one HTTP request has come, and until when each step may take: each has a deadline and words of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

CONNECT_SHARES: Final = 2
"""The library times the connection and the handshake apart."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``whole_s`` counts from the first byte of the request to the last of the answer."""

    connect_s: float
    send_s: float
    first_byte_s: float
    whole_s: float

    def patient(self, wait_s: float) -> Limits:
        """For a request that the far end may hold open for so long."""
        return replace(self, first_byte_s=self.first_byte_s + wait_s, whole_s=self.whole_s + wait_s)


class Step(Enum):
    """What a request is doing."""

    CONNECT = "connect"
    PROXY = "proxy"
    SEND = "send"
    FIRST_BYTE = "first byte"
    ANSWER = "answer"


class Progress:
    """Moves the deadline of ``timeout`` from step to step. Told by the HTTP library's ``trace`` extension.

    Connecting and the TLS handshake are timed by the library itself: only so does it close what it had begun. The
    deadline here is behind that one, in case it fails.
    """

    def __init__(self, limits: Limits, timeout: asyncio.Timeout) -> None:
        self._limits = limits
        self._timeout = timeout
        self._now = asyncio.get_running_loop().time
        self._whole_at = float("inf")
        self.step = Step.CONNECT

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """``event`` such as ``http11.send_request_headers.started``."""
        is_to_proxy = getattr(info.get("request"), "method", b"") == b"CONNECT"
        match event.partition(".")[2]:
            case "send_request_headers.started" if is_to_proxy:
                self._enter(Step.PROXY, self._limits.connect_s)
            case "start_tls.started":
                self._enter(Step.CONNECT, self._limits.connect_s * CONNECT_SHARES)
            case "send_request_headers.started":
                self._whole_at = self._now() + self._limits.whole_s
                self._enter(Step.SEND, self._limits.send_s)
            case "receive_response_headers.started" if not is_to_proxy:
                self._enter(Step.FIRST_BYTE, self._limits.first_byte_s)

    def answer_began(self) -> None:
        self._enter(Step.ANSWER, float("inf"))

    def words(self) -> str:
        """After the deadline: which one it was."""
        limits = self._limits
        if self.step is Step.CONNECT:
            return f"no connection in {limits.connect_s:g} s"
        if self.step is Step.PROXY:
            return f"the proxy made no connection in {limits.connect_s:g} s"
        if self._now() < self._whole_at and self.step is Step.SEND:
            return f"did not take the whole request in {limits.send_s:g} s"
        if self._now() < self._whole_at and self.step is Step.FIRST_BYTE:
            return f"took the request and gave no byte of an answer in {limits.first_byte_s:g} s"
        return f"took the request and gave no whole answer in {limits.whole_s:g} s"

    def _enter(self, step: Step, step_s: float) -> None:
        self.step = step
        self._timeout.reschedule(min(self._now() + step_s, self._whole_at))
