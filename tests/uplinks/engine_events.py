"""Events and certificates for the tests of uplinks to message engines."""

from __future__ import annotations

from pathlib import Path

import trustme

from edge_gateway.contracts.events import OutboxEvent
from tests.uplinks.far_ends import event_body

STREAM = "transactions"


def events(count: int, *, start: int = 0, sources: int = 7, stream: str = STREAM) -> list[OutboxEvent]:
    """``event-00000`` and so on, of the sources in turn."""
    found = []
    for number in range(start, start + count):
        event_id, source = f"event-{number:05}", f"/stores/S001/devices/d{number % sources}"
        found.append(OutboxEvent(event_id, stream, source, "com.example.t.v1", event_body(event_id, source, number)))
    return found


def large(size: int, source: str = "/stores/S001/devices/d0") -> OutboxEvent:
    return OutboxEvent("large", STREAM, source, "com.example.t.v1", b"x" * size)


def certificates(directory: Path) -> dict[str, Path]:
    """Makes those of a server (``127.0.0.1.pem``), of the gateway till-1 and of a stranger; settings of the gateway."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(directory / "stranger.pem")
    for name in ("127.0.0.1", "client"):
        certificate = authority.issue_cert(name, common_name="till-1" if name == "client" else None)
        certificate.private_key_pem.write_to_path(directory / f"{name}.key")
        certificate.cert_chain_pems[0].write_to_path(directory / f"{name}.pem")
    return {
        "ca_file": directory / "ca.pem",
        "certificate_file": directory / "client.pem",
        "key_file": directory / "client.key",
    }
