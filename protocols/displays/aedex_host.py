"""The commands of Aedex (EMAX) displays: ``!#``, a digit, the text, CR. All else passes to the device behind.

Source: Logic Controls, "PDX3 Series User Manual", 8.1.2; Posiflex, "PD-2609UE User Manual", p. 9; Partner Tech, "CD5220
User's Manual", 10.5. After ``!#8`` the two attention characters are others, which are not followed here.
"""

from __future__ import annotations

from typing import Final

from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayTable, Entry

AEDEX_TABLE: Final = DisplayTable(
    {
        b"!#1": Entry("! # 1", "upper_line", "upper line", takes_text=True),
        b"!#2": Entry("! # 2", "lower_line", "lower line", takes_text=True),
        b"!#4": Entry("! # 4", "marquee", "scroll upper line", takes_text=True),
        b"!#5": Entry("! # 5", "show_time", "show time", takes_text=True),
        b"!#6": Entry("! # 6", "marquee_once", "scroll upper line once", takes_text=True),
        b"!#7": Entry("! # 7", "stop_trapping", "stop character trapping", takes_text=True),
        b"!#8": Entry("! # 8", "attention_code", "change attention code", takes_text=True),
        b"!#9": Entry("! # 9", "both_lines", "both lines", takes_text=True),
        b"!#A": Entry("! # A", "reset", "reset", takes_text=True),
    }
)


class AedexCodec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(AEDEX_TABLE)


PROTOCOLS = {
    "pole_display/aedex": Decodable(
        host_to_device=Side(
            AedexCodec,
            examples=(b"!#1TOTAL\r", b"!#29.99\r", b"!#4Welcome to our store!\r", b"!#512:30\r", b"!#A\r"),
        )
    )
}
