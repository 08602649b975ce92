"""Tokens the gateway signs itself (RFC 7519): short-lived, renewed well before their end, never used by two boxes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.settings_uplinks import JwtSettings
from edge_gateway.uplinks.secret_file import read_secret

RENEW_AT_SHARE: Final = 0.8
"""Of its life: a token must outlast its request, and a cloud's clock that is a little ahead."""

CLOCK_JUMP_S_MAX: Final = 5.0
"""A box sets its clock some time after it started: a token from before would carry a wrong iat and exp."""

KEYS: Final[Mapping[str, str]] = {"RS256": "an RSA key", "ES256": "a P-256 key", "EdDSA": "an Ed25519 key"}


class SignedTokens:
    """One token for all requests until it is renewed. The private key is read when a token is made."""

    section = "cloud.jwt"

    def __init__(self, settings: JwtSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._token: str | None = None
        self._made_at = (0.0, clock.now())
        self._making = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        async with self._making:
            if self._token is None or self._is_due():
                self._token = None
                made_at = (self._clock.monotonic(), self._clock.now())
                # An RSA signature takes milliseconds on a small box, and so does the key's check.
                self._token = await asyncio.to_thread(_sign, self._settings, made_at[1])
                self._made_at = made_at
            return {"authorization": f"Bearer {self._token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        if headers.get("authorization") == f"Bearer {self._token}":
            self._token = None
        return True

    async def close(self) -> None:
        self._token = None

    def _is_due(self) -> bool:
        age_s = self._clock.monotonic() - self._made_at[0]
        jump_s = (self._clock.now() - self._made_at[1]).total_seconds() - age_s
        return age_s >= self._settings.lifetime_s * RENEW_AT_SHARE or abs(jump_s) > CLOCK_JUMP_S_MAX


def _sign(settings: JwtSettings, now: datetime) -> str:
    """Raises CloudTransientError, in words that hold nothing of the key."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm

    key = read_secret(settings.private_key_file, "cloud.jwt.private_key_file")
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "sub": settings.issuer,
        "aud": settings.audience,
        "iat": now,
        "exp": now + timedelta(seconds=settings.lifetime_s),
        "jti": str(uuid.uuid4()),
    }
    headers = None if settings.key_id is None else {"kid": settings.key_id}
    try:
        _check_curve(key, settings.algorithm)
        return jwt.encode(claims, key, settings.algorithm, headers)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        raise CloudTransientError(
            f"cloud.jwt.private_key_file {settings.private_key_file} cannot sign with {settings.algorithm}: "
            f"expected {KEYS[settings.algorithm]} in PEM, without a password"
        ) from None


def _check_curve(key: str, algorithm: str) -> None:
    """Raises ValueError for a key of another kind: the library would sign ES256 with any curve."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    loaded = load_pem_private_key(key.encode(), password=None)
    is_fit = {
        "RS256": isinstance(loaded, rsa.RSAPrivateKey),
        "ES256": isinstance(loaded, ec.EllipticCurvePrivateKey) and isinstance(loaded.curve, ec.SECP256R1),
        "EdDSA": isinstance(loaded, ed25519.Ed25519PrivateKey),
    }
    if not is_fit[algorithm]:
        raise ValueError(f"no key for {algorithm}")
