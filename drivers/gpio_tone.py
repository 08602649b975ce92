"""A buzzer on a wire of the box (UnifiedPOS ToneIndicator). It has one pitch and one volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict

from drivers.gpio_cycles import GpioCycles
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.gpio import WireUse
from edge_gateway.contracts.signal_commands import SoundParams
from edge_gateway.contracts.states import DeviceClass

BUZZER: Final = "buzzer"
"""The output in transport.lines."""


class GpioToneSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def wires(self) -> Mapping[str, WireUse]:
        """In transport.lines."""
        return {BUZZER: WireUse("output")}


class GpioTone:
    """A tone that comes twice means something else than one that comes once, so ``sound`` is never repeated."""

    Settings = GpioToneSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.TONE_INDICATOR
    commands: ClassVar[Mapping[str, bool]] = {"sound": True, "stop": False}
    events: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, session: Session, settings: GpioToneSettings) -> None:
        self._session = session
        self._cycles = GpioCycles(session)

    def data_received(self, data: bytes) -> None:
        """Wires carry no bytes."""

    async def run(self) -> None:
        await self._cycles.set(BUZZER, False)
        await self._cycles.run()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "sound":
            wanted = SoundParams.model_validate(params)
            await self._cycles.cycle(BUZZER, wanted.on_ms / 1000, wanted.off_ms / 1000, wanted.cycles)
        elif params:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: takes no params, got {', '.join(sorted(params))}")
        else:
            await self._cycles.set(BUZZER, False)
        return {"is_sounding": self._cycles.is_cycling(BUZZER)}
