"""Numbers that are sent as digits with an agreed place of the point: between digits and decimal text, never a float."""

from __future__ import annotations

from decimal import Decimal


def implied(digits: str, decimals: int) -> str:
    """``00316`` with three decimals is ``0.316``. A minus in front stays, except before zero."""
    sign = "-" if digits.startswith("-") else ""
    padded = digits.lstrip("-").zfill(decimals + 1)
    whole, fraction = padded[: len(padded) - decimals], padded[len(padded) - decimals :]
    text = f"{whole.lstrip('0') or '0'}{'.' if fraction else ''}{fraction}"
    return text if is_zero(text) else sign + text


def is_zero(text: str) -> bool:
    """Of decimal text: nothing but zeros."""
    return not text.strip("-+ 0.")


def digits_of(value: Decimal, count: int, decimals: int, what: str) -> str:
    """Exactly ``count`` digits. Raises ValueError, fit for people, where ``value`` does not fit them."""
    # The range first: scaling a number with a giant exponent raises.
    is_in_range = value.is_finite() and 0 <= value < 10**count
    steps = value.scaleb(decimals) if is_in_range else Decimal(-1)
    if not 0 <= steps < 10**count or steps != steps.to_integral_value():
        largest = Decimal(10**count - 1).scaleb(-decimals)
        raise ValueError(f"{what} {value}: expected 0 to {largest}, with at most {decimals} decimals")
    return f"{int(steps):0{count}d}"
