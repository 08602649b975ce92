"""Commands from the cloud: what is signed, what is asked for, and the event that tells how it went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge_gateway.contracts.cloudevents import event_type
from edge_gateway.contracts.fields import Instant, Key
from edge_gateway.contracts.store import StreamNames

EVENT_TYPE: Final = event_type("gateway", "command_completed")

LIFE_MAX: Final = timedelta(days=3)
"""Longer than a weekend offline. A command may not be valid for longer: the log that knows it was done is kept for
longer than this, so that a replay is either known or expired."""

COMMAND_BYTES_MAX: Final = 64_000
"""1,000 ids to replay fit; more is no command."""


class CommandErrorCode(StrEnum):
    """Why a command was refused, or failed."""

    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    OTHER_STORE = "other_store"
    EXPIRED = "expired"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    INVALID_PARAMS = "invalid_params"
    UNKNOWN_OUTCOME = "unknown_outcome"
    FAILED = "failed"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CloudCommand(_Part):
    """A command as the cloud serves it. The signature is over the canonical JSON of all other members."""

    id: Key = Field(description="Unique for the store, for good: a command that comes again is not done again.")
    store_id: str = Field(description="The store it is for.")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(description="The command.")
    params: dict[str, Any] = Field(default_factory=dict, description="As the command has it.")
    expires_at: Instant = Field(description="Not begun after this instant (UTC, Z); at most three days ahead.")
    key_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] | None = Field(
        None, description="First 16 hex digits of the SHA-256 of the raw public key: which of several keys signed."
    )
    signature: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Ed25519, base64. Required; that it is missing is told apart from other faults."
    )


class NoParams(_Part):
    """Nothing to be said."""


class SyncNowParams(_Part):
    """One stream, or all."""

    stream: StreamNames | None = None


class ReplayDeadLettersParams(_Part):
    """Of a stream, or by their event ids."""

    ids: Annotated[list[Key], Field(min_length=1, max_length=1000)] | None = None
    stream: StreamNames | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ReplayDeadLettersParams:
        if (self.ids is None) == (self.stream is None):
            raise ValueError("give either ids or stream")
        return self


class SetLogLevelParams(_Part):
    """Resets itself: a box left at debug fills its disk."""

    level: Literal["debug", "info", "warning", "error"]
    for_s: int = Field(ge=1, le=86_400, description="Seconds until the configured level is set again.")


PARAMS: Final[Mapping[str, type[BaseModel]]] = {
    "ping": NoParams,
    "sync_now": SyncNowParams,
    "replay_dead_letters": ReplayDeadLettersParams,
    "set_log_level": SetLogLevelParams,
    "report_status": NoParams,
}
"""Every command there is."""


class CommandFailure(_Part):
    """Why not."""

    code: CommandErrorCode
    message: str = Field(description="For people; not for programs.")


class CommandCompletedData(_Part):
    """``data`` of the one event that answers a command."""

    command_id: str | None = Field(description="null if the command was too broken to have one.")
    name: str | None
    status: Literal["completed", "failed", "refused"] = Field(
        description="refused: nothing was done. failed: it was begun."
    )
    result: dict[str, Any] | None = None
    error: CommandFailure | None = None


class NotCanonicalError(ValueError):
    """A value that has no canonical form here."""


def canonical_json(members: Mapping[str, Any]) -> bytes:
    """What is signed: sorted keys, no spaces, UTF-8. The part of RFC 8785 that all languages agree about: numbers are
    whole, names are ASCII. Raises NotCanonicalError for anything else.
    """
    _check_canonical(members)
    try:
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise NotCanonicalError("it cannot be written as JSON in UTF-8") from error


_DEPTH_MAX: Final = 16
_WHOLE_MAX: Final = 2**53 - 1
"""Beyond, other languages lose digits."""


def _check_canonical(value: Any, depth: int = _DEPTH_MAX) -> None:
    if depth == 0:
        raise NotCanonicalError(f"nested deeper than {_DEPTH_MAX} levels")
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > _WHOLE_MAX):
        raise NotCanonicalError("numbers are whole and below 2^53; write others as text")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not name.isascii():
                raise NotCanonicalError("names are ASCII")
            _check_canonical(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_canonical(inner, depth - 1)
