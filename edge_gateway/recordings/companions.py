"""The other devices of a shared port that is recorded: only they may know what must not be kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.transport import BytesKeeper, OverheardTransport, Transport
from edge_gateway.devices.profiles import driver_settings, load_driver, load_profile
from edge_gateway.recordings.session import DriverRun, TellingSession
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings

_TRANSPORT: TypeAdapter[TransportSettings] = TypeAdapter(TransportSettings)


def companions(
    others: Sequence[DeviceSettings],
    place: TransportSettings,
    make_transport: Callable[[TransportSettings], Transport],
    keeper: BytesKeeper,
    clock: Clock,
    profile_directories: Sequence[Path],
) -> Iterator[DriverRun]:
    """Those of ``others`` that are on the same shared port. ``keeper`` forgets what they must forget; of what they say
    nothing is told."""
    for device in others:
        profile = load_profile(device.profile, profile_directories)
        wanted = profile.transport.of(device.transport)
        if not wanted.get("shared", False) or _TRANSPORT.validate_python(wanted) != place:
            continue
        transport = make_transport(place)
        assert isinstance(transport, OverheardTransport)
        transport.keepers.add(keeper)
        driver_class = load_driver(profile)
        session = TellingSession(device.id, transport, clock, lambda _: None, partial(_forget, transport))
        yield DriverRun(session, driver_class(session, driver_settings(driver_class, profile, device)))


def _forget(transport: OverheardTransport, is_sent_too: bool) -> None:
    transport.forget()
