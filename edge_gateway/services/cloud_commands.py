"""Commands from the cloud: verified, done at most once, each answered by exactly one event in the audit stream."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import BaseModel, ValidationError

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.cloud_commands import (
    COMMAND_BYTES_MAX,
    EVENT_TYPE,
    LIFE_MAX,
    PARAMS,
    CloudCommand,
    CommandErrorCode,
    NotCanonicalError,
    canonical_json,
)
from edge_gateway.contracts.cloudevents import cloud_event, gateway_source
from edge_gateway.contracts.errors import ConflictError, EdgeGatewayError, StoreError, UnknownOutcomeError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import CommandLog, Outbox, StreamNames
from edge_gateway.services.command_keys import CommandKeys, RefusedError

MESSAGE_CHARS_MAX: Final = 500
RESULT_BYTES_MAX: Final = 64_000
"""Of an answer: it goes through the outbox like any event."""

Action = Callable[[Any], Awaitable[Mapping[str, Any]]]
"""Given the params as the model of ``PARAMS``; answers the result. Raises EdgeGatewayError if it failed."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: Literal["completed", "failed", "refused"]
    result: Mapping[str, Any] | None = None
    code: CommandErrorCode | None = None
    message: str = ""


class CloudCommandService:
    """``actions``: by name, what each command of ``PARAMS`` does."""

    def __init__(
        self,
        store_id: str,
        keys: CommandKeys,
        actions: Mapping[str, Action],
        command_log: CommandLog,
        outbox: Outbox,
        clock: Clock,
        ids: EventIds,
    ) -> None:
        self._store_id = store_id
        self._keys = keys
        self._actions = actions
        self._command_log = command_log
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._unkept: dict[str, bytes] = {}
        self.counters: Counter[str] = Counter()

    async def handle(self, raw: Any) -> None:
        """One command as it was served. Returns when its event is on disk.

        Raises StoreError and CommandKeysError: nothing is lost if the same command is handed over again later.
        """
        command_id, name = _text(raw, "id"), _text(raw, "name")
        digest = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()
        try:
            command, signed_digest = self._verified(raw)
        except RefusedError as error:
            # Not claimed: what nobody signed must not stand in the way of a command of the same id.
            outcome = _Outcome("refused", code=error.code, message=str(error))
            await self._tell(digest, self._event(command_id, name, outcome))
            return
        await self._tell(signed_digest, await self._answer(command, signed_digest))

    def _verified(self, raw: Any) -> tuple[CloudCommand, str]:
        """The command, and the digest of what was signed. Raises RefusedError, CommandKeysError."""
        try:
            command = CloudCommand.model_validate(raw)
            signed = canonical_json({name: value for name, value in raw.items() if name != "signature"})
        except ValidationError as error:
            places = ", ".join(sorted({".".join(map(str, each["loc"])) or "command" for each in error.errors()}))
            raise RefusedError(CommandErrorCode.MALFORMED, f"not as expected: {places}") from None
        except NotCanonicalError as error:
            raise RefusedError(CommandErrorCode.MALFORMED, f"not as expected: {error}") from None
        if len(signed) > COMMAND_BYTES_MAX:
            raise RefusedError(CommandErrorCode.MALFORMED, f"larger than {COMMAND_BYTES_MAX} bytes")
        self._keys.verify(signed, command.signature, command.key_id)
        if command.store_id != self._store_id:
            raise RefusedError(
                CommandErrorCode.OTHER_STORE, f"it is for store {command.store_id}, this is {self._store_id}"
            )
        return command, hashlib.sha256(signed).hexdigest()

    async def _answer(self, command: CloudCommand, digest: str) -> bytes:
        """Its event: a new one, or that of the first time. Raises StoreError."""
        key = f"cloud/{command.id}"
        try:
            known = await self._command_log.claim(key, digest)
        except ConflictError:
            message = "a command with this id and other content came before; changed content needs a new id"
            outcome = _Outcome("refused", code=CommandErrorCode.CONFLICT, message=message)
            return self._event(command.id, command.name, outcome)
        except UnknownOutcomeError:
            # Claimed in this run: it was done, and only its answer could not be kept.
            if (event := self._unkept.get(command.id)) is None:
                raise StoreError(f"command {command.id} is being done") from None
        else:
            if known is not None:
                return self._known(command, known)
            event = self._event(command.id, command.name, await self._carry_out(command))
            self._unkept[command.id] = event
        await self._command_log.finish(key, event)
        self._unkept.pop(command.id, None)
        return event

    def _known(self, command: CloudCommand, reply: bytes) -> bytes:
        self.counters["repeated"] += 1
        if b'"specversion"' in reply:
            return reply
        # The store closed the claim at a start: the gateway had stopped in the middle of it.
        message = "the gateway stopped while it was being done; whether it was nobody knows"
        outcome = _Outcome("failed", code=CommandErrorCode.UNKNOWN_OUTCOME, message=message)
        return self._event(command.id, command.name, outcome)

    async def _carry_out(self, command: CloudCommand) -> _Outcome:
        try:
            params = self._checked(command)
        except RefusedError as error:
            return _Outcome("refused", code=error.code, message=str(error))
        try:
            result = await self._actions[command.name](params)
        except EdgeGatewayError as error:
            return _Outcome("failed", code=CommandErrorCode.FAILED, message=str(error))
        if len(json.dumps(result)) > RESULT_BYTES_MAX:
            message = f"done, but its result is larger than {RESULT_BYTES_MAX} bytes"
            return _Outcome("failed", code=CommandErrorCode.FAILED, message=message)
        return _Outcome("completed", result)

    def _checked(self, command: CloudCommand) -> BaseModel:
        now = self._clock.now()
        expires_at = datetime.fromisoformat(command.expires_at)
        if expires_at <= now:
            raise RefusedError(CommandErrorCode.EXPIRED, "it had expired when it came")
        if expires_at > now + LIFE_MAX:
            raise RefusedError(CommandErrorCode.MALFORMED, f"expires_at: more than {LIFE_MAX.days} days ahead")
        model = PARAMS.get(command.name)
        if model is None or command.name not in self._actions:
            known = ", ".join(name for name in PARAMS if name in self._actions)
            raise RefusedError(CommandErrorCode.UNSUPPORTED, f"there is no such command; there are: {known}")
        try:
            return model.model_validate(command.params)
        except ValidationError as error:
            places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise RefusedError(CommandErrorCode.INVALID_PARAMS, places) from None

    def _event(self, command_id: str | None, name: str | None, outcome: _Outcome) -> bytes:
        self.counters[outcome.status if outcome.code is None else f"{outcome.status}:{outcome.code.value}"] += 1
        error = None
        if outcome.code is not None:
            error = {"code": outcome.code.value, "message": outcome.message[:MESSAGE_CHARS_MAX]}
        _log.info(
            log_events.CLOUD_COMMAND_COMPLETED,
            command_id=command_id,
            name=name,
            status=outcome.status,
            code=outcome.code,
        )
        return cloud_event(
            event_id=self._ids(),
            source=gateway_source(self._store_id),
            event_type=EVENT_TYPE,
            time=self._clock.now(),
            data={
                "command_id": command_id,
                "name": name,
                "status": outcome.status,
                "result": outcome.result,
                "error": error,
            },
        )

    async def _tell(self, digest: str, payload: bytes) -> None:
        """One event for each command as it was served, however often it is. Raises StoreError."""
        event_id = json.loads(payload)["id"]
        event = OutboxEvent(event_id, StreamNames.AUDIT, gateway_source(self._store_id), EVENT_TYPE, payload)
        await self._outbox.append(event, key=f"command/{digest}", digest=digest)


def _text(raw: Any, name: str) -> str | None:
    value = raw.get(name) if isinstance(raw, dict) else None
    return value[:128].encode("utf-8", "replace").decode() if isinstance(value, str) else None
