"""Which names hold secrets: one list for logs, for the configuration's messages and for recordings."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"passw|passphrase|secret|token|credential|authori[sz]ation|api_?key|private_?key|cookie|\bpin\b|(?<!drawer)_pin\b|\bpan\b|track_?[123]|card_?number|cvv|cvc",
    re.IGNORECASE,
)
_ONLY_ABOUT = re.compile(r"_(?:file|path|url|count|age_s|expires_at|type)$", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s\"']+@")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE)

HIDDEN = "(hidden)"


def looks_secret(name: str) -> bool:
    """``password`` and ``client_secret`` do; ``client_secret_file`` and ``token_url`` only tell where it is."""
    return bool(_SECRET.search(name)) and not _ONLY_ABOUT.search(name)


def without_credentials(text: str) -> str:
    """``https://user:pass@host`` and ``Bearer …`` without what must not be shown."""
    return _BEARER.sub(rf"\1 {HIDDEN}", _URL_CREDENTIALS.sub(f"{HIDDEN}@", text))
