"""TLS towards the broker, from the settings. Read at each connect: certificates are renewed without a restart."""

from __future__ import annotations

import ssl

from edge_gateway.settings import BusSettings


def tls_context(settings: BusSettings) -> ssl.SSLContext | None:
    """None: the connection is not encrypted. Reads files; raises OSError (SSLError included)."""
    if settings.ca_file is None:
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.certificate_file is not None:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    return context
