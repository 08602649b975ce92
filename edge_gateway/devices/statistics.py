"""Statistics of one device under UnifiedPOS names: cumulative over restarts, until somebody resets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.events import DeviceState
from edge_gateway.contracts.life import statistics_of
from edge_gateway.contracts.states import DeviceClass, DeviceFlag, PowerState

POWERED: Final = "HoursPoweredCount"
COMMUNICATION_ERRORS: Final = "CommunicationErrorCount"
HOURS_DECIMALS: Final = 2

_BY_FLAG: Final[Mapping[str, str]] = {
    DeviceFlag.COVER_OPEN: "ReceiptCoverOpenCount",
    DeviceFlag.CUTTER_ERROR: "FailedPaperCutCount",
    DeviceFlag.DEVICE_ERROR: "PrinterFaultCount",
}
_BY_ELEMENT: Final[Mapping[str, str]] = {
    "cut": "PaperCutCount",
    "barcode": "BarcodePrintedCount",
    "qr": "BarcodePrintedCount",
    "drawer": "DrawerGoodOpenCount",
}
"""Of a document that was printed to its end."""
_NOT_THE_DEVICE: Final = frozenset(
    {ErrorCode.INVALID_REQUEST, ErrorCode.UNSUPPORTED, ErrorCode.BUSY, ErrorCode.CLAIMED, ErrorCode.NOT_CLAIMED}
)
"""Codes of commands that failed without the device having to do with it."""


class DeviceStatistics:
    """Told by the supervisor of all that it sees. Names that are not those of the class are passed over."""

    def __init__(self, device_class: DeviceClass, clock: Clock) -> None:
        self.names: Sequence[str] = statistics_of(device_class)
        self._device_class = device_class
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._powered_s = 0.0
        self._powered_since_s: float | None = None
        self._flags: frozenset[str] = frozenset()
        self._reconnects = 0
        self._reset: set[str] = set()
        """Reset since the start: what was kept from before does not come back."""

    def values(self, names: Collection[str] = ()) -> dict[str, int | float]:
        """Those of these names; all, if there are none. Raises RequestError(INVALID_REQUEST) on an unknown one."""
        return {name: self._value(name) for name in self._chosen(names)}

    def reset(self, names: Collection[str] = ()) -> Sequence[str]:
        """Begin again at nothing. Returns which. Raises as ``values``."""
        chosen = self._chosen(names)
        for name in chosen:
            self._counts[name] = 0
        if POWERED in chosen:
            self._powered_s = 0.0
            if self._powered_since_s is not None:
                self._powered_since_s = self._clock.monotonic()
        self._reset.update(chosen)
        return chosen

    def add_kept(self, kept: Mapping[str, float]) -> None:
        """What was kept before this start; it may come after the first things were counted."""
        for name, value in kept.items():
            if name not in self.names or name in self._reset:
                continue
            if name == POWERED:
                self._powered_s += float(value) * 3600
            else:
                self._counts[name] += int(value)

    def to_keep(self) -> dict[str, float]:
        """For ``add_kept`` of the next start, hours unrounded."""
        return {name: self._powered() / 3600 if name == POWERED else self._counts[name] for name in self.names}

    def look(self, state: DeviceState) -> None:
        """At every change of the device's state."""
        is_powered = state.power == PowerState.ONLINE
        if is_powered and self._powered_since_s is None:
            self._powered_since_s = self._clock.monotonic()
        elif not is_powered and self._powered_since_s is not None:
            self._powered_s, self._powered_since_s = self._powered(), None
            if state.power != PowerState.UNKNOWN:
                self._counts[COMMUNICATION_ERRORS] += 1
        self._counts["M_ReconnectCount"] += state.reconnect_count - self._reconnects
        self._reconnects = state.reconnect_count
        flags = frozenset(state.flags)
        self._count(_BY_FLAG[flag] for flag in flags - self._flags if flag in _BY_FLAG)
        self._flags = flags

    def frame_rejected(self) -> None:
        self._counts[COMMUNICATION_ERRORS] += 1

    def happened(self, event: str, data: Mapping[str, Any]) -> None:
        """An event of the device."""
        if event == "barcode_scanned":
            self._counts["GoodScanCount"] += 1
        elif event == "weight_changed" and data.get("weight") is not None:
            self._counts["GoodWeightReadCount"] += 1

    def carried_out(self, name: str, params: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """A command, to its end."""
        if self._device_class is DeviceClass.SCALE and result.get("weight") is not None:
            self._counts["GoodWeightReadCount"] += 1
        elif name == "print":
            kinds = (element.get("type") for element in params.get("document", ()))
            self._count(_BY_ELEMENT[kind] for kind in kinds if kind in _BY_ELEMENT)
        elif name == "open_drawer":
            self._counts["DrawerGoodOpenCount"] += 1

    def failed(self, name: str, error: RequestError) -> None:
        """A command that the device did not carry out, for all that is known."""
        if error.code in _NOT_THE_DEVICE or not (isinstance(error, DeviceError) or error.code is ErrorCode.TIMEOUT):
            return
        self._counts["M_FailedCommandCount"] += 1
        if name == "open_drawer":
            self._counts["DrawerFailedOpenCount"] += 1

    def _count(self, names: Iterable[str]) -> None:
        for name in names:
            self._counts[name] += 1

    def _value(self, name: str) -> int | float:
        return round(self._powered() / 3600, HOURS_DECIMALS) if name == POWERED else self._counts[name]

    def _powered(self) -> float:
        since_s = self._powered_since_s
        return self._powered_s + (0.0 if since_s is None else self._clock.monotonic() - since_s)

    def _chosen(self, names: Collection[str]) -> Sequence[str]:
        if not names:
            return self.names
        own = [name for name in self.names if name.startswith("M_")]
        chosen: list[str] = []
        for name in names:
            if name == "M_":
                chosen += own
            elif name == "U_":
                chosen += [each for each in self.names if each not in own]
            elif name in self.names:
                chosen.append(name)
            else:
                known = ", ".join(self.names)
                raise RequestError(ErrorCode.INVALID_REQUEST, f"names: no statistic {name[:64]!r}; there are: {known}")
        return tuple(dict.fromkeys(chosen))
