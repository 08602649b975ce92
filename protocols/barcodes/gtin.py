"""GS1 trade item numbers: UPC-E, and the one 14-digit form.

GS1 General Specifications 5.2.2.4 (UPC-E); for the check digit see ``edge_gateway.contracts.check_digits``.
"""

from __future__ import annotations

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit, is_digits


def expand_upc_e(digits: str) -> str | None:
    """UPC-E as UPC-A (12 digits), or None where the digits are no UPC-E.

    Takes 8 digits (number system, 6, check), 7 (without check) and 6 (also without number system, which is then 0).
    """
    if not is_digits(digits) or len(digits) not in (6, 7, 8):
        return None
    number_system = "0" if len(digits) == 6 else digits[0]
    if number_system not in "01":
        return None
    body = digits if len(digits) == 6 else digits[1:7]
    payload = number_system + _unsuppressed(body)
    upc_a = f"{payload}{check_digit(payload)}"
    return upc_a if len(digits) < 8 or digits[7] == upc_a[-1] else None


def normalised(digits: str) -> str | None:
    """GTIN-8, -12, -13 or -14 as 14 digits; None for another length or a wrong check digit."""
    if len(digits) in (8, 12, 13, 14) and has_valid_check_digit(digits):
        return digits.zfill(14)
    return None


def upc_a_of_unlabelled(digits: str) -> str | None:
    """Eight digits without identifier as UPC-A, where they are UPC-E rather than EAN-8; else None.

    Some are valid as both. With a 0 in front they are UPC-E: an EAN-8 that begins so is a number of the store's own.
    """
    if len(digits) != 8 or (has_valid_check_digit(digits) and digits[0] != "0"):
        return None
    return expand_upc_e(digits)


def is_restricted_circulation(gtin: str) -> bool:
    """The number has a meaning only inside a store or country (weight, price, member card): no GTIN of an item.

    ``gtin``: 14 digits. GS1 prefixes 02, 04 and 20 to 29; GTIN-8 that begin with 0 or 2. General Specifications 1.4.2.
    """
    if gtin.startswith("000000"):
        return gtin[6] in "02"
    return gtin[0] == "0" and (gtin[1] == "2" or gtin[1:3] in ("02", "04"))


def _unsuppressed(body: str) -> str:
    """The ten digits that six digits of UPC-E stand for: zeros put back where the last digit says."""
    last = body[5]
    if last in "012":
        return f"{body[:2]}{last}0000{body[2:5]}"
    if last == "3":
        return f"{body[:3]}00000{body[3:5]}"
    if last == "4":
        return f"{body[:4]}00000{body[4]}"
    return f"{body[:5]}0000{last}"
