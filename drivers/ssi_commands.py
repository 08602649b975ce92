"""What a till can make a Zebra SSI scanner do, each confirmed by the scanner's ACK.

Source: Zebra, Simple Serial Interface Programmer's Guide 72E-40451: BEEP, LED_ON, SCAN_ENABLE and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.scanner_feedback import Feedback, Signal, refuse, unsupported
from drivers.ssi_line import RESPONSE_S, RETRIES, SsiLine, SsiRefusedError
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.scanner_commands import BeepParams, BeepPattern, LedColor, LedParams, SetParameterParams
from protocols.scanners.zebra_ssi_parameters import Parameter, encode_parameters
from protocols.scanners.zebra_ssi_tables import BEEP_NONE, BEEPS, NAK_MEANINGS, Opcode, Status

_LEDS: Mapping[LedColor, int] = {LedColor.GREEN: 0x01, LedColor.RED: 0x02, LedColor.YELLOW: 0x04}
_SIMPLE: Mapping[str, Opcode] = {
    "enable": Opcode.SCAN_ENABLE,
    "disable": Opcode.SCAN_DISABLE,
    "trigger": Opcode.START_SESSION,
    "untrigger": Opcode.STOP_SESSION,
}


def encode_silently(parameters: list[Parameter]) -> bytes:
    """Data of a PARAM_SEND that makes no sound. Raises ValueError for what cannot be written."""
    return bytes((BEEP_NONE,)) + encode_parameters(parameters)


class SsiCommands:
    """The commands of one connection."""

    def __init__(self, session: Session, line: SsiLine, feedback: Feedback) -> None:
        self._session = session
        self._line = line
        self._feedback = feedback

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        match name:
            case "beep":
                await self._beep(BeepParams.model_validate(params).pattern)
            case "led":
                led = LedParams.model_validate(params)
                await self._led(led.color, is_on=led.on)
            case "good_read" | "not_on_file":
                refuse(self._session.device_id, name, params)
                await self._signal(getattr(self._feedback, name))
            case "set_parameter":
                return await self._set_parameter(SetParameterParams.model_validate(params))
            case _ if name in _SIMPLE:
                refuse(self._session.device_id, name, params)
                await self._command(_SIMPLE[name])
            case _:
                raise unsupported(self._session.device_id, name)
        return {}

    async def _signal(self, signal: Signal) -> None:
        if signal.beep is not None:
            await self._beep(signal.beep)
        if signal.led is not None:
            await self._led(signal.led, is_on=True)
            await self._session.clock.sleep(self._feedback.led_s)
            await self._led(signal.led, is_on=False)

    async def _beep(self, pattern: BeepPattern) -> None:
        await self._command(Opcode.BEEP, bytes((BEEPS[pattern.value],)))

    async def _led(self, color: LedColor, *, is_on: bool) -> None:
        await self._command(Opcode.LED_ON if is_on else Opcode.LED_OFF, bytes((_LEDS[color],)))

    async def _set_parameter(self, wanted: SetParameterParams) -> Mapping[str, Any]:
        if isinstance(wanted.parameter, str):
            text = f"parameter {wanted.parameter!r}: expected its number in the scanner's manual"
            raise DeviceError(ErrorCode.INVALID_REQUEST, text)
        value = wanted.value.encode("latin-1", "replace") if isinstance(wanted.value, str) else wanted.value
        kind = "string" if isinstance(wanted.value, str) else wanted.kind
        try:
            data = encode_silently([Parameter(wanted.parameter, value, kind)])
        except ValueError as error:
            raise DeviceError(ErrorCode.INVALID_REQUEST, str(error)) from error
        status = Status.PERMANENT if wanted.permanent else 0
        await self._command(Opcode.PARAM_SEND, data, status=status, has_effect=True)
        return {"parameter": wanted.parameter, "value": wanted.value, "permanent": wanted.permanent}

    async def _command(self, opcode: Opcode, data: bytes = b"", *, status: int = 0, has_effect: bool = False) -> None:
        about = f"scanner {self._session.device_id!r}: {opcode.name}"
        try:
            await self._line.ask(opcode, data, status=status)
        except SsiRefusedError as refused:
            meaning = NAK_MEANINGS.get(refused.cause, "unknown")
            raise DeviceError(
                ErrorCode.DEVICE_ERROR,
                f"{about} was refused with NAK {refused.cause} ({meaning}); the scanner's settings must allow it "
                "(for a trigger: trigger mode host)",
            ) from refused
        except TimeoutError:
            text = f"{about} was not answered in {RETRIES + 1} tries of {RESPONSE_S} s"
            if has_effect:
                raise UnknownOutcomeError(f"{text}; ask the scanner, or set it again") from None
            raise DeviceError(ErrorCode.TIMEOUT, text) from None
