"""From the bytes of a request to the events of a batch, within limits."""

from __future__ import annotations

import json
import zlib
from typing import Any, NoReturn

from fastapi import Request

from simulators.cloud.problems import ProblemError

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
BODY_BYTES_MAX = 1 << 20
"""Of a request as sent: 100 long transactions are about 300 kB."""
BATCH_BYTES_MAX = 8 << 20
"""Of a batch unpacked: a small gzip body cannot fill the memory."""
BATCH_EVENTS_MAX = 1000
DRAIN_BYTES_MAX = 32 << 20
"""Read and thrown away of a body that is too large, so that its sender gets to read the refusal."""
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


async def read_batch(request: Request) -> list[Any]:
    """The events, not yet validated. Raises ProblemError: 400, 413, 415."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != BATCH_CONTENT_TYPE:
        raise ProblemError(415, f"Content-Type: expected {BATCH_CONTENT_TYPE}, got {content_type or 'none'}")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise ProblemError(415, f"Content-Encoding: expected gzip or none, got {encoding}")
    body = await _read_body(request)
    return _parse(_gunzip(body) if encoding == "gzip" else body)


async def _read_body(request: Request) -> bytes:
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= BODY_BYTES_MAX:
            body += chunk
        elif length > DRAIN_BYTES_MAX:
            break
    if length > BODY_BYTES_MAX:
        raise ProblemError(413, f"body: larger than {BODY_BYTES_MAX} bytes; send fewer events", {"Connection": "close"})
    return bytes(body)


def _gunzip(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        batch = unpacker.decompress(body, BATCH_BYTES_MAX)
    except zlib.error as error:
        raise ProblemError(400, f"body: not gzip: {error}") from None
    if unpacker.unconsumed_tail:
        raise ProblemError(413, f"batch: larger than {BATCH_BYTES_MAX} bytes; send fewer events")
    if not unpacker.eof:
        raise ProblemError(400, "body: gzip ends too early")
    return batch


def _parse(batch: bytes) -> list[Any]:
    try:
        events = json.loads(batch.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, f"body: not JSON: {error}") from None
    if _has_lone_surrogate(batch, events):
        raise ProblemError(400, "body: a \\u escape is half a character")
    if not isinstance(events, list):
        raise ProblemError(400, "body: a batch is a JSON array of events")
    if len(events) > BATCH_EVENTS_MAX:
        raise ProblemError(413, f"batch: {len(events)} events, at most {BATCH_EVENTS_MAX}")
    return events


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _has_lone_surrogate(batch: bytes, events: Any) -> bool:
    # JSON can write what UTF-8 cannot hold, and the answer could not repeat such an id
    if b"\\ud" not in batch.lower():
        return False
    try:
        json.dumps(events, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
