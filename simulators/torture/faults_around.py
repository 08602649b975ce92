"""Trouble around the gateway: the broker and its rules, the links, the cloud."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import ClassVar, Protocol

from simulators.cloud.faults import FaultMode
from simulators.mosquitto import Mosquitto
from simulators.relay import Flow, Relay
from simulators.torture.fault import Fault
from simulators.torture.store import ACL, TortureStore, acl_text

CLOUD_MODES = (
    FaultMode.ERROR_500,
    FaultMode.TOO_MANY_REQUESTS,
    FaultMode.STALL,
    FaultMode.PARTIAL,
    FaultMode.LOST_REPLY,
    FaultMode.REFUSE_CONNECTIONS,
    FaultMode.GARBAGE,
    FaultMode.UNAUTHORIZED,
    FaultMode.LATENCY,
)
"""All but a rejection for good, which is an answer and not a fault: such an event is a dead letter."""


class BrokerOwner(Protocol):
    """A store, as far as its broker goes."""

    @property
    def broker(self) -> Mosquitto: ...

    async def start_broker(self) -> None: ...

    async def end_broker(self, end: Callable[[], Awaitable[None]]) -> None: ...


class BrokerRestart(Fault[BrokerOwner]):
    """An orderly stop, sessions saved, and a start."""

    name = "broker_restart"
    every_s = 40.0
    lasts_s = (0.0, 1.0)
    resources = frozenset({"broker"})

    async def do(self, random: Random) -> str:
        await self.store.end_broker(self.store.broker.stop)
        return "stopped"

    async def heal(self) -> None:
        await self.store.start_broker()


class BrokerKill(BrokerRestart):
    """kill -9 of the broker: what it knew is gone, or is what it knew at its last orderly stop."""

    name = "broker_kill"
    lasts_s = (0.0, 3.0)

    async def do(self, random: Random) -> str:
        await self.store.end_broker(self.store.broker.kill)
        return "kill -9"


class AclRefusal(Fault[TortureStore]):
    """The broker's rules deny something for a while: by reason code to MQTT 5, without a word to MQTT 3.1.1."""

    name = "acl_refusal"
    every_s = 25.0
    lasts_s = (0.5, 4.0)
    resources = frozenset({"acl"})
    denials: ClassVar[dict[str, dict[str, tuple[str, ...]]]] = {
        "the gateway may not publish": {"gateway": ("topic read #",)},
        "the gateway may not read": {"gateway": ("topic write #",)},
        "the gateway may not reply": {"gateway": ("topic deny edge/v1/+/+/pos/+/reply", "topic readwrite #")},
        "tills may not publish": {"till": ("topic read #",)},
        "tills may not read": {"till": ("topic write #",)},
    }

    async def do(self, random: Random) -> str:
        words = random.choice(sorted(self.denials))
        self.store.broker.reload_acl(acl_text({**ACL, **self.denials[words]}))
        return words

    async def heal(self) -> None:
        self.store.broker.reload_acl(acl_text(ACL))


class LinkFault(Fault[object]):
    """A link whose relay no longer does what it should."""

    to_target: ClassVar[Flow]
    to_client: ClassVar[Flow]
    relay_name: ClassVar[str]
    is_reset: bool = True

    @property
    def relay(self) -> Relay:
        relay = getattr(self.store, self.relay_name)
        assert isinstance(relay, Relay)
        return relay

    async def do(self, random: Random) -> str:
        await self.relay.set(to_target=self.to_target, to_client=self.to_client)
        return f"{self.relay.connections} connections"

    async def heal(self) -> None:
        await self.relay.heal(is_reset=self.is_reset)


class HalfOpenBus(LinkFault):
    """Gateway and broker each believe that the other is there. Once healed, the old connection stays dead."""

    name = "half_open_bus"
    every_s = 45.0
    lasts_s = (1.0, 9.0)
    resources = frozenset({"bus link"})
    relay_name = "bus_relay"
    to_target = to_client = Flow.SWALLOW
    is_reset = False


class HalfOpenCloud(LinkFault):
    """The same towards the cloud."""

    name = "half_open_cloud"
    every_s = 30.0
    lasts_s = (1.0, 8.0)
    resources = frozenset({"cloud link"})
    relay_name = "cloud_relay"
    to_target = to_client = Flow.SWALLOW
    is_reset = False


class LateBus(LinkFault):
    """What goes between gateway and broker comes, but late."""

    name = "late_bus"
    every_s = 40.0
    lasts_s = (0.5, 3.0)
    resources = frozenset({"bus link"})
    relay_name = "bus_relay"
    to_target = to_client = Flow.HOLD


class BusAnswersSwallowed(LinkFault):
    """What the gateway publishes arrives, but no acknowledgement and no request comes back."""

    name = "bus_answers_swallowed"
    every_s = 40.0
    lasts_s = (0.5, 4.0)
    resources = frozenset({"bus link"})
    relay_name = "bus_relay"
    to_target, to_client = Flow.PASS, Flow.SWALLOW


class TillAnswersSwallowed(LinkFault):
    """Submits arrive, no answer comes back: tills must repeat."""

    name = "till_answers_swallowed"
    every_s = 25.0
    lasts_s = (0.5, 4.0)
    resources = frozenset({"till link"})
    relay_name = "till_relay"
    to_target, to_client = Flow.PASS, Flow.SWALLOW


class CloudAnswersSwallowed(LinkFault):
    """Batches arrive and take effect, no answer comes back."""

    name = "cloud_answers_swallowed"
    every_s = 20.0
    lasts_s = (0.5, 6.0)
    resources = frozenset({"cloud link"})
    relay_name = "cloud_relay"
    to_target, to_client = Flow.PASS, Flow.SWALLOW


class Cut(Fault[TortureStore]):
    """Every connection of a link is reset."""

    name = "cut"
    every_s = 15.0
    resources = frozenset({"cut"})

    async def do(self, random: Random) -> str:
        name = random.choice(("bus_relay", "till_relay", "cloud_relay"))
        relay = getattr(self.store, name)
        return f"{relay.cut()} connections of {name}"


class CloudTrouble(Fault[TortureStore]):
    """The cloud answers wrongly, late or not at all."""

    name = "cloud"
    every_s = 8.0
    lasts_s = (0.5, 5.0)
    resources = frozenset({"cloud"})

    async def do(self, random: Random) -> str:
        mode = random.choice(CLOUD_MODES)
        self.store.cloud.set_fault(
            mode, seconds=60.0, probability=random.choice((0.5, 1.0)), seed=random.getrandbits(30)
        )
        return mode.value

    async def heal(self) -> None:
        self.store.cloud.set_fault(FaultMode.NONE)
