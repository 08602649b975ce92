"""Driver of scales that are spoken to in dialogues, most of which compute the price themselves.

The protocol comes from the profile (``protocol = "scale/dialog-06"``): a new one is a module of ``protocols/scales``
and a profile.

What holds whatever the scale does: weight, unit price and price are what the scale sent, never computed here; a weight
is told only with ``stable_weight`` and ``weight_zero``, and for two polls at most; ``no_answer`` follows two dialogues
without an answer, and what was shown before is forgotten with it. Without the vendor's secret, where one is needed,
nothing is sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from drivers.dialogue_line import DialogueLine, Ended
from drivers.price_scale_settings import PriceScaleSettings, load_price_scale
from drivers.scale_reading import HAS_WEIGHT, Reading
from drivers.scale_shown import ScaleShown
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.price_calculating import DoPriceCalculatingParams
from edge_gateway.contracts.states import DeviceClass, ScaleStatus
from protocols.scales.polled import ScaleCommand
from protocols.scales.price_dialogue import Dialogue, Means, PricedRead, PriceRequest, PriceScale

MISSED_MAX = 2
"""Dialogues without an answer after which the scale is said not to answer."""
AGE_POLLS_MAX = 2
"""A weight is shown for so many polls."""
AGE_S_MIN = 1.0
"""And not shorter than this, so that a weighing for a price is seen by whoever watches."""
WEIGH_S_MAX = 9.0
"""The slowest protocol answers, or gives up, after 7 s."""
SECRET_RETRY_S = 5.0
"""How often a missing secret is looked for again: whoever puts it there need not restart anything."""
FIRST_ANSWER_RETRY_S = 2.0
"""Between two first questions to a scale that must not be asked without a reason."""


class DialogueScale:
    """One conversation with one scale."""

    Settings = PriceScaleSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.SCALE
    commands: ClassVar[Mapping[str, bool]] = {
        "read_weight": False,
        "do_price_calculating": False,
        "zero": True,
        "tare": True,
    }
    events: ClassVar[frozenset[str]] = frozenset({"weight_changed"})

    def __init__(self, session: Session, settings: PriceScaleSettings) -> None:
        self._session = session
        self._settings = settings
        self._protocol = load_price_scale(settings.protocol)
        self._options = settings.protocol_options()
        self._scale: PriceScale | None = None
        self._line: DialogueLine | None = None
        self._turn = asyncio.Lock()
        self._missed_count = 0
        self._problem = "has not answered yet"
        self._is_answering = False
        self._shown = ScaleShown(session)

    @classmethod
    def commands_of(cls, settings: PriceScaleSettings) -> Mapping[str, bool]:
        # What a scale can do hangs on no secret, and nothing is sent here.
        means = Means(None, lambda bits: 0)
        scale = load_price_scale(settings.protocol).scale(settings.protocol_options(), means)
        has = {
            "read_weight": scale.weigh() is not None,
            "do_price_calculating": _computes_prices(scale),
            "zero": scale.carry_out(ScaleCommand.ZERO) is not None,
            "tare": scale.carry_out(ScaleCommand.TARE) is not None,
        }
        return {name: has_effect for name, has_effect in cls.commands.items() if has[name]}

    def data_received(self, data: bytes) -> None:
        if self._line is not None:
            self._line.data_received(data)

    async def run(self) -> None:
        self._session.set_answering(False, self._problem)
        scale = await self._begin()
        if scale.look() is None:
            await self._ask_once(scale)
        clock = self._session.clock
        next_at_s = clock.monotonic()
        while True:
            async with self._turn:
                if (look := scale.look()) is not None:
                    await self._ask(look)
                self._expire()
            next_at_s = max(next_at_s + self._settings.poll_interval_s, clock.monotonic())
            await clock.sleep(next_at_s - clock.monotonic())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        scale = self._scale
        if scale is None:
            raise DeviceError(ErrorCode.OFFLINE, f"scale {self._session.device_id!r}: {self._problem}")
        if name == "do_price_calculating":
            return await self._calculate(scale, DoPriceCalculatingParams.model_validate(params))
        command = ScaleCommand(name)
        if command is ScaleCommand.READ_WEIGHT:
            return (await self._read(scale)).to_json(self._session.clock.monotonic())
        if params.get("weight") is not None:
            raise DeviceError(ErrorCode.UNSUPPORTED, f"{self._settings.protocol} takes no known tare by command")
        return (await self._carry_out(scale, command)).to_json(self._session.clock.monotonic())

    async def _begin(self) -> PriceScale:
        """The scale, as soon as its secret is there."""
        while True:
            try:
                means = Means(self._settings.read_secret(), secrets.randbits)
                scale = self._protocol.scale(self._options, means)
                break
            except ValueError as error:
                self._problem = f"nothing is sent to the scale: {error}"
                self._session.set_answering(False, self._problem)
                await self._session.clock.sleep(SECRET_RETRY_S)
        self._problem = "has not answered yet"
        self._line = DialogueLine(self._session, scale.codec, scale.unit)
        self._scale = scale
        return scale

    async def _ask_once(self, scale: PriceScale) -> None:
        """Of a scale that a question costs something: only until it has shown that it is there."""
        while not self._is_answering and (weigh := scale.weigh()) is not None:
            async with self._turn:
                await self._ask(weigh)
            if not self._is_answering:
                await self._session.clock.sleep(FIRST_ANSWER_RETRY_S)

    async def _calculate(self, scale: PriceScale, params: DoPriceCalculatingParams) -> Mapping[str, Any]:
        request = PriceRequest(params.unit_price_decimal, params.tare_decimal, params.text)
        try:
            dialogue = scale.price(request)
        except ValueError as error:
            raise DeviceError(ErrorCode.INVALID_REQUEST, str(error)) from error
        if dialogue is None:
            raise DeviceError(
                ErrorCode.UNSUPPORTED, f"{self._settings.protocol} computes no price; ask read_weight and compute it"
            )
        async with self._turn:
            ended = await self._run(dialogue, self._settings.calculating_s)
            if ended is None:
                raise self._no_answer()
            reading = self._understand(scale, ended)
        read = ended.weighing.read
        is_priced = reading.weight is not None and isinstance(read, PricedRead)
        return {
            **reading.to_json(self._session.clock.monotonic()),
            "unit_price": read.unit_price if is_priced and isinstance(read, PricedRead) else None,
            "price": read.price if is_priced and isinstance(read, PricedRead) else None,
            "tare": ended.weighing.tare,
        }

    async def _read(self, scale: PriceScale) -> Reading:
        weigh = scale.weigh()
        if weigh is None:
            raise DeviceError(
                ErrorCode.UNSUPPORTED, f"{self._settings.protocol} weighs only for a price: ask do_price_calculating"
            )
        async with self._turn:
            ended = await self._run(weigh, WEIGH_S_MAX)
            if ended is None:
                self._fall_silent()
                return self._silent_reading(scale)
            return self._understand(scale, ended)

    async def _carry_out(self, scale: PriceScale, command: ScaleCommand) -> Reading:
        """Zero or tare, believed only when the scale shows it."""
        dialogue = scale.carry_out(command)
        if dialogue is None:
            raise DeviceError(ErrorCode.UNSUPPORTED, f"{self._settings.protocol} has no {command.value}")
        async with self._turn:
            ended = await self._run(dialogue, WEIGH_S_MAX)
            if ended is None:
                raise UnknownOutcomeError(
                    f"scale {self._session.device_id!r}: no answer since {command.value} was sent; look at its display"
                )
            reading = self._understand(scale, ended)
        if reading.status is not ScaleStatus.WEIGHT_ZERO:
            raise DeviceError(
                ErrorCode.DEVICE_ERROR,
                f"scale {self._session.device_id!r}: shows {reading} after {command.value}; the plate must be still",
                is_retryable=False,
            )
        return reading

    async def _ask(self, dialogue: Dialogue) -> None:
        """A poll. What a scale refuses, and what it does not answer, is no reason to stop asking."""
        scale = self._scale
        assert scale is not None
        try:
            ended = await self._run(dialogue, WEIGH_S_MAX)
        except DeviceError:
            return  # it answered; that there is no weight to show is what _expire sees to
        if ended is not None:
            self._understand(scale, ended)

    async def _run(self, dialogue: Dialogue, budget_s: float) -> Ended | None:
        """None: no answer; said to the bus where it is not the first time."""
        line = self._line
        assert line is not None
        rejected_before = line.counters["rejected"]
        try:
            ended = await line.run(dialogue, budget_s)
        except TimeoutError:
            self._missed_count += 1
            if self._missed_count >= MISSED_MAX:
                self._fall_silent(is_garbage=line.counters["rejected"] > rejected_before)
            return None
        except DeviceError:
            self._answers()
            raise
        self._answers()
        return ended

    def _answers(self) -> None:
        self._missed_count = 0
        if not self._is_answering:
            self._is_answering = True
            self._session.set_answering(True)

    def _understand(self, scale: PriceScale, ended: Ended) -> Reading:
        reading = Reading.of(ended.weighing.read, scale.unit, ended.asked_at_s)
        self._shown.show(reading)
        return reading

    def _expire(self) -> None:
        """A weight that is too old is not shown any more."""
        reading, now_s = self._shown.reading, self._session.clock.monotonic()
        if reading is None or reading.status not in HAS_WEIGHT:
            return
        if now_s - reading.asked_at_s > max(AGE_S_MIN, AGE_POLLS_MAX * self._settings.poll_interval_s):
            self._shown.show(Reading(ScaleStatus.NOT_READY, reading.unit, now_s))

    def _fall_silent(self, *, is_garbage: bool = False) -> None:
        assert self._scale is not None
        self._shown.show(self._silent_reading(self._scale))
        self._is_answering = False
        self._problem = (
            f"{'only garbage' if is_garbage else 'no answer'}; check "
            + ("baud and parity" if is_garbage else "the cable, that the scale is on, baud and parity")
            + f", and that it is set to {self._settings.protocol}"
        )
        self._session.set_answering(False, self._problem)

    def _no_answer(self) -> DeviceError:
        return DeviceError(
            ErrorCode.TIMEOUT, f"scale {self._session.device_id!r}: no answer; check that it is on, and its cable"
        )

    def _silent_reading(self, scale: PriceScale) -> Reading:
        return Reading(ScaleStatus.NO_ANSWER, scale.unit, self._session.clock.monotonic())


def _computes_prices(scale: PriceScale) -> bool:
    try:
        return scale.price(PriceRequest(None)) is not None
    except ValueError:
        return True  # it wants a unit price
