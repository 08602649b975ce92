"""Errors, split by what the caller does next, and the closed list of error codes that replies carry."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """Codes of a reply's ``error.code``: a closed list, documented in docs/pos-developers.md."""

    INVALID_REQUEST = "invalid_request"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NOT_FOUND = "not_found"
    CLAIMED = "claimed"
    NOT_CLAIMED = "not_claimed"
    OFFLINE = "offline"
    TIMEOUT = "timeout"
    BUSY = "busy"
    UNSUPPORTED = "unsupported"
    COVER_OPEN = "cover_open"
    PAPER_EMPTY = "paper_empty"
    CUTTER_ERROR = "cutter_error"
    DEVICE_ERROR = "device_error"
    UNKNOWN_OUTCOME = "unknown_outcome"
    STORAGE_FULL = "storage_full"
    INTERNAL = "internal"


RETRYABLE = frozenset(
    {
        ErrorCode.CLAIMED,
        ErrorCode.OFFLINE,
        ErrorCode.TIMEOUT,
        ErrorCode.BUSY,
        ErrorCode.COVER_OPEN,
        ErrorCode.PAPER_EMPTY,
        ErrorCode.STORAGE_FULL,
        ErrorCode.INTERNAL,
    }
)
"""Codes after which the same request can succeed without being changed: under the same id where nothing is stored under
it (busy, internal, storage_full), else under a new one. As a rule nothing was done; an error that is an exception to it
says so (``RequestError.is_retryable``)."""


class EdgeGatewayError(Exception):
    """Base of every error the gateway raises on purpose."""


class TransportError(EdgeGatewayError):
    """The way to a device is gone or could not be opened. The supervisor closes it and tries again.

    ``is_busy``: the node is there, but another process holds it.
    """

    def __init__(self, message: str, *, is_busy: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy


class RequestError(EdgeGatewayError):
    """A request from the bus is refused or failed. Its code and message go into the one final reply.

    ``is_retryable``: by its code. False must be said wherever something was done, so that the same request under a new
    id would do it twice: half a receipt on paper, a drawer that opened. ``details``: for programs, JSON-able.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        is_retryable: bool | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.is_retryable = code in RETRYABLE if is_retryable is None else is_retryable
        self.details = details


class DeviceError(RequestError):
    """A device answered that it cannot do what was asked (cover open, no paper, not ready)."""


class UnknownOutcomeError(DeviceError):
    """The command may or may not have taken effect: answered ``unknown``; a person decides, nothing is repeated."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.UNKNOWN_OUTCOME, message)


class StoreError(EdgeGatewayError):
    """The store on disk cannot be used."""


class StorageFullError(StoreError):
    """The disk, or the store's own limit, is reached. Nothing was written; the caller refuses loudly."""


class ConflictError(StoreError):
    """The same key was stored before with other content."""


class CloudTransientError(EdgeGatewayError):
    """The cloud did not take the batch this time. Retry with back-off, not before ``retry_after_s``."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CloudPermanentError(EdgeGatewayError):
    """The cloud will never take this as it is. Keep it as a dead letter and raise an alert."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One problem of a configuration file: where, what stands there, what was expected.

    ``source``: the file, where it is another one than that whose problems are told, such as a profile.
    """

    key: str
    value: str
    expected: str
    line: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        source = f"{self.source}: " if self.source is not None else ""
        where = f"line {self.line}: " if self.line is not None else ""
        what = "" if self.value == self.source else f"{self.key} = {self.value}: "
        return f"{source}{where}{what}{self.expected}"


class ConfigError(EdgeGatewayError):
    """The configuration has problems; all of them are in ``problems``. The daemon does not start."""

    def __init__(self, problems: Sequence[ConfigProblem], source: str) -> None:
        self.problems = tuple(problems)
        self.source = source
        lines = "\n".join(
            f"  {replace(problem, source=None) if problem.source == source else problem}" for problem in self.problems
        )
        count = len(self.problems)
        super().__init__(f"{source}: {count} problem{'s' if count != 1 else ''}\n{lines}")


def stack_of(error: BaseException) -> str:
    """For the log: where an unexpected error was raised. Without its text, which may quote a request, a customer or a
    device."""
    return "".join(traceback.format_tb(error.__traceback__))
