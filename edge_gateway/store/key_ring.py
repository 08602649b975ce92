"""The keys that seal what is stored: read from a file or a systemd credential, and again whenever that changes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import StoreError
from edge_gateway.settings import EncryptionSettings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
KEY_FILE_BYTES_MAX: Final = 65_536
"""Some hundred keys with a comment each: a file beyond that is some other file."""

KEYS_LOOK_INTERVAL_S: Final = 2.0
"""How soon a changed key file is noticed. A look is one ``stat``."""

_FINGERPRINT_OF: Final = b"edge-gateway outbox key"
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_EXPECTED: Final = "expected 32 bytes in hexadecimal (64 digits) or base64 (44 characters), as `outbox new-key` prints"

_log = structlog.get_logger()


class Log(Protocol):
    """Where findings go."""

    def info(self, event: str, **values: object) -> object: ...

    def warning(self, event: str, **values: object) -> object: ...

    def error(self, event: str, **values: object) -> object: ...


class Silence:
    """Implements ``Log`` for a command that prints what it finds itself."""

    def info(self, event: str, **values: object) -> None:
        """Nothing."""

    warning = error = info


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``fingerprint`` tells it from others and tells nothing about it."""

    fingerprint: str
    cipher: AESGCM = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the file held when it had this signature."""

    keys: tuple[Key, ...]
    is_exposed: bool


class KeyRing:
    """The first key seals, all of them open. Without settings there is none, and payloads stay in clear.

    ``load`` before the store is opened: what cannot be read then stops the start, so that nothing is ever stored in
    clear by mistake. ``look`` while it runs: a file that broke leaves the keys as they are, and is reported.
    """

    def __init__(
        self,
        settings: EncryptionSettings | None,
        environment: Mapping[str, str] = os.environ,
        log: Log | None = None,
    ) -> None:
        self._settings = settings
        self._log = log or _log
        self._environment = environment
        self._signature: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()
        self._is_exposed = False
        self.generation = 0
        """Rises with every change of the keys."""
        self.problem: str | None = None
        """Why the file as it is now is not used; the keys from before are."""

    @property
    def is_configured(self) -> bool:
        return self._settings is not None

    @property
    def keys(self) -> tuple[Key, ...]:
        return self._keys

    @property
    def warning(self) -> str | None:
        """What a person should put right, though it works."""
        if not self._is_exposed:
            return None
        return f"{self.source} can be read by every user of this box: chmod 0600, owned by the gateway's user"

    @property
    def source(self) -> str:
        """Where the keys come from, for messages."""
        if self._settings is None:
            return "no [outbox.encryption]"
        if self._settings.key_file is not None:
            return str(self._settings.key_file)
        return f"systemd credential {self._settings.credential}"

    def load(self) -> None:
        """Raises StoreError, with a remedy, if it is configured and cannot be used."""
        if self._settings is None:
            return
        path = self._path(self._settings)
        try:
            signature = _signature(path)
            self._take(_read(path), signature)
        except OSError as error:
            raise StoreError(
                f"the keys of the outbox, {self.source}, cannot be read ({error.strerror}): see that the file is there "
                "and belongs to the gateway's user; `edge-gateway outbox new-key` makes one for a new store. "
                "Nothing is stored in clear meanwhile"
            ) from error
        except ValueError as error:
            raise StoreError(f"the keys of the outbox, {self.source}, cannot be used: {error}") from error

    def look(self) -> bool:
        """Read the file again if it changed; True: the keys are others now. Logs what it finds, once."""
        if self._settings is None:
            return False
        try:
            path = self._path(self._settings)
            signature = _signature(path)
            if signature == self._signature:
                self._is_well()
                return False
            reading = _read(path)
        except (OSError, ValueError, StoreError) as error:
            self._is_broken(error.strerror or "cannot be read" if isinstance(error, OSError) else str(error))
            return False
        before = self._keys
        self._take(reading, signature)
        self._is_well()
        return [key.fingerprint for key in before] != [key.fingerprint for key in self._keys]

    def _take(self, reading: _Reading, signature: tuple[int, ...]) -> None:
        is_other = [key.fingerprint for key in reading.keys] != [key.fingerprint for key in self._keys]
        self._keys, self._signature = reading.keys, signature
        if is_other:
            self.generation += 1
            self._log.info(
                log_events.KEYS_LOADED, source=self.source, fingerprints=[key.fingerprint for key in reading.keys]
            )
        if reading.is_exposed and not self._is_exposed:
            self._log.warning(log_events.KEYS_EXPOSED, source=self.source)
        self._is_exposed = reading.is_exposed

    def _is_broken(self, reason: str) -> None:
        problem = f"{self.source} changed and cannot be used: {reason}; the keys from before are still used"
        if problem != self.problem:
            self._log.error(log_events.KEYS_BROKEN, source=self.source, reason=reason)
        self.problem = problem

    def _is_well(self) -> None:
        if self.problem is not None:
            self._log.info(log_events.KEYS_RECOVERED, source=self.source)
        self.problem = None

    def _path(self, settings: EncryptionSettings) -> Path:
        if settings.key_file is not None:
            return settings.key_file
        name, directory = settings.credential, self._environment.get("CREDENTIALS_DIRECTORY")
        if not name or "/" in name or name in {".", ".."}:
            raise StoreError(
                "outbox.encryption names neither a key_file nor the credential of a systemd unit: expected one"
            )
        if directory is None:
            raise StoreError(
                f"outbox.encryption.credential = {name}, but there is no CREDENTIALS_DIRECTORY: add "
                f"LoadCredentialEncrypted={name} to the unit, or name a key_file"
            )
        return Path(directory) / name


def new_key_line() -> str:
    """A fresh key, as the file has it."""
    return secrets.token_bytes(KEY_BYTES).hex()


def read_keys(text: str) -> list[bytes]:
    """One key a line, ``#`` begins a comment. Raises ValueError naming the line, never quoting it."""
    keys: list[bytes] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].strip()
        if words:
            try:
                key = _decoded(words)
            except ValueError:
                raise ValueError(f"line {number} is no key: {_EXPECTED}") from None
            if key not in keys:
                keys.append(key)
    if not keys:
        raise ValueError(f"there is no key in it: {_EXPECTED}")
    return keys


