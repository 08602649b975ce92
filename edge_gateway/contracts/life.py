"""What a device's life is told by: its losses, and its statistics under UnifiedPOS names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.instants import rfc3339
from edge_gateway.contracts.states import DeviceClass

STATISTICS_COMMANDS: Final[Mapping[str, bool]] = {"retrieve_statistics": False, "reset_statistics": True}
"""Taken for every device, whether it is there or not; name to whether it has an effect."""

FORGET_COMMAND: Final = "forget"
"""Of a device that was taken without configuration and is not attached: nothing of it stays."""

COMMON_STATISTICS: Final = ("HoursPoweredCount", "CommunicationErrorCount", "M_ReconnectCount", "M_FailedCommandCount")
"""Of every device. ``M_``: not of UnifiedPOS but of the manufacturer, which is us."""
CLASS_STATISTICS: Final[Mapping[DeviceClass, tuple[str, ...]]] = {
    DeviceClass.SCANNER: ("GoodScanCount",),
    DeviceClass.SCALE: ("GoodWeightReadCount",),
    DeviceClass.CASH_DRAWER: ("DrawerGoodOpenCount", "DrawerFailedOpenCount"),
    DeviceClass.POS_PRINTER: (
        "BarcodePrintedCount",
        "PaperCutCount",
        "FailedPaperCutCount",
        "PrinterFaultCount",
        "ReceiptCoverOpenCount",
        "DrawerGoodOpenCount",
        "DrawerFailedOpenCount",
    ),
}
"""UnifiedPOS 1.16, statistics of the device categories (the last two are the cash drawer's, on its printer). Those that
the gateway can count truthfully: it does not see how many lines a printer makes of a text."""

_CATEGORIES: Final[Mapping[DeviceClass, str]] = {
    DeviceClass.POS_PRINTER: "POSPrinter",
    DeviceClass.MSR: "MSR",
    DeviceClass.SMART_CARD_RW: "SmartCardRW",
    DeviceClass.PIN_PAD: "PINPad",
    DeviceClass.CAT: "CAT",
    DeviceClass.RFID_SCANNER: "RFIDScanner",
}


def device_category(device_class: DeviceClass) -> str:
    """As UnifiedPOS writes it: ``CashDrawer``."""
    words = "".join(word.capitalize() for word in device_class.value.split("_"))
    return _CATEGORIES.get(device_class, words)


def statistics_of(device_class: DeviceClass) -> tuple[str, ...]:
    return (*COMMON_STATISTICS, *CLASS_STATISTICS.get(device_class, ()))


class StatisticsParams(BaseModel):
    """``params`` of ``retrieve_statistics`` and ``reset_statistics``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...] = Field(
        (), max_length=100, description="Which; empty: all. U_ stands for those of UnifiedPOS, M_ for the others."
    )


@dataclass(slots=True)
class Disconnect:
    """A device that was there and was lost (``off``), or fell silent (``offline``).

    ``connected_s``: how long the connection had lasted; ``away_s``: until it answered again, None while it does not.
    """

    time: datetime
    power: str
    reason: str
    connected_s: float
    away_s: float | None = None

    def to_json(self) -> Mapping[str, Any]:
        return {
            "time": rfc3339(self.time),
            "power": self.power,
            "reason": self.reason,
            "connected_s": round(self.connected_s, 3),
            "away_s": None if self.away_s is None else round(self.away_s, 3),
        }

    def __str__(self) -> str:
        back = "" if self.away_s is None else f"; back after {self.away_s:.1f} s"
        return f"{rfc3339(self.time)} after {self.connected_s:.1f} s: {self.reason}{back}"
