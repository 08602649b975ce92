"""The commands that a device is said to have are those that its protocol has: with every driver and every protocol."""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

import protocols.scales
from drivers.polled_scale import PolledScale
from drivers.price_scale import DialogueScale
from drivers.streaming_scale import StreamingScale
from edge_gateway.contracts.driver import commands_of
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import DriverClass, Profile, load_driver, load_profile, profile_names
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.loopback import LoopbackTransport
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession

STEP_S = 0.5
STEPS_MAX = 60
"""No command takes longer to say that nobody answers."""
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "do_price_calculating": {"unit_price": "1.00"},
    "beep": {"pattern": "short_high"},
    "led": {"color": "red", "on": True},
    "set_parameter": {"parameter": "BEPLVL", "value": 1},
}
WITHOUT_SECRET: Mapping[str, Mapping[str, Any]] = {"scale/dialog-06": {"checksums": "none"}}
DRIVERS: Mapping[str, Any] = {"SCALE": PolledScale, "STREAM": StreamingScale, "PRICE_SCALE": DialogueScale}


def _profiles() -> Iterator[tuple[str, DriverClass, dict[str, Any]]]:
    seen = set()
    for name in profile_names():
        profile = load_profile(name)
        if profile.device_class not in {DeviceClass.SCALE, DeviceClass.SCANNER}:
            continue
        protocol = str(profile.settings.get("protocol"))
        settings = {**profile.settings, **WITHOUT_SECRET.get(protocol, {})}
        key = (profile.driver, json.dumps(settings, sort_keys=True))
        if key not in seen:
            seen.add(key)
            yield name, load_driver(profile), settings


def _protocols() -> Iterator[tuple[str, DriverClass, dict[str, Any]]]:
    """With their own defaults; one that has none is in the profiles."""
    for module in pkgutil.iter_modules(protocols.scales.__path__):
        protocol = f"scale/{module.name.rstrip('_').replace('_', '-')}"
        for attribute, driver in DRIVERS.items():
            if not hasattr(importlib.import_module(f"protocols.scales.{module.name}"), attribute):
                continue
            settings = {"protocol": protocol, **WITHOUT_SECRET.get(protocol, {})}
            try:
                driver.Settings.model_validate(settings)
            except ValidationError:
                continue
            yield f"{driver.__name__} {protocol}", driver, settings


CASES = {name: (driver, settings) for name, driver, settings in [*_profiles(), *_protocols()]}
devices = pytest.mark.parametrize(("driver_class", "given"), CASES.values(), ids=CASES.keys())


class Stand:
    """A driver that runs, and a device that answers nothing."""

    def __init__(self, driver_class: DriverClass, given: Mapping[str, Any]) -> None:
        self.settings = driver_class.Settings.model_validate(given)
        self.clock = FakeClock()
        self.transport = LoopbackTransport()
        self.driver = driver_class(RecordingSession(self.clock, self.transport), self.settings)

    async def outcome(self, name: str) -> BaseException | None:
        """How the command ends; None: it succeeds, or goes on."""
        await self.transport.open(self.driver)
        running = asyncio.ensure_future(self.driver.run())
        try:
            await self.clock.settle()
            asked = asyncio.ensure_future(self.driver.execute(name, PARAMS.get(name, {})))
            for _ in range(STEPS_MAX):
                if asked.done():
                    return asked.exception()
                await self.clock.advance(STEP_S)
            asked.cancel()
            return None
        finally:
            running.cancel()
            await asyncio.wait({running})
            await self.transport.close()


@devices
async def test_command_that_a_device_is_said_to_have_is_accepted(
    driver_class: DriverClass, given: Mapping[str, Any]
) -> None:
    had = commands_of(driver_class, driver_class.Settings.model_validate(given))
    assert had.items() <= driver_class.commands.items()
    for name in had:
        error = await Stand(driver_class, given).outcome(name)
        assert error is None or isinstance(error, DeviceError), (name, error)
        assert getattr(error, "code", None) is not ErrorCode.UNSUPPORTED, (name, error)


@devices
async def test_command_that_a_device_is_not_said_to_have_is_refused(
    driver_class: DriverClass, given: Mapping[str, Any]
) -> None:
    had = commands_of(driver_class, driver_class.Settings.model_validate(given))
    for name in driver_class.commands.keys() - had.keys():
        error = await Stand(driver_class, given).outcome(name)
        assert isinstance(error, DeviceError), name
        assert error.code is ErrorCode.UNSUPPORTED, name


@pytest.mark.parametrize(
    ("driver", "given", "expected"),
    [
        (PolledScale, {"protocol": "scale/nci-ecr"}, "read_weight zero"),
        (PolledScale, {"protocol": "scale/kern-de"}, "read_weight tare"),
        (StreamingScale, {"protocol": "scale/epelsa"}, "read_weight"),
        (DialogueScale, {"protocol": "scale/dialog-06", "checksums": "none"}, "do_price_calculating"),
        (DialogueScale, {"protocol": "scale/tisa"}, "do_price_calculating read_weight"),
        (DialogueScale, {"protocol": "scale/epos1-berkel"}, "read_weight tare zero"),
    ],
)
def test_commands_of_a_scale_are_those_of_its_protocol(driver: Any, given: dict[str, Any], expected: str) -> None:
    assert " ".join(sorted(commands_of(driver, driver.Settings.model_validate(given)))) == expected


def test_commands_of_a_scale_are_those_of_its_settings() -> None:
    protocol = {"protocol": "scale/toledo-8217"}
    for has_it in (True, False):
        settings = PolledScale.Settings.model_validate({**protocol, "has_high_resolution": has_it})
        assert ("read_high_resolution" in commands_of(PolledScale, settings)) is has_it


async def test_device_tells_and_takes_only_the_commands_it_has() -> None:
    profile: Profile = load_profile("mettler-toledo-8217")
    device = DeviceSettings(
        id="lane-1-scale",
        lane="lane-1",
        profile=profile.name,
        transport={"kind": "serial", "path": "/dev/x"},
        settings={"protocol": "scale/kern-de"},
    )
    supervisor = Supervisor(
        device, profile, LoopbackTransport(), PolledScale, FakeClock(), Random(1), lambda _: None, lambda _: None
    )
    info = set(supervisor.info["commands"])
    assert {"read_weight", "tare", "retrieve_statistics", "claim"} <= info
    assert not {"zero", "clear_tare", "read_high_resolution"} & info
    assert (supervisor.has_effect("tare"), supervisor.has_effect("zero")) == (True, False)
    with pytest.raises(RequestError) as refused:
        await supervisor.execute("zero", {}, deadline_s=1.0)
    assert refused.value.code is ErrorCode.UNSUPPORTED, "also while it is not connected: it will never have it"
    assert str(refused.value) == (
        "lane-1-scale: no command 'zero' as profile mettler-toledo-8217 and its settings are; "
        "there are: read_weight, tare"
    )
