"""Refusals of a label that cannot be printed as it is: where, and why."""

from __future__ import annotations

from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers.label_placed import MM_PER_INCH, LabelOptions


def millimetres(dots: int, options: LabelOptions) -> str:
    """For people."""
    return f"{dots * MM_PER_INCH / options.dots_per_inch:.1f}"


def invalid(path: str, text: str) -> RequestError:
    return RequestError(ErrorCode.INVALID_REQUEST, f"{path}: {text}")


def unsupported(path: str, what: str) -> RequestError:
    return RequestError(ErrorCode.UNSUPPORTED, f"{path}: this printer cannot print {what}")
