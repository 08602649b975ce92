"""Coupons: which numbers are one, and the basic split of North America's.

GS1 General Specifications 1.4.2 and 2.6: prefixes 981 to 984 (common currency) and 99 (national rules), AI 255 (GCN)
and 8112 (digital), number system 5 of UPC-A. AI 8110: GS1 US, North American Coupon Application Guideline, section 2.
What the other numbers hold inside is national, and is left to the till.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_gateway.contracts.check_digits import is_digits

_COMPANY_PREFIX_DIGITS_MIN = 6
_SERIAL_DIGITS_MIN = 6


@dataclass(frozen=True, slots=True)
class Coupon:
    """``kind``: ``gs1_common_currency``, ``gs1_national``, ``upc_5``, ``gcn``, ``north_american`` or ``digital``."""

    kind: str
    parts: Mapping[str, str] = field(default_factory=dict)


def coupon_of(number: str, application_identifiers: Mapping[str, str] | None) -> Coupon | None:
    """``number``: EAN-13 or UPC-A digits, or empty; None where it is no coupon."""
    identifiers = application_identifiers or {}
    if (data := identifiers.get("8110")) is not None:
        return Coupon("north_american", north_american(data) or {})
    for identifier, kind in (("8112", "digital"), ("255", "gcn")):
        if identifier in identifiers:
            return Coupon(kind, {"reference": identifiers[identifier]})
    digits = number.removeprefix("0") if len(number) == 13 else number
    if len(digits) == 12 and digits[0] == "5":
        return Coupon("upc_5", {"manufacturer": digits[1:6], "family": digits[6:9], "value_code": digits[9:11]})
    if len(number) == 13 and number.startswith(("981", "982", "983", "984")):
        return Coupon("gs1_common_currency", {"reference": number[3:12]})
    if len(number) == 13 and number.startswith("99"):
        return Coupon("gs1_national", {"reference": number[2:12]})
    return None


class _Digits:
    """Reads digits from the front. Raises ValueError when there are too few."""

    def __init__(self, text: str) -> None:
        if not is_digits(text):
            raise ValueError(text)
        self._rest = text

    def __bool__(self) -> bool:
        return bool(self._rest)

    def take(self, count: int) -> str:
        if count > len(self._rest):
            raise ValueError(self._rest)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def take_counted(self, least: int = 0) -> str:
        """As many as the indicator in front says, beyond ``least``."""
        return self.take(least + int(self.take(1)))


def north_american(data: str) -> Mapping[str, str] | None:
    """The value of AI 8110 in its parts; None where it does not hold together.

    ``save_value`` is in cents unless its code says otherwise; ``requirement_code`` 0: the requirement is a number of
    units, 1: an amount in cents.
    """
    try:
        digits = _Digits(data)
        parts = {
            "company_prefix": digits.take_counted(_COMPANY_PREFIX_DIGITS_MIN),
            "offer_code": digits.take(6),
            "save_value": digits.take_counted(),
            "purchase_requirement": digits.take_counted(),
            "requirement_code": digits.take(1),
            "family_code": digits.take(3),
        }
        while digits:
            parts |= _optional(digits)
    except ValueError:
        return None
    return parts


def _optional(digits: _Digits) -> Mapping[str, str]:
    match digits.take(1):
        case "1" | "2" as which:
            name = {"1": "second", "2": "third"}[which]
            rules = {f"{name}_rules": digits.take(1)} if which == "1" else {}
            return rules | {
                f"{name}_purchase_requirement": digits.take_counted(),
                f"{name}_requirement_code": digits.take(1),
                f"{name}_family_code": digits.take(3),
                f"{name}_company_prefix": _other_company(digits),
            }
        case "3":
            return {"expires": digits.take(6)}
        case "4":
            return {"starts": digits.take(6)}
        case "5":
            return {"serial": digits.take_counted(_SERIAL_DIGITS_MIN)}
        case "6":
            return {"retailer": digits.take_counted(_COMPANY_PREFIX_DIGITS_MIN)}
        case "9":
            return {
                "save_value_code": digits.take(1),
                "save_value_applies_to": digits.take(1),
                "store_coupon": digits.take(1),
                "do_not_multiply": digits.take(1),
            }
    raise ValueError("no optional field of a coupon")


def _other_company(digits: _Digits) -> str:
    """Indicator 9: the company is the first one; told as an empty text."""
    indicator = int(digits.take(1))
    return "" if indicator == 9 else digits.take(_COMPANY_PREFIX_DIGITS_MIN + indicator)
