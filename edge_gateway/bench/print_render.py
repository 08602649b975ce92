"""Of the print benchmark: how long a receipt takes from its document to bytes, beside a join of its lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final, cast

from edge_gateway.bench.receipts import LINES, PROFILE, receipt_document, receipt_text
from edge_gateway.contracts.printing import PrinterDriver, Rendered
from edge_gateway.devices.profiles import load_driver, load_profile

ROUNDS: Final = 30
"""Programs in turn, so that both meet the same noise; the first is not counted."""


def rendered(number: int) -> Rendered:
    """Receipt ``number`` as the driver of the benchmark's printer makes it."""
    profile = load_profile(PROFILE)
    driver = cast(type[PrinterDriver], load_driver(profile))
    return driver.render(driver.Settings.model_validate(profile.settings), {"document": receipt_document(number)})


def cases() -> list[dict[str, Any]]:
    """Ours, and the floor."""
    profile = load_profile(PROFILE)
    driver = cast(type[PrinterDriver], load_driver(profile))
    settings = driver.Settings.model_validate(profile.settings)
    documents = [{"document": receipt_document(number)} for number in range(ROUNDS)]
    texts = [receipt_text(number) for number in range(ROUNDS)]
    ours, floor = [], []
    made = joined = b""
    for document, lines in zip(documents, texts, strict=True):
        made, took_s = _timed(lambda document=document: driver.render(settings, document).data)
        ours.append(took_s)
        joined, took_s = _timed(lambda lines=lines: b"".join([line.encode("cp858") + b"\n" for line in lines]))
        floor.append(took_s)
    case = f"{LINES} lines, document to bytes"
    return [
        {"case": case, "program": "edge-gateway", "bytes": len(made), "p50_ms": round(median(ours[1:]) * 1e3, 3)},
        {"case": case, "program": "a join", "bytes": len(joined), "p50_ms": round(median(floor[1:]) * 1e3, 3)},
    ]


def _timed(make: Callable[[], bytes]) -> tuple[bytes, float]:
    start = time.perf_counter()
    data = make()
    return data, time.perf_counter() - start
