"""SASI, of Datalogic and Zebra scanner-scales and their auxiliary scales: the frame of the 8217 without a point, and
the status as a letter of a list (A motion, B out of range, C under zero, D outside the zero range).

The list contradicts the bits of the 8217 (there C would be motion and over), so it is a protocol of its own; a model
that sends bits is set to ``scale/toledo-8217``, or has ``status_codes = "bits"``. Source: Datalogic KA-01089.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from protocols.decoding import Decodable, Side
from protocols.scales import toledo_8217_commands as commands
from protocols.scales.polled import PolledScaleProtocol
from protocols.scales.toledo_8217 import Toledo8217Codec, Toledo8217Options, describe


class SasiOptions(Toledo8217Options):
    """Settings of a profile for this protocol."""

    status_codes: Literal["bits", "sasi"] = Field("sasi", description="How the status byte is read; sasi: a list.")


AS_SENT = SasiOptions(unit=None, weight_digits=None)


def _codec(options: SasiOptions = AS_SENT) -> Toledo8217Codec:
    return Toledo8217Codec(options)


SCALE = PolledScaleProtocol(SasiOptions, _codec)
PROTOCOLS = {
    "scale/sasi": Decodable(
        device_to_host=Side(_codec, examples=(b"\x0201235\r", b"\x020215\r", b"\x02?A\r", b"\x02?D\r")),
        host_to_device=Side(commands.Toledo8217CommandCodec, examples=(b"W", b"Z")),
        describe=describe,
    )
}
