"""Driver of every scale that sends by itself: all the time, on change, or when its key is pressed.

The protocol comes from the profile (``protocol = "scale/toledo-continuous"``): its module offers ``STREAM``.

What holds whatever the scale does: a weight is told only with ``stable_weight`` and ``weight_zero``; of lines that come
in one piece (after a stall) only the last is told, because the others are older than they look; after ``silence_s``
without a line the scale has ``no_answer``, and what was shown before is forgotten. A scale that sends only on change
(``sends = "on_change"``) is well while it is silent: its weight is shown for ``hold_s``, then it is ``not_ready``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from drivers.scale_commands import (
    COMMAND_CONFIRM_S,
    COMMAND_SETTLE_S,
    COMMANDS,
    commands_of,
    encode,
    tare_weight,
)
from drivers.scale_outcome import CommandOutcome
from drivers.scale_reading import HAS_WEIGHT, Reading
from drivers.scale_settings import StreamingScaleSettings, load_streaming_scale
from drivers.scale_shown import ScaleShown, TwoEqualReads
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import DeviceClass, ScaleStatus
from edge_gateway.contracts.waiting import within
from protocols.scales.polled import CommandAnswered, IdentityRead, ScaleCommand

IDLE_LINE_S = 0.1
"""A pause inside a line that ends it: at 1200 baud a character takes 9 ms."""


class StreamingScale:
    """One conversation with one scale."""

    Settings = StreamingScaleSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.SCALE
    commands: ClassVar[Mapping[str, bool]] = COMMANDS
    events: ClassVar[frozenset[str]] = frozenset({"weight_changed"})

    def __init__(self, session: Session, settings: StreamingScaleSettings) -> None:
        protocol = load_streaming_scale(settings.protocol)
        self._session = session
        self._settings = settings
        self._codec = protocol.codec(settings.protocol_options())
        self._start = protocol.start
        self._identity = protocol.identity
        self._shown = ScaleShown(session)
        self._stability = TwoEqualReads(self._trade_unit)
        self._heard = asyncio.Event()
        self._next_heard = asyncio.Event()
        self._outcome: CommandOutcome | None = None
        self._heard_at_s = session.clock.monotonic()
        self._bytes_at_s = self._heard_at_s
        self._is_answering = False
        self._rejected_before = 0
        self.counters: Counter[str] = Counter()

    @classmethod
    def commands_of(cls, settings: StreamingScaleSettings) -> Mapping[str, bool]:
        codec = load_streaming_scale(settings.protocol).codec(settings.protocol_options())
        return commands_of(codec, is_asked=False)

    @property
    def _is_always_sending(self) -> bool:
        return self._settings.sends == "always"

    def data_received(self, data: bytes) -> None:
        now_s = self._session.clock.monotonic()
        events: list[CodecEvent] = []
        if now_s - self._bytes_at_s > IDLE_LINE_S:
            events += self._codec.flush()
        self._bytes_at_s = now_s
        self._understand([*events, *self._codec.feed(data)], now_s)

    async def run(self) -> None:
        clock = self._session.clock
        self._begin()
        while True:
            for request in (*self._start, *self._take_identity()):
                await self._session.transport.write(request)
            self._heard.clear()
            while await within(clock, self._patience_s, self._heard.wait()):
                self._heard.clear()
            self._understand(self._codec.flush(), clock.monotonic())
            self._fall_silent()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        command = ScaleCommand(name)
        weight = tare_weight(command, params)
        if command is ScaleCommand.READ_WEIGHT:
            reading = await self._read()
        elif command is ScaleCommand.READ_HIGH_RESOLUTION:
            raise DeviceError(
                ErrorCode.UNSUPPORTED, f"{self._settings.protocol}: a scale that sends by itself is not asked"
            )
        else:
            request = encode(self._codec, self._settings.protocol, command, weight)
            reading = await self._carry_out(command, request, weight)
        return reading.to_json(self._session.clock.monotonic())

    def _begin(self) -> None:
        """What is known before the first line."""
        self._session.set_answering(False, "has not sent anything yet")

    async def _send(self, request: bytes) -> None:
        """A command, on the way that the scale takes them."""
        await self._session.transport.write(request)

    @property
    def _patience_s(self) -> float:
        return self._settings.silence_s if self._is_always_sending else self._settings.hold_s

    def _take_identity(self) -> tuple[bytes, ...]:
        """Once for each connection."""
        questions, self._identity = self._identity, ()
        return questions

    async def _read(self) -> Reading:
        """The next line, or what a silent scale shows."""
        if not self._is_always_sending:
            return self._shown.reading or self._nothing(ScaleStatus.NOT_READY)
        await self._next_line()
        return self._shown.reading or self._nothing(ScaleStatus.NO_ANSWER)

    async def _next_line(self) -> bool:
        """False: none came while one had to."""
        self._next_heard.clear()
        return await within(self._session.clock, self._settings.silence_s, self._next_heard.wait())

    async def _carry_out(self, command: ScaleCommand, request: bytes, weight: Decimal | None) -> Reading:
        """Zero or tare, believed only when the scale says or shows it."""
        clock, device_id = self._session.clock, self._session.device_id
        if self._is_always_sending and not await self._next_line():
            raise DeviceError(ErrorCode.OFFLINE, f"scale {device_id!r}: is silent; {command.value} was not sent")
        before = self._shown.reading or self._nothing(ScaleStatus.NOT_READY)
        outcome = self._outcome = CommandOutcome(device_id, command, request, before, weight)
        try:
            await self._send(request)
            await clock.sleep(COMMAND_SETTLE_S)
            deadline = clock.monotonic() + COMMAND_CONFIRM_S
            while not outcome.is_done(reading := await self._read()):
                outcome.check()
                if clock.monotonic() >= deadline:
                    if outcome.is_said:
                        return reading
                    raise outcome.not_shown(reading)
                await clock.sleep(IDLE_LINE_S / 10)
            outcome.check()
        finally:
            self._outcome = None
        return reading

    @property
    def _trade_unit(self) -> str | None:
        """The unit that one line alone is believed in; None: any, where nothing gets lost inside a message."""
        return self._codec.unit

    def _understand(self, events: Sequence[CodecEvent], now_s: float) -> None:
        """Of several weights at once the last is the only one that is as young as it looks."""
        last: WeightRead | None = None
        for event in events:
            if isinstance(event, FrameRejected):
                self.counters["rejected"] += 1
                self._session.frame_rejected(event)
                self._stability.forget()
                continue
            if isinstance(event, WeightRead):
                last = self._stability.settle(event)
            elif isinstance(event, IdentityRead):
                self._shown.identify(event)
            elif isinstance(event, CommandAnswered) and self._outcome is not None:
                self._outcome.hear(event)
            self._session.frame_seen()
        if last is not None:
            self._take(last, now_s)

    def _take(self, read: WeightRead, now_s: float) -> None:
        self._heard_at_s = now_s
        self._rejected_before = self.counters["rejected"]
        if not self._is_answering:
            self._is_answering = True
            self._session.set_answering(True)
        self._shown.show(Reading.of(read, self._codec.unit, now_s, self._settings.resolution))
        self._heard.set()
        self._next_heard.set()

    def _fall_silent(self) -> None:
        self._stability.forget()
        if not self._is_always_sending:
            reading = self._shown.reading
            if reading is not None and reading.status in HAS_WEIGHT:
                self._shown.show(self._nothing(ScaleStatus.NOT_READY))
            return
        self._shown.show(self._nothing(ScaleStatus.NO_ANSWER))
        self._is_answering = False
        is_garbage = self.counters["rejected"] > self._rejected_before
        self._session.set_answering(
            False,
            f"{'only garbage' if is_garbage else 'nothing'} in {self._settings.silence_s} s; check "
            + ("baud and parity" if is_garbage else "the cable, that the scale is on, baud and parity")
            + f", and that it is set to send {self._settings.protocol} by itself",
        )

    def _nothing(self, status: ScaleStatus) -> Reading:
        return Reading(status, self._codec.unit, self._heard_at_s)
