"""The simulated cloud without HTTP: its parts and what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request

from simulators.cloud.access import Access
from simulators.cloud.command_desk import CommandDesk
from simulators.cloud.faults import Fault, Faults
from simulators.cloud.ledger import Ledger
from simulators.cloud.shop import Shop


class Cloud:
    """One cloud. It outlives its server: stopped and started again, it still knows everything but the tokens."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        access: Access,
        ledger_path: Path | None,
        command_key: Ed25519PrivateKey,
        on_fault: Callable[[Fault], None],
    ) -> None:
        self.ledger = Ledger(ledger_path)
        self.faults = Faults(monotonic)
        self.access = access
        self.tokens = access.tokens
        self.commands = CommandDesk(command_key)
        self.shop = Shop(self.ledger.sold)
        self.is_closing = asyncio.Event()
        """Set while the server stops: whoever waits on purpose (a stall, a long poll) stops waiting."""
        self.paused_requests = 0
        self._on_fault = on_fault

    def set_fault(self, fault: Fault) -> None:
        """Replace the fault, and let the server act on it (refused connections are the server's part)."""
        self.faults.set(fault)
        self._on_fault(fault)

    async def pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Wait, but not beyond the server's stop, nor beyond ``until``."""
        self.paused_requests += 1
        waits = [asyncio.create_task(event.wait()) for event in (self.is_closing, until) if event is not None]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self.paused_requests -= 1


def cloud_of(request: Request) -> Cloud:
    """The cloud that answers this request."""
    cloud = request.app.state.cloud
    assert isinstance(cloud, Cloud)
    return cloud
