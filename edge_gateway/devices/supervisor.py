"""Keeps one device's driver alive: opens, runs, closes, waits, opens again, for as long as the gateway runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError, TransportError, stack_of
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.life import STATISTICS_COMMANDS
from edge_gateway.contracts.printing import PRINT_COMMAND, PrintWatch, Rendered, refuse_unprintable
from edge_gateway.contracts.states import CARD_DATA_CLASSES
from edge_gateway.contracts.tap import tapped
from edge_gateway.contracts.transport import Transport, misses_before_gone
from edge_gateway.contracts.waiting import to_the_end
from edge_gateway.devices.command_queue import CommandFailure, CommandQueue, Objection, no_objection
from edge_gateway.devices.conversation import converse
from edge_gateway.devices.kept_bytes import KeptBytes, keep_nothing
from edge_gateway.devices.print_lane import PrintLane
from edge_gateway.devices.profiles import DriverClass, Profile
from edge_gateway.devices.reconnecting import Attempt, Reconnecting, until_next_look_s
from edge_gateway.devices.session import DeviceSession, Link, RejectedFrames
from edge_gateway.devices.statistics_commands import answer_about_statistics
from edge_gateway.devices.supervised import Configuration, SupervisedDevice
from edge_gateway.settings import DeviceSettings

PROFILE_CHANGED = "its profile was changed"
"""The reason of the short absence that follows."""

log = structlog.get_logger(__name__)


class Supervisor(SupervisedDevice):
    """One device. ``run`` until cancelled; ``execute`` from any task of the same loop."""

    def __init__(
        self,
        device: DeviceSettings,
        profile: Profile,
        transport: Transport,
        driver_class: DriverClass,
        clock: Clock,
        random: Random,
        on_event: Callable[[StampedEvent], None],
        on_change: Callable[[Supervisor], None],
    ) -> None:
        super().__init__((device, profile, transport, driver_class), clock, on_event)
        self._on_change = on_change
        self.counters: Counter[str] = Counter()
        self._rejected_frames = RejectedFrames(device.id, clock, self.counters, self.statistics)
        self._commands = CommandQueue(device.id, clock, self.counters)
        self._prints = PrintLane(device.id, clock, self.counters)
        self._reconnecting = Reconnecting(random)
        self._is_connected = False
        self.raw = None if driver_class.device_class in CARD_DATA_CLASSES else KeptBytes(clock)
        """The last raw bytes; None: they would be card data."""
        self._attempts: asyncio.Future[None] | None = None
        self._next: Configuration | None = None
        self.profile_problems: tuple[str, ...] = ()
        """Of its profile as it is on disk now, where that was refused: the device goes on with the one it had."""

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        deadline_s: float,
        begin_within_s: float | None = None,
        objection: Objection = no_objection,
    ) -> Mapping[str, Any]:
        """Carry out one command, if there is no ``objection`` when its turn comes. Raises RequestError: UNSUPPORTED,
        OFFLINE, and those of ``CommandQueue.execute``."""
        if name in STATISTICS_COMMANDS:
            return answer_about_statistics(name, params, self)
        if name not in self._known:
            known = ", ".join(sorted(self._known)) or "none"
            why = (
                f" as profile {self._profile.name} and its settings are" if name in self._driver_class.commands else ""
            )
            text = f"{self.device_id}: no command {name!r}{why}; there are: {known}"
            raise RequestError(ErrorCode.UNSUPPORTED, text)
        if not self._is_connected:
            self.counters["commands:offline"] += 1
            raise RequestError(ErrorCode.OFFLINE, f"{self.device_id}: not connected: {self._condition.reason}")
        try:
            result = await self._commands.execute(
                name,
                params,
                has_effect=self.has_effect(name),
                deadline_s=deadline_s,
                begin_within_s=begin_within_s,
                objection=objection,
            )
        except RequestError as error:
            self.statistics.failed(name, error)
            raise
        self.statistics.carried_out(name, params, result)
        return result

    async def ask(
        self, name: str, params: Mapping[str, Any], *, has_effect: bool, deadline_s: float
    ) -> Mapping[str, Any]:
        """A command of the gateway's own, which the bus does not have. Raises as ``execute``."""
        if not self._is_connected:
            raise RequestError(ErrorCode.OFFLINE, f"{self.device_id}: not connected: {self._condition.reason}")
        return await self._commands.execute(name, params, has_effect=has_effect, deadline_s=deadline_s)

    async def print_job(self, content: Mapping[str, Any], rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        """One job, beside the commands. Raises RequestError: as ``PrinterDriver.print_rendered``, OFFLINE, unknown."""
        if not self.is_printer:
            raise refuse_unprintable(self.device_id)
        try:
            result = await self._prints.print(rendered, watch)
        except RequestError as error:
            if self._prints.was_begun:  # one that is waited for fails nothing
                self.statistics.failed(PRINT_COMMAND, error)
            raise
        self.statistics.carried_out(PRINT_COMMAND, content, result)
        return result

    def configure(
        self, device: DeviceSettings, profile: Profile, transport: Transport, driver_class: DriverClass
    ) -> None:
        """Another profile of the same class from now on. The connection ends as if the device were pulled out, and is
        made anew; what was counted of the device goes on."""
        is_ending, self._next = self._next is not None, (device, profile, transport, driver_class)
        if self._attempts is None:
            self._take_next()
        elif not is_ending:
            self._attempts.cancel()

    def _take_next(self) -> None:
        """Only when the old connection is closed: it closes the transport that it finds here."""
        if self._next is None:
            return
        self._take(self._next)
        self._next = None
        self._condition.transport = self._transport.description

    def relabel(self, profile: Profile) -> None:
        """The same profile with other words or policy: nothing that the connection depends on."""
        self._profile = profile
        self._tell_change()

    async def run(self) -> None:
        """Until cancelled. Nothing that a device or a driver does ends it."""
        try:
            while True:
                self._attempts = asyncio.ensure_future(self._attempt_forever())
                try:
                    await asyncio.wait({self._attempts})
                finally:
                    self._attempts.cancel()
                    await asyncio.wait({self._attempts})
                if not self._attempts.cancelled():
                    self._attempts.result()
                self._take_next()
                self._commands.refuse_all(PROFILE_CHANGED)
                self._condition.disconnected(PROFILE_CHANGED)
        finally:
            self._attempts = None
            self._commands.refuse_all("the gateway stops")
            self._condition.stopped()

    async def _attempt_forever(self) -> None:
        while True:
            delay_s = await self._attempt()
            await self._clock.sleep(delay_s)

    async def _attempt(self) -> float:
        """One connection from open to close. Returns how long to wait before the next."""
        if self._condition.is_absence_told and not self._transport.is_there():
            self.counters["opens_failed"] += 1
            return until_next_look_s(self._clock.monotonic())
        start_s, frames = self._clock.monotonic(), self.counters["frames"]
        is_fault = False
        try:
            await self._connection()
        except (TransportError, OSError) as error:
            reason = str(error)
            self.counters["disconnects" if self._is_connected else "opens_failed"] += 1
        except Exception as error:  # noqa: BLE001 - the boundary of the device: a driver's bug must not hurt another one
            fault = error.__cause__ if isinstance(error, CommandFailure) and error.__cause__ else error
            reason, is_fault = f"fault in the driver: {type(fault).__name__}", True
            self.counters["driver_faults"] += 1
            self._log_fault(reason, fault)
        else:
            raise AssertionError("a connection ends with the reason of its end")
        finally:
            was_connected, self._is_connected = self._is_connected, False
        self._commands.refuse_all(reason)
        has_frames = self.counters["frames"] > frames
        attempt = Attempt(self._clock.monotonic() - start_s, was_connected, has_frames, is_fault)
        if self._reconnecting.is_gone(attempt, misses_before_gone(self._transport)):
            self._condition.disconnected(reason)
        else:
            self._condition.interrupted(reason)
        return self._reconnecting.delay_s(attempt)

    async def _connection(self) -> None:
        """Raises TransportError with the reason of the end, or whatever a driver's bug raises."""
        transport = tapped(self._transport, keep_nothing if self.raw is None else self.raw.add)
        session = DeviceSession(
            self.device_id,
            transport,
            self._clock,
            self._condition,
            self._rejected_frames,
            self.counters,
            self.emit,
            self._forget_raw,
        )
        try:
            # The driver is there before the first byte can be.
            driver = self._driver_class(session, self._driver_settings)
            if self.raw is not None:
                self.raw.begin(self._transport, driver)
            link = Link(driver, self.counters, self._transport.description)
            await transport.open(link)
            self.reached()
            self._condition.connected()
            self._is_connected = True
            self.counters["connects"] += 1
            await converse(driver, session, link, self._commands, self._prints, self._condition, self._left_behind)
        finally:
            session.end()
            if self.raw is not None:
                self.raw.end()
            transport.end()
            await to_the_end(self._transport.close())

    def _forget_raw(self) -> None:
        if self.raw is not None:
            self.raw.wipe()

    def _left_behind(self, reason: str) -> None:
        self.counters["drivers_left_behind"] += 1
        self._log_fault(reason)

    def _tell_change(self) -> None:
        self.statistics.look(self.state)
        try:
            self._on_change(self)
        except Exception as error:  # noqa: BLE001 - the boundary again: who listens must not cost the store its devices
            self.counters["changes_untold"] += 1
            self._log_fault(f"a change could not be told: {type(error).__name__}", error)

    def _log_fault(self, reason: str, fault: BaseException | None = None) -> None:
        stack = stack_of(fault) if fault is not None else None
        log.error(log_events.DEVICE_FAILED, device=self.device_id, reason=reason, stack=stack)
