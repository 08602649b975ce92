"""Whether zero, tare or clear tare was done: what the scale said of it, and what it shows since."""

from __future__ import annotations

from decimal import Decimal

from drivers.scale_commands import COMMAND_CONFIRM_S
from drivers.scale_reading import HAS_WEIGHT, Reading
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.states import ScaleStatus
from protocols.scales.polled import CommandAnswered, ScaleCommand

ADVICE = "the plate must be still and within the zero range, and tare must be enabled in the scale"
_SETTLED = HAS_WEIGHT | {ScaleStatus.WEIGHT_UNDER_ZERO}
"""The net weight of an empty plate is under zero."""


class CommandOutcome:
    """Of one command. ``before``: what the scale showed; ``weight``: a known tare. ``is_heard``: it answered with its
    state, as some do, and that says what became of the command."""

    def __init__(
        self, device_id: str, command: ScaleCommand, request: bytes, before: Reading, weight: Decimal | None
    ) -> None:
        self.is_said = False
        self.is_heard = False
        self._device_id = device_id
        self._command = command
        self._request = request
        self._before = before
        self._weight = weight
        self._answer: CommandAnswered | None = None

    def hear(self, answer: CommandAnswered) -> None:
        """An answer to the command: the first that says whether it was done counts, begun says nothing."""
        is_mine = answer.command is None or self._request.startswith(answer.command.encode())
        if is_mine and answer.is_done is not None and self._answer is None:
            self._answer, self.is_said = answer, answer.is_done

    def check(self) -> None:
        """Raises DeviceError where the scale said that it did not do it, or did something else."""
        answer = self._answer
        if answer is None:
            return
        about = f"scale {self._device_id!r}"
        if not answer.is_done:
            reason = answer.reason or "no reason given"
            text = f"{about}: refused {self._command.value}: {reason}; {ADVICE}"
            raise DeviceError(ErrorCode.DEVICE_ERROR, text)
        told = answer.told.get("tare")
        if self._weight is not None and told is not None and Decimal(str(told)) != self._weight:
            text = f"{about}: set a tare of {told} and not of {self._weight}; clear it, and give one that it can show"
            raise DeviceError(ErrorCode.DEVICE_ERROR, text)

    def is_done(self, reading: Reading) -> bool:
        """The scale says it, or shows it."""
        if self.is_said:
            return reading.weight is not None
        match self._command:
            case ScaleCommand.ZERO:
                return reading.status is ScaleStatus.WEIGHT_ZERO
            case ScaleCommand.CLEAR_TARE:
                return reading.status in HAS_WEIGHT and reading.is_net is False
        if self._weight is None:
            return reading.status is ScaleStatus.WEIGHT_ZERO and reading.is_net is not False
        return self._is_known_tare_shown(reading)

    def not_shown(self, reading: Reading) -> DeviceError:
        """The command was sent, and nothing shows that it was done."""
        about = f"scale {self._device_id!r}"
        if reading.status is ScaleStatus.NO_ANSWER:
            return UnknownOutcomeError(f"{about}: no answer since {self._command.value} was sent; look at its display")
        still = f"{about}: still {reading} {COMMAND_CONFIRM_S} s after {self._command.value}"
        if self.is_heard:
            return DeviceError(ErrorCode.DEVICE_ERROR, f"{still}; {ADVICE}")
        return UnknownOutcomeError(f"{still}, and it may yet do it; look at its display; {ADVICE}")

    def _is_known_tare_shown(self, reading: Reading) -> bool:
        """A tare that was set before looks the same: what is shown must be another one, or say its tare."""
        if reading.status not in _SETTLED or reading.is_net is not True:
            return False
        if reading.tare is not None:
            return Decimal(reading.tare) == self._weight
        before = self._before
        return (reading.status, reading.weight, reading.is_net) != (before.status, before.weight, before.is_net)
