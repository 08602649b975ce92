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
    return _renderer()(number)


def cases() -> list[dict[str, Any]]:
    """Ours, and the floor."""
    render = _renderer()
    ours, floor = [], []
    made = joined = 0
    for number in range(ROUNDS):
        start = time.perf_counter()
        data = render(number).data
        between = time.perf_counter()
        text = b"".join([line.encode("cp858") + b"\n" for line in receipt_text(number)])
        end = time.perf_counter()
        ours.append(between - start)
        floor.append(end - between)
        made, joined = len(data), len(text)
    case = f"{LINES} lines, document to bytes"
    return [
        {"case": case, "program": "edge-gateway", "bytes": made, "p50_ms": round(median(ours[1:]) * 1e3, 3)},
        {"case": case, "program": "lines joined", "bytes": joined, "p50_ms": round(median(floor[1:]) * 1e3, 3)},
    ]


def _renderer() -> Callable[[int], Rendered]:
    profile = load_profile(PROFILE)
    driver = load_driver(profile)
    settings = driver.Settings.model_validate(profile.settings)
    render = cast(type[PrinterDriver], driver).render
    return lambda number: render(settings, {"document": receipt_document(number)})
