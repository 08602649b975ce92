"""What the print service takes and publishes: the same for every class of printers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edge_gateway.contracts.printing import PRINTER_CLASSES


def _of_printers(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By class and name."""
    return {f"{each.value}.{name}": example for each in sorted(PRINTER_CLASSES) for name, example in found.items()}


_JOB: Final[dict[str, Any]] = {
    "job_id": "S001-T3-20261121-000123",
    "device_id": "lane3-printer",
    "printer": "lane3-printer",
    "state": "printing",
    "priority": "normal",
    "accepted_at": "2026-11-21T10:16:21.003Z",
    "deadline_at": "2026-11-21T11:16:21.003Z",
    "begun_at": "2026-11-21T10:16:21.040Z",
    "ended_at": None,
    "sent_bytes": 512,
    "confirmed_bytes": 0,
    "total_bytes": 1412,
    "waiting_for": "paper_empty",
    "waiting_reason": None,
    "copy_of": None,
    "is_waiting_for_person": False,
    "settled_by": None,
    "result": None,
    "error": None,
}
_UNKNOWN: Final[dict[str, Any]] = {
    **_JOB,
    "state": "unknown",
    "waiting_for": None,
    "ended_at": "2026-11-21T10:18:02.120Z",
    "is_waiting_for_person": True,
    "error": {
        "code": "unknown_outcome",
        "message": "the gateway was stopped or lost power while this was being printed; 512 of its 1412 bytes were "
        "seen to be sent, which is noted once a second: look at the paper; then reprint or dismiss it",
        "retryable": False,
    },
}
_PLACE: Final[dict[str, Any]] = {"device_id": "lane3-printer", "lane": "lane-3", "epoch": 1763720000, "sequence": 9}
_WHO: Final[dict[str, Any]] = {"operator": "op-7", "reason": "customer has no receipt"}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = _of_printers(
    {
        "print_job_changed": {**_JOB, **_PLACE},
        "print_job_reprinted": {
            **_PLACE,
            **_WHO,
            "job_id": _JOB["job_id"],
            "state": "unknown",
            "copy_job_id": "S001-T3-20261121-000123-copy",
        },
        "print_job_dismissed": {**_PLACE, **_WHO, "job_id": _JOB["job_id"], "state": "unknown"},
    }
)
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    "alert.print_job_unknown": {
        "text": "print job S001-T3-20261121-000123 of lane3-printer: the gateway was stopped or lost power while this "
        "was being printed; 512 of its 1412 bytes were seen to be sent, which is noted once a second: look at the "
        "paper; then reprint or dismiss it",
        "device_id": "lane3-printer",
        "printer": "lane3-printer",
        "job_id": "S001-T3-20261121-000123",
        "sent_bytes": 512,
        "total_bytes": 1412,
    }
}
PARAMS: Final[dict[str, dict[str, Any]]] = _of_printers(
    {
        "cancel_job": {"job_id": _JOB["job_id"]},
        "reprint": {"job_id": _JOB["job_id"], **_WHO},
        "dismiss": {"job_id": _JOB["job_id"], "operator": "op-7", "reason": "the receipt is whole"},
        "read_job": {"job_id": _JOB["job_id"]},
        "read_jobs": {"states": ["unknown"], "limit": 20},
    }
)
PRINT_RESULT: Final[dict[str, Any]] = {
    "bytes": 412,
    "replaced_characters": 0,
    "confirmed_by": "gs_r",
    "job_id": "S001-T3-20261121-000123",
    "printer": "lane3-printer",
}
RESULTS: Final[dict[str, dict[str, Any]]] = _of_printers(
    {
        "cancel_job": {"job": _UNKNOWN},
        "reprint": PRINT_RESULT,
        "dismiss": {
            "job": {
                **_UNKNOWN,
                "is_waiting_for_person": False,
                "settled_by": {"how": "dismiss", "operator": "op-7", "at": "2026-11-21T10:20:00.000Z"},
            }
        },
        "read_job": {"job": _JOB},
        "read_jobs": {"jobs": [_UNKNOWN]},
    }
)
