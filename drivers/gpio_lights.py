"""Lights on wires of the box (UnifiedPOS Lights): over a lane, at a help point, of a kitchen. All are off at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from drivers.gpio_cycles import GpioCycles
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.gpio import WireUse
from edge_gateway.contracts.signal_commands import LightName, SwitchOffParams, SwitchOnParams
from edge_gateway.contracts.states import DeviceClass


class GpioLightsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lights: Annotated[tuple[LightName, ...], Field(min_length=1, max_length=16)] = Field(
        ("red", "yellow", "green"), description="Names of outputs in transport.lines."
    )

    def wires(self) -> Mapping[str, WireUse]:
        """In transport.lines."""
        return dict.fromkeys(self.lights, WireUse("output"))


class GpioLights:
    """A light is switched on twice as well as once: nothing is claimed in the command log."""

    Settings = GpioLightsSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.LIGHTS
    commands: ClassVar[Mapping[str, bool]] = {"switch_on": False, "switch_off": False}
    events: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, session: Session, settings: GpioLightsSettings) -> None:
        self._session = session
        self._cycles = GpioCycles(session)
        self._lights = dict.fromkeys(settings.lights, "off")

    def data_received(self, data: bytes) -> None:
        """Wires carry no bytes."""

    async def run(self) -> None:
        for light in self._lights:
            await self._cycles.set(light, False)
        self._tell()
        await self._cycles.run()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "switch_on":
            await self._on(SwitchOnParams.model_validate(params))
        else:
            await self._off(SwitchOffParams.model_validate(params).light)
        self._tell()
        return {"lights": dict(self._lights)}

    async def _on(self, wanted: SwitchOnParams) -> None:
        self._require(wanted.light)
        if wanted.blink_on_ms is None or wanted.blink_off_ms is None:
            await self._cycles.set(wanted.light, True)
            self._lights[wanted.light] = "on"
        else:
            await self._cycles.cycle(wanted.light, wanted.blink_on_ms / 1000, wanted.blink_off_ms / 1000)
            self._lights[wanted.light] = "blinking"

    async def _off(self, light: str | None) -> None:
        if light is not None:
            self._require(light)
        for each in self._lights if light is None else (light,):
            await self._cycles.set(each, False)
            self._lights[each] = "off"

    def _require(self, light: str) -> None:
        if light not in self._lights:
            raise DeviceError(ErrorCode.INVALID_REQUEST, f"light {light!r}: expected one of {', '.join(self._lights)}")

    def _tell(self) -> None:
        self._session.set_details({"lights": dict(self._lights)})
