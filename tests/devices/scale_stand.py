"""Simulated scales under the real registry, supervisors, transports and drivers, and an oracle of what they may say."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.states import PowerState
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import HidrawTransportSettings, TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.hidraw import HidrawNode, HidrawTransport
from simulators.cas import CasScale
from simulators.epelsa import EpelsaScale
from simulators.hid_8d import Hid8dScale
from simulators.link import FifoLink, Link, PtyLink
from simulators.toledo_8217 import Toledo8217Scale
from tests.drivers.test_message_scale import DESCRIPTOR
from tests.support.waiting import wait_until

TRUTHS_KEPT = 2
"""A question that was put before the last change may have been answered with what lay on the plate before it."""

HASTE = 6
"""With more, a busy machine would miss the time-outs of the drivers."""


class HastyClock(SystemClock):
    """Its monotonic time runs ``HASTE`` times as fast, and its sleeps are as much shorter."""

    def monotonic(self) -> float:
        return super().monotonic() * HASTE

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / HASTE)


@dataclass(frozen=True)
class Kind:
    """A kind of conversation: how it is simulated, configured, and what it says in each trouble."""

    name: str
    profile: str
    make: Any
    settings: Mapping[str, Any]
    says: Mapping[str, str]
    is_hid: bool = False

    def __str__(self) -> str:
        return self.name


_ALL = {
    "motion": "weight_unstable",
    "under": "weight_under_zero",
    "over": "weight_overweight",
    "silent": "no_answer",
    "garbage": "no_answer",
    "half": "no_answer",
}
KINDS = (
    Kind("polled", "mettler-toledo-8217", Toledo8217Scale, {"poll_interval_s": 0.02, "reply_timeout_s": 0.5}, _ALL),
    # Its lines say U for everything that is no stable weight.
    Kind(
        "streaming",
        "generic-epelsa",
        EpelsaScale,
        {"silence_s": 0.5},
        _ALL | {"under": "weight_unstable", "over": "weight_unstable"},
    ),
    # Garbage and halves of this one, whose time-outs are long, are tried in virtual time (test_price_scale).
    Kind(
        "dialogue",
        "generic-cas",
        CasScale,
        {"poll_interval_s": 0.05},
        {trouble: status for trouble, status in _ALL.items() if trouble not in {"garbage", "half"}},
    ),
    # It sleeps, so silence is well: it is there, and what it weighs is not known.
    Kind(
        "hid",
        "generic-hid-scale",
        Hid8dScale,
        {"hold_s": 0.5},
        _ALL | dict.fromkeys(("silent", "garbage", "half"), "not_ready"),
        is_hid=True,
    ),
)


@dataclass
class Stand:
    """One scale, what may be said of it, and what was said wrongly."""

    kind: Kind
    scale: Any
    link: Link
    supervisor: Supervisor
    truths: deque[Decimal] = field(default_factory=lambda: deque([Decimal(0)], maxlen=TRUTHS_KEPT))
    wrong: list[str] = field(default_factory=list)

    def put(self, weight: Decimal) -> None:
        self.truths.append(weight)
        self.scale.put(weight)

    @property
    def status(self) -> str | None:
        return self.supervisor.state.details.get("status")

    def shows(self, weight: Decimal) -> bool:
        told = self.supervisor.state.details.get("weight")
        return told is not None and Decimal(told) == weight

    def hear(self, event: StampedEvent) -> None:
        """A weight that was not on the plate is wrong, and so is one beside a status that has none."""
        data = event.event.data
        self.judge(data["status"], data["weight"])

    def judge(self, status: str, weight: str | None) -> None:
        has_weight = status in {"stable_weight", "weight_zero"}
        if has_weight != (weight is not None):
            self.wrong.append(f"{weight} beside {status}")
        elif weight is not None and Decimal(weight) not in self.truths:
            self.wrong.append(f"{weight} {status}; on the plate lay {list(self.truths)}")

    async def until_shown(self, weight: Decimal) -> float:
        return await self._until(lambda: self.shows(weight), str(weight))

    async def until_status(self, status: str) -> float:
        return await self._until(lambda: self.status == status, status)

    async def pull(self) -> None:
        self.link.unplug()
        await self._until(lambda: self.supervisor.state.power == PowerState.OFF, "the loss")
        if self.supervisor.state.details:
            self.wrong.append(f"still shown while it is away: {self.supervisor.state.details}")

    async def _until(self, condition: Callable[[], object], what: str) -> float:
        try:
            return await wait_until(condition, what=f"{self.kind}: {what}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self._seen()}") from None

    def _seen(self) -> object:
        state = self.supervisor.state
        return state.power, state.reason, dict(state.details), dict(self.supervisor.counters)


@asynccontextmanager
async def stands(directory: Path, kinds: Sequence[Kind], clock: Clock | None = None) -> AsyncIterator[list[Stand]]:
    """The scales, plugged in, and the running registry."""
    found: dict[str, Stand] = {}
    registry = build_registry(
        [_device(kind, directory) for kind in kinds],
        make_transport=_transport,
        clock=clock or SystemClock(),
        random=Random(1),
        on_event=lambda event: found[event.device_id].hear(event),
        on_change=lambda supervisor: None,
    )
    for kind in kinds:
        found[kind.name] = await _stand(kind, directory, registry)
    running = asyncio.create_task(registry.run())
    try:
        yield list(found.values())
    finally:
        running.cancel()
        (ended,) = await asyncio.gather(running, return_exceptions=True)
        for stand in found.values():
            await stand.scale.stop()
        assert isinstance(ended, asyncio.CancelledError), f"the registry ended by itself: {ended!r}"


async def _stand(kind: Kind, directory: Path, registry: Registry) -> Stand:
    link: Link = FifoLink(directory / kind.name, in_messages=True) if kind.is_hid else PtyLink(directory / kind.name)
    scale = kind.make(link, rng=Random(7), reply_delay_s=0.0)
    scale.interval_s = 0.02
    supervisor = registry.get(kind.name)
    assert supervisor is not None
    await scale.start()
    return Stand(kind, scale, link, supervisor)


def _device(kind: Kind, directory: Path) -> DeviceSettings:
    return DeviceSettings(
        id=kind.name,
        lane="lane-1",
        profile=kind.profile,
        transport={"kind": "hidraw" if kind.is_hid else "serial", "path": str(directory / kind.name)},
        settings=dict(kind.settings),
    )


def _transport(settings: TransportSettings) -> Transport:
    if isinstance(settings, HidrawTransportSettings):
        return HidrawTransport(settings, None, _open_fifo)
    return make_transport(settings)


def _open_fifo(path: Path) -> HidrawNode:
    """A FIFO in place of a hidraw node: each read is one report, and its end is the end of the device."""
    return HidrawNode(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), DESCRIPTOR)
