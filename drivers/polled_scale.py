"""Driver of every scale that is asked: one question at a time, and a state for each thing that can be wrong.

The protocol comes from the profile (``protocol = "scale/toledo-8217"``): a new polled scale is a codec and a profile.

What holds whatever the scale does: a weight is told only with ``stable_weight`` and ``weight_zero``; it is at most two
polls old when it is told; ``no_answer`` follows two polls without an answer (garbage is no answer), and what was shown
before is forgotten with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from drivers.scale_commands import (
    COMMAND_CONFIRM_S,
    COMMAND_REPLY_S,
    COMMAND_SETTLE_S,
    COMMANDS,
    commands_of,
    encode,
    tare_weight,
)
from drivers.scale_line import Asked, ScaleLine
from drivers.scale_outcome import CommandOutcome
from drivers.scale_reading import HAS_WEIGHT, Reading
from drivers.scale_settings import PolledScaleSettings, load_polled_scale
from drivers.scale_shown import ScaleShown, TwoEqualReads
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import CodecEvent, WeightRead
from edge_gateway.contracts.states import DeviceClass, ScaleStatus
from protocols.scales.polled import ScaleCommand, WeightUnchanged

MISSED_POLLS_MAX = 2
"""Polls without an answer after which the scale is said not to answer."""
POLLS_OLD_MAX = 2
"""A value older than this many polls is not told any more."""
READ_TRIES_MAX = 4
"""Questions for one ``read_weight``: two that may be missed, two more for a line that is out of step."""


class PolledScale:
    """One conversation with one scale."""

    Settings = PolledScaleSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.SCALE
    commands: ClassVar[Mapping[str, bool]] = COMMANDS
    events: ClassVar[frozenset[str]] = frozenset({"weight_changed"})

    def __init__(self, session: Session, settings: PolledScaleSettings) -> None:
        self._session = session
        self._settings = settings
        protocol = load_polled_scale(settings.protocol)
        self._codec = protocol.codec(settings.protocol_options())
        self._identity = protocol.identity
        self._shown = ScaleShown(session)
        self._stability = TwoEqualReads(self._codec.unit)
        self._age_max_s = POLLS_OLD_MAX * max(settings.poll_interval_s, settings.reply_timeout_s)
        self._line = ScaleLine(
            session,
            self._codec,
            settings.reply_timeout_s,
            self._age_max_s,
            self._take,
            self._shown.identify,
            is_silence_normal=settings.answers_only_new_weight,
        )
        self._question = encode(self._codec, settings.protocol, ScaleCommand.READ_WEIGHT)
        self._turn = asyncio.Lock()
        self._answered_at_s = session.clock.monotonic()
        self._missed_count = 0
        self._is_answering = False
        self._rejected_before = 0
        self._held: Reading | None = None

    @classmethod
    def commands_of(cls, settings: PolledScaleSettings) -> Mapping[str, bool]:
        codec = load_polled_scale(settings.protocol).codec(settings.protocol_options())
        return commands_of(codec, is_asked=True)

    @property
    def counters(self) -> Counter[str]:
        return self._line.counters

    def data_received(self, data: bytes) -> None:
        rejected_before = self.counters["rejected"]
        self._line.data_received(data)
        if self.counters["rejected"] > rejected_before:
            self._held = None  # what was rejected may have been another weight
            self._stability.forget()

    async def run(self) -> None:
        clock = self._session.clock
        self._session.set_answering(False, "has not answered yet")
        next_at_s = clock.monotonic()
        while True:
            async with self._turn:
                if await self._ask():
                    await self._ask_who_it_is()
            next_at_s = max(next_at_s + self._interval_s, clock.monotonic())
            await clock.sleep(next_at_s - clock.monotonic())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        command = ScaleCommand(name)
        weight = tare_weight(command, params)
        request = encode(self._codec, self._settings.protocol, command, weight)
        async with self._turn:
            if command is ScaleCommand.READ_WEIGHT:
                reading = await self._read()
            elif command is ScaleCommand.READ_HIGH_RESOLUTION:
                reading = await self._read_high_resolution(request)
            else:
                reading = await self._carry_out(command, request, weight)
        told = reading.to_json(self._session.clock.monotonic())
        return {**told, "high_resolution": True} if command is ScaleCommand.READ_HIGH_RESOLUTION else told

    @property
    def _interval_s(self) -> float:
        """A scale that beeps at each question is left alone while its weight is known."""
        slow_s = self._settings.poll_interval_after_weight_s
        reading = self._shown.reading
        is_known = reading is not None and reading.status in HAS_WEIGHT
        return slow_s if slow_s is not None and is_known else self._settings.poll_interval_s

    async def _ask_who_it_is(self) -> None:
        """Once for each connection; a scale that does not know a question says so, or nothing."""
        questions, self._identity = self._identity, ()
        for question in questions:
            await self._line.ask(question, Asked.COMMAND, timeout_s=COMMAND_REPLY_S)

    async def _ask(self) -> bool:
        """One poll. False: no usable answer."""
        if await self._line.ask(self._question):
            return True
        self._held = None
        self._stability.forget()
        if self._settings.answers_only_new_weight:
            if self._is_answering:
                self._shown.show(Reading(ScaleStatus.NOT_READY, self._codec.unit, self._session.clock.monotonic()))
            return False
        self._missed_count += 1
        if self._missed_count >= MISSED_POLLS_MAX:
            self._fall_silent()
        return False

    async def _read(self) -> Reading:
        """Ask now; the reading is young, or it says ``no_answer`` or ``not_ready``."""
        if self._settings.answers_only_new_weight and (known := self._known()) is not None:
            return known
        for _ in range(READ_TRIES_MAX):
            is_answered = await self._ask()
            reading = self._shown.reading
            if reading is None or not (is_answered or reading.status is ScaleStatus.NO_ANSWER):
                continue
            if reading.status is ScaleStatus.NO_ANSWER or self._age_s(reading) <= self._age_max_s:
                return reading
        return Reading(ScaleStatus.NOT_READY, self._codec.unit, self._answered_at_s)

    def _known(self) -> Reading | None:
        """The weight of a scale that says each weight once, with its true age, until the next poll is due."""
        reading = self._shown.reading
        is_young = reading is not None and reading.weight is not None and self._age_s(reading) <= self._interval_s
        return reading if is_young else None

    async def _read_high_resolution(self, request: bytes) -> Reading:
        """For people who test a scale; never shown as its weight."""
        if await self._line.ask(request, Asked.HIGH_RESOLUTION):
            answer = self._line.last_answer
            if isinstance(answer, WeightRead):
                return Reading.of(answer, self._codec.unit, self._session.clock.monotonic())
        # What still comes is of no use, and must not be taken for the answer to the next poll.
        await self._session.clock.sleep(self._age_max_s)
        raise DeviceError(
            ErrorCode.DEVICE_ERROR,
            f"scale {self._session.device_id!r}: no answer in high resolution; it must know that command",
        )

    async def _carry_out(self, command: ScaleCommand, request: bytes, weight: Decimal | None) -> Reading:
        """Zero or tare, believed only when the scale says or shows it."""
        clock, device_id = self._session.clock, self._session.device_id
        before = await self._read()
        if before.status is ScaleStatus.NO_ANSWER:
            raise DeviceError(ErrorCode.OFFLINE, f"scale {device_id!r}: does not answer; {command.value} was not sent")
        outcome = self._line.outcome = CommandOutcome(device_id, command, request, before, weight)
        try:
            await self._line.ask(request, Asked.COMMAND, timeout_s=COMMAND_REPLY_S)
            if isinstance(self._line.last_answer, (WeightRead, WeightUnchanged)):
                outcome.is_heard = True
            outcome.check()
            await clock.sleep(COMMAND_SETTLE_S)
            deadline = clock.monotonic() + COMMAND_CONFIRM_S
            while not outcome.is_done(reading := await self._read()):
                outcome.check()
                if clock.monotonic() >= deadline:
                    if outcome.is_said:
                        return reading
                    raise outcome.not_shown(reading)
                await clock.sleep(self._settings.poll_interval_s)
            outcome.check()
        finally:
            self._line.outcome = None
        return reading

    def _take(self, answer: CodecEvent, asked_at_s: float) -> None:
        """A usable answer to a weight question."""
        self._missed_count = 0
        self._answered_at_s = asked_at_s
        self._rejected_before = self.counters["rejected"]
        if not self._is_answering:
            self._is_answering = True
            self._session.set_answering(True)
        if isinstance(answer, WeightRead):
            settled = self._stability.settle(answer)
            reading = Reading.of(settled, self._codec.unit, asked_at_s, self._settings.resolution)
            self._held = reading if reading.weight is not None else None
            self._shown.show(reading)
        elif isinstance(answer, WeightUnchanged):
            self._shown.show(self._unchanged(asked_at_s))
        else:
            self._held = None
            self._stability.forget()
            self._shown.show(Reading(ScaleStatus.NOT_READY, self._codec.unit, asked_at_s))

    def _unchanged(self, asked_at_s: float) -> Reading:
        """The scale says that its last weight holds; believed while that was heard whole and not too long ago."""
        held = self._held
        if held is None or asked_at_s - held.asked_at_s > self._settings.unchanged_age_max_s:
            return Reading(ScaleStatus.NOT_READY, self._codec.unit, asked_at_s)
        return replace(held, asked_at_s=asked_at_s)

    def _fall_silent(self) -> None:
        self._shown.show(Reading(ScaleStatus.NO_ANSWER, self._codec.unit, self._answered_at_s))
        self._is_answering = False
        is_garbage = self.counters["rejected"] > self._rejected_before
        self._session.set_answering(
            False,
            f"{'only garbage' if is_garbage else 'no answer'} in {MISSED_POLLS_MAX} polls of "
            f"{self._settings.reply_timeout_s} s; check "
            + ("baud and parity" if is_garbage else "the cable, that the scale is on, baud and parity")
            + f", and that it is set to {self._settings.protocol}",
        )

    def _age_s(self, reading: Reading) -> float:
        return self._session.clock.monotonic() - reading.asked_at_s
