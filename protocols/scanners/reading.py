"""From the bytes of one read to BarcodeRead: the identifiers in front split off. Shared by the scanners' codecs."""

from __future__ import annotations

from typing import Literal

from edge_gateway.contracts.events import BarcodeRead
from protocols.barcodes.aim import split_aim
from protocols.scanners.code_ids import CodeIdTable, split_code_id

AimHandling = Literal["auto", "none"]
"""``auto`` splits an AIM identifier off; ``none`` leaves it in the data (codes that begin with ``]`` themselves)."""

FRAME_BYTES_MAX = 8192
"""More than any symbol holds (QR: 7,089 digits), so that what is longer is noise."""


def barcode_read(raw: bytes, aim: AimHandling, code_ids: CodeIdTable) -> BarcodeRead:
    """``raw``: without prefix and suffix. A vendor's identifier is looked for only where AIM's is missing."""
    identifier, data = split_aim(raw) if aim == "auto" else (None, raw)
    code_id, data = split_code_id(code_ids, data) if identifier is None else (None, data)
    return BarcodeRead(raw=raw, data=data, aim=identifier, code_id=code_id)
