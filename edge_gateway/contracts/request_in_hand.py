"""Which request is being carried out: whoever tells what it caused says by which one, without being handed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_in_hand() -> str | None:
    """Its id. None: nobody asked; the gateway does it by itself."""
    return _REQUEST_ID.get()


@contextmanager
def on_behalf_of(request_id: str | None) -> Iterator[None]:
    """Whatever is done within, and every task that is begun within, is for this request."""
    token = _REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        _REQUEST_ID.reset(token)
