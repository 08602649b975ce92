"""What a driver's side of a transport looks like to the tests."""

from __future__ import annotations


class RecordingSink:
    """Keeps everything that a transport says."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.losses: list[Exception | None] = []

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.losses.append(error)
