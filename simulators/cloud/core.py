"""The simulated cloud without HTTP: its parts and what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from fastapi import Request

from simulators.cloud.access import Access
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
        on_fault: Callable[[Fault], None],
    ) -> None:
        self.ledger = Ledger(ledger_path)
        self.faults = Faults(monotonic)
        self.access = access
        self.tokens = access.tokens
        self.shop = Shop(self.ledger.sold)
        self.is_closing = asyncio.Event()
        """Set while the server stops: whoever waits on purpose (a stall, a long poll) stops waiting."""
        self.paused_requests = 0
        self._on_fault = on_fault

    def set_fault(self, fault: Fault) -> None:
        """Replace the fault, and let the server act on it (refused connections are the server's part)."""
        self.faults.set(fault)
        self._on_fault(fault)

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the server's stop."""
        self.paused_requests += 1
        try:
            await asyncio.wait_for(self.is_closing.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self.paused_requests -= 1


def cloud_of(request: Request) -> Cloud:
    """The cloud that answers this request."""
    cloud = request.app.state.cloud
    assert isinstance(cloud, Cloud)
    return cloud
