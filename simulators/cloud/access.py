"""Who may speak to the cloud: bearer tokens it gave, a key in a header, tokens that a gateway signed."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt

from simulators.cloud.tokens import Tokens

API_KEY_HEADER = "x-api-key"
JWT_LIFETIME_S_MAX = 3600
"""A signed token that lives longer than this is no short-lived one."""
JWT_LEEWAY_S = 5
"""Clocks differ by a little."""


@dataclass(frozen=True, slots=True)
class JwtRule:
    """What a signed token must be. ``public_key``: PEM."""

    public_key: bytes
    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class CloudTls:
    """The server's certificate; ``client_ca_file``: who signs the certificates that clients must have."""

    certificate_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    version_max: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = self.version_max
        if self.client_ca_file is not None:
            context.load_verify_locations(self.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Access:
    """Any one of what is set up lets a request in; nothing set up and no token required: anybody."""

    def __init__(
        self, tokens: Tokens, *, is_token_required: bool, api_key: str | None = None, jwt_rule: JwtRule | None = None
    ) -> None:
        self.tokens = tokens
        self.api_key = api_key
        self.jwt_rule = jwt_rule
        self.is_token_required = is_token_required
        self.token_ids_seen: set[str] = set()
        """``jti`` of every signed token that was taken."""

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why a request with these headers is not let in, or None."""
        if not (self.is_token_required or self.api_key or self.jwt_rule):
            return None
        authorization = headers.get("authorization")
        if self.tokens.is_valid(authorization):
            return None
        if self.api_key is not None and (key := headers.get(API_KEY_HEADER)) is not None:
            return None if secrets.compare_digest(key.encode(), self.api_key.encode()) else "api key: unknown"
        if self.jwt_rule is not None and authorization is not None:
            return self._jwt_refusal(authorization, self.jwt_rule)
        return "no bearer token" if authorization is None else "bearer token: unknown or expired"

    def _jwt_refusal(self, authorization: str, rule: JwtRule) -> str | None:
        token = authorization.partition(" ")[2].strip()
        try:
            claims = jwt.decode(
                token,
                rule.public_key,
                list(rule.algorithms),
                issuer=rule.issuer,
                audience=rule.audience,
                leeway=JWT_LEEWAY_S,
                options={"require": ["iss", "aud", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError as error:
            return f"bearer token: {error}"
        if claims["exp"] - claims["iat"] > JWT_LIFETIME_S_MAX:
            return f"bearer token: lives longer than {JWT_LIFETIME_S_MAX} s"
        self.token_ids_seen.add(str(claims["jti"]))
        return None
