"""Secrets of the uplinks: read from their file when they are used, so that a new one needs no restart."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge_gateway.contracts.errors import CloudTransientError

SECRET_BYTES_MAX: Final = 65_536
"""A secret, or a key in PEM, is a few kB at most: a wrong path must not fill the memory."""


def read_secret(path: Path, key: str) -> str:
    """The file's text without the white space around it. ``key``: of the configuration, for the message.

    Raises CloudTransientError: whoever rotates the secret may be about to write the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_BYTES_MAX + 1)
        secret = content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CloudTransientError(f"{key} {path} cannot be read: {words}") from None
    if len(content) > SECRET_BYTES_MAX:
        raise CloudTransientError(f"{key} {path} has more than {SECRET_BYTES_MAX} bytes: the wrong file?")
    if not secret:
        raise CloudTransientError(f"{key} {path} is empty")
    return secret
