"""The way of a print job to its driver: beside the commands, so that one that waits for paper holds none of them up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, cast

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import (
    DeviceError,
    ErrorCode,
    RequestError,
    TransportError,
    UnknownOutcomeError,
)
from edge_gateway.contracts.printing import Cancellation, PaperPolicy, PrinterDriver, PrintWatch, Rendered
from edge_gateway.devices.command_queue import CANCEL_S_MAX, CommandFailure

GIVE_UP_S_MAX: Final = 10.0
"""A driver ends a job that is cancelled within this: it clears the printer and asks how it is; then it is stopped."""


class PrintLane:
    """``print`` from one task at a time; ``serve`` runs in the supervisor while a driver is connected."""

    def __init__(self, device_id: str, clock: Clock, counters: Counter[str]) -> None:
        self._device_id = device_id
        self._clock = clock
        self._counters = counters
        self._driver: PrinterDriver | None = None
        self._fault: asyncio.Future[None] | None = None
        self._task: asyncio.Future[Mapping[str, Any]] | None = None
        self.was_begun = False
        """The last job: its driver came to the printing."""

    def attach(self, driver: Driver) -> None:
        """From here on jobs go to this driver."""
        self._driver = cast(PrinterDriver, driver)
        self._fault = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """After ``attach``: until cancelled. Raises CommandFailure after a driver's bug."""
        assert self._fault is not None
        try:
            await self._fault
        finally:
            self._driver = self._fault = None
            if self._task is not None:
                await _stop(self._task)

    async def print(self, rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        """The driver's result. Raises RequestError, UnknownOutcomeError if it was begun and its end is not known."""
        self.was_begun = False
        if self._driver is None:
            raise DeviceError(ErrorCode.OFFLINE, f"{self._device_id}: it is not connected; nothing was printed")
        if self._task is not None:
            raise DeviceError(ErrorCode.BUSY, f"{self._device_id}: another job is being printed; nothing was printed")
        begun, fault = _BegunWatch(watch), self._fault
        task = self._task = asyncio.ensure_future(self._driver.print_rendered(rendered, begun))
        giving_up = asyncio.ensure_future(self._give_up(watch.cancelled))
        try:
            await asyncio.wait({task, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving_up.cancel()
            self._task = None
            if not task.done():
                await _stop(task)
            self.was_begun = begun.is_begun
        return self._outcome(task, is_begun=begun.is_begun, fault=fault)

    async def _give_up(self, cancelled: Cancellation) -> None:
        await cancelled.wait()
        await self._clock.sleep(GIVE_UP_S_MAX)

    def _outcome(
        self, task: asyncio.Future[Mapping[str, Any]], *, is_begun: bool, fault: asyncio.Future[None] | None
    ) -> Mapping[str, Any]:
        """Exactly one. What broke off after the beginning may be on paper."""
        is_stopped = not task.done() or task.cancelled()
        error = None if is_stopped else task.exception()
        if not is_stopped and error is None:
            return task.result()
        if isinstance(error, RequestError):
            raise error
        if isinstance(error, TransportError):
            reason, code = str(error), ErrorCode.OFFLINE
        elif error is None:
            reason, code = (
                "the connection was lost in the middle, or it did not end in time",
                ErrorCode.OFFLINE,
            )
        else:
            reason, code = "a fault in the driver; the log has the details", ErrorCode.INTERNAL
            self._counters["print_faults"] += 1
            if fault is not None and not fault.done():
                failure = CommandFailure(f"print: {type(error).__name__}")
                failure.__cause__ = error
                fault.set_exception(failure)
        if is_begun:
            raise UnknownOutcomeError(f"{self._device_id}: {reason}; it may be on paper: look at the printer")
        raise DeviceError(code, f"{self._device_id}: {reason}; nothing was printed")


class _BegunWatch:
    """The service's watch, and whether the driver has begun."""

    def __init__(self, watch: PrintWatch) -> None:
        self._watch = watch
        self.is_begun = False

    @property
    def paper_policy(self) -> PaperPolicy:
        return self._watch.paper_policy

    @property
    def job_id(self) -> str | None:
        return self._watch.job_id

    @property
    def cancelled(self) -> Cancellation:
        return self._watch.cancelled

    async def begin(self) -> None:
        if not self.is_begun:
            await self._watch.begin()
            self.is_begun = True

    def progress(
        self,
        sent_bytes: int,
        confirmed_bytes: int = 0,
        waiting_for: ErrorCode | None = None,
        waiting_reason: str = "",
    ) -> None:
        self._watch.progress(sent_bytes, confirmed_bytes, waiting_for, waiting_reason)


async def _stop(task: asyncio.Future[Any]) -> None:
    """End a job. One that does not end is left behind: its connection is closed in any case."""
    task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_S_MAX)
    task.add_done_callback(_take_exception)


def _take_exception(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