def key_of(material: bytes) -> Key:
    """A key with its fingerprint: a truncated HMAC, which cannot be turned back into the key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    fingerprint = hmac.new(material, _FINGERPRINT_OF, hashlib.sha256).hexdigest()[:16]
    return Key(fingerprint, AESGCM(material))


def fingerprints(keys: Sequence[Key]) -> str:
    """For messages."""
    return ", ".join(key.fingerprint for key in keys) or "none"


def _decoded(words: str) -> bytes:
    if _HEX.fullmatch(words):
        return bytes.fromhex(words)
    try:
        key = base64.b64decode(words.translate(_FROM_URL_SAFE) + "=" * (-len(words) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("neither") from error
    if len(key) != KEY_BYTES:
        raise ValueError("wrong length")
    return key


_FROM_URL_SAFE: Final = str.maketrans("-_", "+/")


def _signature(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _read(path: Path) -> _Reading:
    with path.open("rb") as file:
        is_exposed = bool(os.fstat(file.fileno()).st_mode & stat.S_IROTH)
        data = file.read(KEY_FILE_BYTES_MAX + 1)
    if len(data) > KEY_FILE_BYTES_MAX:
        raise ValueError(f"it is longer than {KEY_FILE_BYTES_MAX} bytes: {_EXPECTED}, one a line")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"it is no text: {_EXPECTED}, one a line") from None
    return _Reading(tuple(key_of(material) for material in read_keys(text)), is_exposed)
