"""The printer of the print benchmark's rate, in a process of its own: it answers what an ESC/POS printer is asked, and
prints nothing. A simulated printer would take ten times as long for a receipt as the path to it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

QUESTIONS = re.compile(rb"\x10\x04([\x01-\x04])|\x1d\(H\x06\x0000(....)|\x1dr([\x01\x02])|\x1da.|\x1dI(.)", re.DOTALL)
"""DLE EOT n, GS ( H with a process id, GS r n, GS a, GS I. The receipts of the benchmark hold no such bytes."""
QUESTION_BYTES_MAX = 11
WELL = {b"\x01": b"\x12", b"\x02": b"\x12", b"\x03": b"\x12", b"\x04": b"\x12"}
"""To DLE EOT: on line, paper, no error."""
ASB_WELL = b"\x10\x00\x00\x0f"


class FarEnd(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self._held + data
        end = 0
        for asked in QUESTIONS.finditer(data):
            end = asked.end()
            self._transport.write(_answer(asked))
        self._held = data[end:][-QUESTION_BYTES_MAX:]


def _answer(asked: re.Match[bytes]) -> bytes:
    real_time, process_id, status, identity = asked.groups()
    if real_time is not None:
        return WELL[real_time]
    if process_id is not None:
        return b'7"' + process_id + b"\x00"
    if status is not None:
        return b"\x00"
    return ASB_WELL if identity is None else b"_bench\x00"


async def main(port: int) -> None:
    """Until it is ended."""
    server = await asyncio.get_running_loop().create_server(FarEnd, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
