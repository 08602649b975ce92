"""Driver of every scale that is asked: one question at a time, and a state for each thing that can be wrong.

The protocol comes from the profile (``protocol = "scale/toledo-8217"``): a new polled scale is a codec and a profile.

What holds whatever the scale does: a weight is told only with ``stable_weight`` and ``weight_zero``; it is at most two
polls old when it is told; ``no_answer`` follows two polls without an answer (garbage is no answer), and what was shown
before is forgotten with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from drivers.scale_line import ScaleLine
from drivers.scale_reading import HAS_WEIGHT, Reading
from drivers.scale_settings import PolledScaleSettings, load_polled_scale
from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.events import CodecEvent, WeightRead
from edge_gateway.contracts.states import DeviceClass, ScaleStatus
from protocols.scales.polled import ScaleCommand

MISSED_POLLS_MAX = 2
"""Polls without an answer after which the scale is said not to answer."""
POLLS_OLD_MAX = 2
"""A value older than this many polls is not told any more."""
READ_TRIES_MAX = 4
"""Questions for one ``read_weight``: two that may be missed, two more for a line that is out of step."""
COMMAND_REPLY_S = 0.5
"""A scale answers zero and tare after 150 ms, or not at all (tare not enabled)."""
COMMAND_SETTLE_S = 0.15
"""Zero and tare take effect with the next reading of the weighing cell."""
COMMAND_CONFIRM_S = 2.0
"""Time for the scale to show that zero or tare was done; the plate may still be moving."""
STATE_REFRESH_S = 10.0
"""How often an unchanged reading is told again to the retained state, so that its age stays believable."""

_IS_DONE: Mapping[ScaleCommand, Callable[[Reading], bool]] = {
    ScaleCommand.ZERO: lambda reading: reading.status is ScaleStatus.WEIGHT_ZERO,
    ScaleCommand.TARE: lambda reading: reading.is_net,
    ScaleCommand.CLEAR_TARE: lambda reading: reading.status in HAS_WEIGHT and not reading.is_net,
}


class PolledScale:
    """One conversation with one scale."""

    Settings = PolledScaleSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.SCALE
    commands: ClassVar[Mapping[str, bool]] = {"read_weight": False, "zero": True, "tare": True, "clear_tare": True}
    events: ClassVar[frozenset[str]] = frozenset({"weight_changed"})

    def __init__(self, session: Session, settings: PolledScaleSettings) -> None:
        self._session = session
        self._settings = settings
        self._codec = load_polled_scale(settings.protocol).codec(settings.protocol_options())
        self._age_max_s = POLLS_OLD_MAX * max(settings.poll_interval_s, settings.reply_timeout_s)
        self._line = ScaleLine(session, self._codec, settings.reply_timeout_s, self._age_max_s, self._take)
        self._question = self._encode(ScaleCommand.READ_WEIGHT)
        self._turn = asyncio.Lock()
        self._answered_at_s = session.clock.monotonic()
        self._missed_count = 0
        self._is_answering = False
        self._rejected_before = 0
        self._reading: Reading | None = None
        self._told_state_at_s = 0.0
        self._held: Reading | None = None

    @property
    def counters(self) -> Counter[str]:
        return self._line.counters

    def data_received(self, data: bytes) -> None:
        rejected_before = self.counters["rejected"]
        self._line.data_received(data)
        if self.counters["rejected"] > rejected_before:
            self._held = None  # what was rejected may have been another weight

    async def run(self) -> None:
        clock = self._session.clock
        self._session.set_answering(False, "has not answered yet")
        next_at_s = clock.monotonic()
        while True:
            async with self._turn:
                await self._ask()
            next_at_s = max(next_at_s + self._settings.poll_interval_s, clock.monotonic())
            await clock.sleep(next_at_s - clock.monotonic())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        command = ScaleCommand(name)
        weight = _tare_weight(params) if command is ScaleCommand.TARE else None
        async with self._turn:
            if command is ScaleCommand.READ_WEIGHT:
                reading = await self._read()
            else:
                reading = await self._carry_out(command, self._encode(command, weight))
        return reading.to_json(self._session.clock.monotonic())

    async def _ask(self) -> bool:
        """One poll. False: no usable answer."""
        if await self._line.ask(self._question):
            return True
        self._held = None
        self._missed_count += 1
        if self._missed_count >= MISSED_POLLS_MAX:
            self._fall_silent()
        return False

    async def _read(self) -> Reading:
        """Ask now; the reading is young, or it says ``no_answer`` or ``not_ready``."""
        for _ in range(READ_TRIES_MAX):
            is_answered = await self._ask()
            reading = self._reading
            if reading is None or not (is_answered or reading.status is ScaleStatus.NO_ANSWER):
                continue
            if reading.status is ScaleStatus.NO_ANSWER or self._age_s(reading) <= self._age_max_s:
                return reading
        return Reading(ScaleStatus.NOT_READY, self._codec.unit, self._answered_at_s)

    async def _carry_out(self, command: ScaleCommand, request: bytes) -> Reading:
        """Zero or tare, believed only when the scale shows it."""
        clock, device_id = self._session.clock, self._session.device_id
        if (await self._read()).status is ScaleStatus.NO_ANSWER:
            raise DeviceError(ErrorCode.OFFLINE, f"scale {device_id!r}: does not answer; {command.value} was not sent")
        await self._line.ask(request, is_weight=False, timeout_s=COMMAND_REPLY_S)
        await clock.sleep(COMMAND_SETTLE_S)
        deadline = clock.monotonic() + COMMAND_CONFIRM_S
        while not _IS_DONE[command](reading := await self._read()):
            if clock.monotonic() >= deadline:
                if reading.status is ScaleStatus.NO_ANSWER:
                    raise UnknownOutcomeError(
                        f"scale {device_id!r}: no answer since {command.value} was sent; look at its display"
                    )
                raise DeviceError(
                    ErrorCode.DEVICE_ERROR,
                    f"scale {device_id!r}: still {reading} {COMMAND_CONFIRM_S} s after {command.value}; "
                    "the plate must be still and within the zero range, and tare must be enabled in the scale",
                )
            await clock.sleep(self._settings.poll_interval_s)
        return reading

    def _encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes:
        try:
            request = self._codec.encode(command, weight)
        except ValueError as error:
            raise DeviceError(ErrorCode.INVALID_REQUEST, str(error)) from error
        if request is None:
            raise DeviceError(ErrorCode.UNSUPPORTED, f"{self._settings.protocol} has no {command.value}")
        return request

    def _take(self, answer: CodecEvent, asked_at_s: float) -> None:
        """A usable answer to a weight question."""
        self._missed_count = 0
        self._answered_at_s = asked_at_s
        self._rejected_before = self.counters["rejected"]
        if not self._is_answering:
            self._is_answering = True
            self._session.set_answering(True)
        if isinstance(answer, WeightRead):
            reading = Reading.of(answer, self._codec.unit, asked_at_s)
            self._held = reading if reading.weight is not None else None
            self._show(reading)
        else:
            self._show(self._unchanged(asked_at_s))

    def _unchanged(self, asked_at_s: float) -> Reading:
        """The scale says that its last weight holds; believed while that was heard whole and not too long ago."""
        held = self._held
        if held is None or asked_at_s - held.asked_at_s > self._settings.unchanged_age_max_s:
            return Reading(ScaleStatus.NOT_READY, self._codec.unit, asked_at_s)
        return replace(held, asked_at_s=asked_at_s)

    def _fall_silent(self) -> None:
        self._show(Reading(ScaleStatus.NO_ANSWER, self._codec.unit, self._answered_at_s))
        self._is_answering = False
        is_garbage = self.counters["rejected"] > self._rejected_before
        self._session.set_answering(
            False,
            f"{'only garbage' if is_garbage else 'no answer'} in {MISSED_POLLS_MAX} polls of "
            f"{self._settings.reply_timeout_s} s; check "
            + ("baud and parity" if is_garbage else "the cable, that the scale is on, baud and parity")
            + f", and that it is set to {self._settings.protocol}",
        )

    def _show(self, reading: Reading) -> None:
        """Keep the reading; tell it where it says something new."""
        now_s = self._session.clock.monotonic()
        is_new = not reading.says_the_same_as(self._reading)
        self._reading = reading
        told = reading.to_json(now_s)
        if is_new:
            self._session.emit("weight_changed", told)
        if is_new or now_s - self._told_state_at_s >= STATE_REFRESH_S:
            self._told_state_at_s = now_s
            self._session.set_details({**told, "measured_at": rfc3339(self._session.clock.now())})

    def _age_s(self, reading: Reading) -> float:
        return self._session.clock.monotonic() - reading.asked_at_s


def _tare_weight(params: Mapping[str, Any]) -> Decimal | None:
    """``{"weight": "0.010"}``: a known tare, in the scale's unit; without it the scale takes what lies on it."""
    text = params.get("weight")
    if text is None:
        return None
    try:
        if isinstance(text, str):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise DeviceError(ErrorCode.INVALID_REQUEST, f"weight {text!r}: expected decimal text such as '0.010'")
