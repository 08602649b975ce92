"""Signatures of the Standard Webhooks specification: HMAC-SHA256 over id, time and body. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES_MIN: Final = 24
KEY_BYTES_MAX: Final = 64
"""Both of the specification."""
SECRETS_MAX: Final = 2
"""One, or the old and the new while one replaces the other."""


def read_secrets(text: str) -> list[bytes]:
    """The keys of a secret file. Raises ValueError, in words that hold nothing of them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= SECRETS_MAX:
        raise ValueError(f"has {len(lines)} lines; expected one secret, or two while one replaces the other")
    return [_key(line, number) for number, line in enumerate(lines, start=1)]


def signature(keys: Sequence[bytes], event_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one ``v1,…`` for each key, any of which the receiver may know."""
    signed = f"{event_id}.{timestamp_s}.".encode() + body
    signatures = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures)


def _key(line: str, number: int) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ValueError(
            f"line {number}: expected {PREFIX} and the base64 of {KEY_BYTES_MIN} to {KEY_BYTES_MAX} random bytes"
        )
    return key
