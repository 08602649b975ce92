"""What the scales showed in the last minutes, to put beside the weights that are sold."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from heapq import merge
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.fields import SHARED_LANE
from edge_gateway.contracts.states import DeviceClass, ScaleStatus
from edge_gateway.contracts.weight_sold import NoReading, SoldReading

WEIGHING_AGE_S_MAX: Final = 900.0
"""A basket is weighed, scanned, talked over and paid in a quarter of an hour. What the scale showed before is not the
weight of this sale, even if the number is the same."""
TILL_CLOCK_S_MAX: Final = 60.0
"""How far a till's clock may be behind: what a scale showed later than that after a sale is of another sale."""
WEIGHINGS_MAX: Final = 200
"""Kept of each scale: more than is weighed on one in that time."""
TREMBLE_S_MAX: Final = 2.0
"""A load that trembles between two divisions comes back to the same weight within this, and is weighed once; another
one of the same weight takes longer to lay on."""


@dataclass(slots=True)
class _Weighing:
    """A stable weight. ``until``: when the scale showed something else, on both clocks."""

    device_id: str
    lane: str
    weight: str
    value: Decimal
    unit: str
    is_net: bool | None
    status: ScaleStatus
    measured_at: datetime
    measured_s: float
    epoch: int | None
    sequence: int
    until: tuple[datetime, float] | None = None
    sold_as: str | None = None


class Weighings:
    """``note`` is told of every event of a device. ``scale_lanes``: the lanes that have a scale."""

    def __init__(
        self, clock: Clock, scale_lanes: Callable[[], Collection[str]], epoch: Callable[[], int | None]
    ) -> None:
        self._clock = clock
        self._scale_lanes = scale_lanes
        self._epoch = epoch
        self._kept: dict[tuple[str, str], deque[_Weighing]] = {}
        """By lane and device."""
        self._shown: dict[str, _Weighing] = {}
        self._loads: dict[str, list[_Weighing]] = {}
        """By device: what was shown since it was empty, or was not heard."""

    def note(self, stamped: StampedEvent) -> None:
        """An event of a scale that tells what it shows: the reading before it is over. Others are passed over."""
        data = stamped.event.data
        if stamped.device_class != DeviceClass.SCALE or "status" not in data:
            return
        self._ended(stamped.device_id)
        if data["status"] not in (ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_UNSTABLE):
            self._loads.pop(stamped.device_id, None)
        weight, unit = data.get("weight"), data.get("unit")
        if data["status"] != ScaleStatus.STABLE_WEIGHT or not isinstance(weight, str) or not isinstance(unit, str):
            return
        try:
            value = Decimal(weight)
        except InvalidOperation:
            return
        age_s = data.get("age_ms", 0) / 1000
        weighing = _Weighing(
            device_id=stamped.device_id,
            lane=stamped.lane,
            weight=weight,
            value=value,
            unit=unit,
            is_net=net if isinstance(net := data.get("net"), bool) else None,
            status=ScaleStatus.STABLE_WEIGHT,
            measured_at=stamped.time - timedelta(seconds=age_s),
            measured_s=stamped.monotonic_s - age_s,
            epoch=self._epoch(),
            sequence=stamped.sequence,
        )
        load = self._loads.setdefault(stamped.device_id, [])
        load[:] = [each for each in load if each.until and each.until[1] >= weighing.measured_s - TREMBLE_S_MAX]
        again = next((each for each in load if _is_same(each, weighing)), None)
        if again is None:
            load.append(weighing)
            self._kept.setdefault((stamped.lane, stamped.device_id), deque(maxlen=WEIGHINGS_MAX)).append(weighing)
        else:
            again.until = None
        self._shown[stamped.device_id] = again or weighing

    def gone(self, device_id: str) -> None:
        """Nobody hears the scale any more."""
        self._ended(device_id)
        self._loads.pop(device_id, None)

    def _ended(self, device_id: str) -> None:
        """It shows something else."""
        if (weighing := self._shown.pop(device_id, None)) is not None:
            weighing.until = self._clock.now(), self._clock.monotonic()

    def find(
        self, lane: str, quantity: Decimal, unit: str, sold_as: str, completed_at: datetime
    ) -> SoldReading | NoReading:
        """The newest reading of this weight that stands beside no other line yet; else the newest of this weight.

        Only of those that a sale of ``completed_at`` can have come from. From now on it stands beside ``sold_as``.
        """
        if not {lane, SHARED_LANE} & set(self._scale_lanes()):
            return NoReading.NO_SCALE
        ago_s = max(0.0, (self._clock.now() - completed_at).total_seconds())
        completed_s = self._clock.monotonic() - ago_s
        found: _Weighing | None = None
        is_late = ago_s > WEIGHING_AGE_S_MAX
        for weighing in self._newest_first(lane):
            if weighing.value != quantity or weighing.unit.casefold() != unit.casefold():
                continue
            if weighing.measured_s > completed_s + TILL_CLOCK_S_MAX:
                is_late = True
            elif weighing.until is None or weighing.until[1] >= completed_s - WEIGHING_AGE_S_MAX:
                found = found or weighing
                if weighing.sold_as is None:
                    found = weighing
                    break
        if found is None:
            return NoReading.SUBMITTED_LATE if is_late else NoReading.NO_MATCHING_READING
        reading = self._reading(found)
        found.sold_as = found.sold_as or sold_as
        return reading

    def give_back(self, sold_as: Collection[str]) -> None:
        """These lines were not sold after all."""
        for weighings in self._kept.values():
            for weighing in weighings:
                if weighing.sold_as in sold_as:
                    weighing.sold_as = None

    def _newest_first(self, lane: str) -> Iterator[_Weighing]:
        """Of the lane, then of what all lanes share."""
        for place in dict.fromkeys((lane, SHARED_LANE)):
            kept = [reversed(weighings) for (lane_of_it, _), weighings in self._kept.items() if lane_of_it == place]
            yield from merge(*kept, key=lambda weighing: weighing.measured_s, reverse=True)

    def _reading(self, weighing: _Weighing) -> SoldReading:
        return SoldReading(
            device_id=weighing.device_id,
            lane=weighing.lane,
            weight=weighing.weight,
            unit=weighing.unit,
            net=weighing.is_net,
            status=weighing.status,
            measured_at=weighing.measured_at,
            shown_until=weighing.until[0] if weighing.until else None,
            epoch=weighing.epoch,
            sequence=weighing.sequence,
            age_s=round(max(0.0, self._clock.monotonic() - weighing.measured_s), 3),
            also_for=weighing.sold_as,
        )


def _is_same(one: _Weighing, other: _Weighing) -> bool:
    """What a sale and its audit would see of them."""
    return (one.weight, one.unit, one.is_net, one.lane) == (other.weight, other.unit, other.is_net, other.lane)
