"""Settings of a Zebra SSI scanner."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from drivers.barcode_scanner import ScannerSettings
from drivers.scanner_feedback import Feedback
from edge_gateway.contracts.scanner_commands import NUMBER_MAX

PARAMETERS_MAX = 64
"""Of one packet: 255 bytes hold no more."""


class SsiScannerSettings(ScannerSettings):
    """How the scanner is spoken to. SSI packets end by themselves, so ``suffix`` and ``idle_gap_ms`` do nothing."""

    suffix: Literal["auto"] = Field("auto", description="SSI packets have their own end.")
    framing: Literal["serial", "att"] = Field(
        "serial", description="att: over Bluetooth LE, where each packet has its length in front."
    )
    setup: bool = Field(
        True,
        description="At each connection, until the scanner's power goes: packets with acknowledgement, AIM "
        "identifiers, a message when nothing was read, and scanning enabled.",
    )
    parameters: dict[Annotated[int, Field(ge=0, le=NUMBER_MAX)], Annotated[int, Field(ge=0, le=255)]] = Field(
        default_factory=dict,
        max_length=PARAMETERS_MAX,
        description="Further parameters by number that are set at each connection, not permanently.",
    )
    heartbeat_s: float = Field(
        60.0, ge=0, le=3600, description="Ask the scanner whether it is there after so long a silence; 0: never."
    )
    feedback: Feedback = Field(Feedback(), description="What good_read and not_on_file sound and show.")
