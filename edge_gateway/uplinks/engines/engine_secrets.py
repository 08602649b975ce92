"""Certificates and passwords for message engines. Read at each connect: they are renewed without a restart."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.uplinks.engines.engine import EngineSettings


async def tls_context(settings: EngineSettings) -> ssl.SSLContext | None:
    """None: not encrypted, since it does not leave this box. Raises CloudTransientError if a file cannot be used."""
    if not settings.is_tls:
        return None
    return await asyncio.to_thread(_tls_context, settings)


async def password(settings: EngineSettings) -> str | None:
    """Raises CloudTransientError if there should be one and is not."""
    path = settings.password_file
    if path is None:
        return None
    try:
        text = (await asyncio.to_thread(path.read_text, "utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _unusable(settings, "password_file", path, words) from None
    if not text:
        raise _unusable(settings, "password_file", path, "it is empty")
    return text


def _tls_context(settings: EngineSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise _unusable(settings, "ca_file", settings.ca_file, error.strerror or str(error)) from None
    if settings.certificate_file is not None:
        try:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
        except OSError as error:
            words = error.strerror or str(error)
            raise _unusable(settings, "certificate_file or key_file", settings.certificate_file, words) from None
    return context


def _unusable(settings: EngineSettings, key: str, path: Path | None, words: str | None) -> CloudTransientError:
    return CloudTransientError(f"uplink {settings.name!r}: {key} {path} cannot be used: {words}")
