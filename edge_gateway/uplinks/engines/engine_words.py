"""Why a message engine cannot be reached, in words for a store's IT."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from edge_gateway.contracts.foreign_words import foreign_words

_ERRNO: Final = {
    errno.ECONNREFUSED: "nothing listens there; is the server up, and are host and port right?",
    errno.EHOSTUNREACH: "there is no way to that host",
    errno.ENETUNREACH: "there is no network",
    errno.ECONNRESET: "the connection was cut",
    errno.EPIPE: "the connection was cut",
    errno.ETIMEDOUT: "no answer from that host",
}
CAUSES_MAX: Final = 8
"""Of a chain of errors that is looked at."""


def in_words(error: BaseException) -> str:
    """The deepest cause that is understood says it best: refused, unknown host, which problem of a certificate."""
    cause: BaseException | None = error
    last = error
    for _ in range(CAUSES_MAX):
        if cause is None:
            break
        if (words := _known(cause)) is not None:
            return words
        last, cause = cause, cause.__cause__ or cause.__context__
    return foreign_words(str(error) or str(last)) or type(error).__name__


def _known(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; check ca_file, host and the box's clock"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}; check certificate_file and key_file, and that the port speaks TLS"
    if isinstance(error, socket.gaierror):
        return "the host name is not known; check host, and the store's DNS"
    if isinstance(error, OSError) and error.errno in _ERRNO:
        return _ERRNO[error.errno]
    return None
