"""Commands the cloud gives: signed, served after a token, and wrong in one way or another on demand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field

SERVED_MAX = 100
"""Commands in one answer."""


class UnknownCommandTokenError(Exception):
    """The token was never given, or is forgotten."""


class CommandFault(StrEnum):
    """What is wrong with a command."""

    NONE = "none"
    WRONG_SIGNATURE = "wrong_signature"
    """Signed with another key."""
    CHANGED = "changed"
    """Changed after it was signed."""
    UNSIGNED = "unsigned"
    EXPIRED = "expired"
    """Served after its time."""
    OTHER_STORE = "other_store"
    """Signed for another store, served to this one."""
    REPLAYED = "replayed"
    """Served twice, the second time after whatever token."""
    MALFORMED = "malformed"
    """Not the shape of a command."""


class CommandOrder(BaseModel):
    """A command to be given. Without an id it gets one."""

    model_config = ConfigDict(extra="forbid")

    store_id: str
    name: str
    params: dict[str, Any] = {}
    id: str | None = None
    expires_in_s: float = Field(3600, description="From now.")
    fault: CommandFault = CommandFault.NONE


class CommandDesk:
    """``served``: how often each id went out. A token is the number of the newest command a store knows."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._name = secrets.token_hex(4)
        self._commands: list[tuple[str, dict[str, Any]]] = []
        self.changed = asyncio.Event()
        """Set, and replaced by a new one, when a command is given."""
        self.served: dict[str, int] = {}

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def change_key(self, key: Ed25519PrivateKey) -> None:
        """Sign with another key from now on."""
        self._key = key

    def give(self, order: CommandOrder) -> dict[str, Any]:
        """Serve it from now on."""
        fault = order.fault
        command: dict[str, Any] = {
            "id": order.id or secrets.token_hex(8),
            "store_id": order.store_id + "-other" if fault is CommandFault.OTHER_STORE else order.store_id,
            "name": order.name,
            "params": order.params,
            "expires_at": _instant(-60 if fault is CommandFault.EXPIRED else order.expires_in_s),
        }
        key = Ed25519PrivateKey.generate() if fault is CommandFault.WRONG_SIGNATURE else self._key
        if fault is not CommandFault.WRONG_SIGNATURE:
            command["key_id"] = hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]
        if fault is not CommandFault.UNSIGNED:
            command["signature"] = _sign(key, command)
        if fault is CommandFault.CHANGED:
            command["params"] = {**order.params, "changed": True}
        if fault is CommandFault.MALFORMED:
            del command["expires_at"]
        self._commands += [(order.store_id, command)] * (2 if fault is CommandFault.REPLAYED else 1)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
        return command

    def after(self, token: str | None, store: str) -> tuple[list[dict[str, Any]], str]:
        """What the store does not know yet, and the token after it. Raises UnknownCommandTokenError."""
        known = self._number(token)
        found = [(n, command) for n, (whose, command) in enumerate(self._commands, 1) if n > known and whose == store]
        # One copy of a replayed command per answer, so that the second comes under a token of its own.
        page: list[tuple[int, dict[str, Any]]] = []
        for number, command in found[:SERVED_MAX]:
            if any(command is earlier for _, earlier in page):
                break
            page.append((number, command))
        for _, command in page:
            self.served[command["id"]] = self.served.get(command["id"], 0) + 1
        last = page[-1][0] if page else known
        return [command for _, command in page], f"{self._name}-{last}"

    def forget_tokens(self) -> None:
        self._name = secrets.token_hex(4)

    def _number(self, token: str | None) -> int:
        if token is None or token == "":
            return 0
        name, _, number = token.rpartition("-")
        if name != self._name or not (number.isascii() and number.isdigit()) or len(number) > 12:
            raise UnknownCommandTokenError(token)
        return int(number)


def _sign(key: Ed25519PrivateKey, command: dict[str, Any]) -> str:
    text = json.dumps(command, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(key.sign(text.encode())).decode()


def _instant(in_s: float) -> str:
    instant = datetime.now(UTC) + timedelta(seconds=in_s)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
