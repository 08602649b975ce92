"""The table of faults."""

from __future__ import annotations

from simulators.torture import faults_around as around
from simulators.torture import faults_gateway as gateway
from simulators.torture.fault import Fault
from simulators.torture.store import TortureStore

FAULTS: tuple[type[Fault[TortureStore]], ...] = (
    gateway.Kill,
    gateway.Terminate,
    gateway.Pause,
    gateway.OfflineBoot,
    gateway.DiskFull,
    gateway.DiskReserve,
    gateway.TornPages,
    gateway.FlippedBits,
    gateway.KeyRotation,
    gateway.ClockJump,
    around.BrokerRestart,
    around.BrokerKill,
    around.AclRefusal,
    around.HalfOpenBus,
    around.HalfOpenCloud,
    around.LateBus,
    around.BusAnswersSwallowed,
    around.TillAnswersSwallowed,
    around.CloudAnswersSwallowed,
    around.Cut,
    around.CloudTrouble,
)


def faults_of(store: TortureStore, *, without: frozenset[str] = frozenset()) -> list[Fault[TortureStore]]:
    """Every fault of the table but those named."""
    return [kind(store) for kind in FAULTS if kind.name not in without]
