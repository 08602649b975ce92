"""Whose commands are carried out: Ed25519 public keys from a file, read again when it changes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge_gateway.contracts.cloud_commands import CommandErrorCode
from edge_gateway.contracts.errors import EdgeGatewayError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILE_BYTES_MAX: Final = 65_536
KEYS_MAX: Final = 8
"""The present key, the next one, one kept in a safe; more is a file that nobody tends."""

_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class CommandKeysError(EdgeGatewayError):
    """The file of public keys is of no use; says why and what to do."""


class RefusedError(Exception):
    """The command is refused. ``code`` and the text go into its event."""

    def __init__(self, code: CommandErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class CommandKeys:
    """Public keys are no secret; who may write the file may command the box."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def verify(self, signed: bytes, signature: str | None, key_id: str | None) -> None:
        """Raises RefusedError; CommandKeysError if there are no keys to verify with."""
        if not signature:
            raise RefusedError(CommandErrorCode.UNSIGNED, "the command has no signature")
        from cryptography.exceptions import InvalidSignature

        keys = self.read()
        if key_id is not None and key_id not in keys:
            known = ", ".join(keys)
            raise RefusedError(CommandErrorCode.WRONG_SIGNATURE, f"key {key_id} is none of ours; there are: {known}")
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError(CommandErrorCode.WRONG_SIGNATURE, "the signature is no base64") from None
        for name, key in keys.items():
            if key_id not in (None, name):
                continue
            try:
                key.verify(raw, signed)
            except InvalidSignature:
                continue
            return
        raise RefusedError(CommandErrorCode.WRONG_SIGNATURE, "the signature is not that of a key of ours")

    def read(self) -> dict[str, Ed25519PublicKey]:
        """By key id. Raises CommandKeysError."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        where = f"cloud.commands.public_key_file {self._path}"
        try:
            with self._path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX)
        except OSError as error:
            raise CommandKeysError(f"{where} cannot be read: {error.strerror}") from None
        keys = {}
        for pem in _PEM.findall(content)[:KEYS_MAX]:
            try:
                key = load_pem_public_key(pem)
            except (ValueError, UnsupportedAlgorithm):
                key = None
            if not isinstance(key, Ed25519PublicKey):
                raise CommandKeysError(f"{where} holds a key that is no Ed25519 public key in PEM")
            keys[hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]] = key
        if not keys:
            raise CommandKeysError(f"{where} holds no key: expected one Ed25519 public key in PEM after the other")
        return keys
