"""Asks who is behind an adapter, in the protocols of known scales: only where ``[discovery] probe`` names it."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any, Final

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.attached.announced import log_not_possible
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.profiles import Profile
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings

TRIAL_S: Final = 2.5
"""A scale that is asked answers within half a second; one that sends by itself does so several times in it."""
LOOK_S: Final = 0.1
FRAMES_ENOUGH: Final = 2
"""Without one that was rejected: two answers in a protocol with a check are no accident."""
TRIALS_MAX: Final = 60
"""Two and a half minutes for one adapter; more ways of asking than protocols are known."""

TryOut = Callable[[DeviceSettings], Supervisor]
"""Makes a supervisor whose events nobody hears. Raises ConfigError."""


def candidates(profiles: Sequence[Profile]) -> list[tuple[Profile, ...]]:
    """Scales on serial ports, by the way they are asked; in each, the profiles that stand on no other come first."""
    ways: dict[str, list[Profile]] = {}
    for profile in sorted(profiles, key=lambda each: (each.extends is not None, each.name)):
        if profile.device_class is DeviceClass.SCALE and profile.transport.serial is not None:
            way: list[Any] = [profile.driver, profile.codec, profile.transport.serial, dict(profile.settings)]
            ways.setdefault(json.dumps(way, sort_keys=True, default=str), []).append(profile)
    return [tuple(group) for group in ways.values()][:TRIALS_MAX]


class Probing:
    """One adapter, asked once for each time that it is plugged in. ``answered``: profiles that were understood."""

    def __init__(self, device: AttachedDevice, profiles: Sequence[Profile], try_out: TryOut, clock: Clock) -> None:
        self.identity = device.identity
        self.generation = device.generation
        self.is_over = False
        self.asked = 0
        self.answered: list[str] = []
        self._candidates = candidates(profiles) if device.nodes_of(NodeKind.SERIAL) else []
        self._try_out = try_out
        self._clock = clock

    def is_of(self, device: AttachedDevice) -> bool:
        """As it is plugged in now."""
        return self.generation == device.generation

    @property
    def why(self) -> str:
        """For the list."""
        if not self.is_over:
            return f"is being asked who is behind it ({self.asked} of {len(self._candidates)} protocols)"
        if not self.answered:
            return f"was asked in {self.asked} protocols of scales, and nobody answered: switch it on and replug it"
        names = " or ".join(self.answered)
        command = f"edge-gateway devices adopt {shlex.quote(self.identity)} --profile {self.answered[0]}"
        return f"answers as profile {names}: {command}"

    async def run(self) -> None:
        """Ask in one protocol after the other, each on a connection of its own."""
        try:
            await self._ask_all()
        finally:
            self.is_over = True

    async def _ask_all(self) -> None:
        for number, (profile, *others) in enumerate(self._candidates):
            entry = {"kind": "serial", "device": self.identity}
            device = DeviceSettings(id=f"probe-{number}", lane="shared", profile=profile.name, transport=entry)
            try:
                supervisor = self._try_out(device)
            except ConfigError:
                continue  # it wants a setting of the operator's, such as a secret
            self.asked += 1
            if await self._is_understood(supervisor):
                self.answered += [profile.name, *(each.name for each in others if each.extends is None)]

    async def _is_understood(self, supervisor: Supervisor) -> bool:
        running = asyncio.create_task(supervisor.run())
        counters = supervisor.counters
        try:
            for _ in range(round(TRIAL_S / LOOK_S)):
                await self._clock.sleep(LOOK_S)
                if counters["frames_rejected"] or counters["frames"] >= FRAMES_ENOUGH:
                    break
        finally:
            running.cancel()
            await asyncio.wait({running})
        return counters["frames"] >= FRAMES_ENOUGH and not counters["frames_rejected"]


class Probings:
    """At most one for each identity. ``on_end`` is told when one has ended, by itself or not."""

    def __init__(self, try_out: TryOut, clock: Clock, on_end: Callable[[], None]) -> None:
        self._try_out = try_out
        self._clock = clock
        self._on_end = on_end
        self._probings: dict[str, Probing] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def probe(self, device: AttachedDevice, profiles: Sequence[Profile]) -> Probing:
        """The one of this device: a new one where it was plugged in again and the last one let go of the port."""
        probing = self._probings.get(device.identity)
        if probing is not None and probing.is_of(device):
            return probing
        if probing is not None and self.is_going_on(device.identity):
            self.stop(device.identity)
            return probing
        probing = self._probings[device.identity] = Probing(device, profiles, self._try_out, self._clock)
        task = self._tasks[device.identity] = asyncio.get_running_loop().create_task(probing.run())
        task.add_done_callback(partial(self._ended, device.identity))
        return probing

    def is_going_on(self, identity: str) -> bool:
        """It may have the port."""
        return identity in self._tasks

    def stop(self, identity: str) -> None:
        """It ends soon: see ``is_going_on``."""
        if (task := self._tasks.get(identity)) is not None and not task.cancelling():
            task.cancel()

    def keep(self, identities: Container[str]) -> None:
        """The others are not attached any more, or are known."""
        for identity in [each for each in self._probings if each not in identities]:
            self.stop(identity)
            if identity not in self._tasks:
                del self._probings[identity]

    async def close(self) -> None:
        """Every port is let go of."""
        for identity in list(self._tasks):
            self.stop(identity)
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _ended(self, identity: str, task: asyncio.Task[None]) -> None:
        del self._tasks[identity]
        if task.cancelled():
            self._probings.pop(identity, None)
        elif (error := task.exception()) is not None:
            log_not_possible("probe", f"{identity}: {error!r}")
        self._on_end()
