"""Finds payment card numbers, so that they are refused at the door instead of being stored.

A card number here: 13 to 19 digits, single or doubled spaces and hyphens between them allowed, that begin with a range
published for a scheme (ISO/IEC 7812-1 issuer identification numbers), have a length that it issues, and pass the Luhn
check. It may stand among other groups of digits; within a longer row of digits it is not looked for.

What is refused by mistake, measured by tests/contracts/test_card_data.py:

- free text that holds 16 random digits: 3.4 % (with 13 digits 1.4 %, with 19 digits 2.4 %). A valid GTIN-13 is
  never taken for a card number: most German bar codes begin like a Visa card, British ones like a Maestro card.
- a reference of 16 random digits, beside the last four digits of the card: 0.0003 %. A number of a payment gateway
  may look like a card number; it is one only if it ends as the card of its tender does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from edge_gateway.contracts.check_digits import has_valid_check_digit

PAN_DIGITS_MIN: Final = 13
PAN_DIGITS_MAX: Final = 19
"""ISO/IEC 7812-1: primary account numbers in use have 13 to 19 digits."""

PREFIX_DIGITS: Final = 4
"""The longest prefix of a scheme here."""
_GTIN_DIGITS: Final = 13

SCHEMES: Final[tuple[tuple[str, tuple[tuple[str, str], ...], frozenset[int]], ...]] = (
    ("visa", (("4", "4"),), frozenset({13, 16, 19})),
    ("mastercard", (("51", "55"), ("2221", "2720")), frozenset({16})),
    ("amex", (("34", "34"), ("37", "37")), frozenset({15})),
    ("discover", (("6011", "6011"), ("644", "649"), ("65", "65")), frozenset(range(16, 20))),
    ("diners", (("300", "305"), ("3095", "3095"), ("36", "36"), ("38", "39")), frozenset(range(14, 20))),
    ("jcb", (("3528", "3589"),), frozenset(range(16, 20))),
    ("unionpay", (("62", "62"), ("810", "817")), frozenset(range(16, 20))),
    ("maestro", (("50", "50"), ("56", "58"), ("63", "63"), ("67", "67")), frozenset(range(13, 20))),
)
"""Scheme, first and last of its prefixes, lengths; as the schemes publish them to merchants."""

TEST_CARD_NUMBERS: Final = frozenset(
    {
        "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556", "4222222222222",
        "5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222",
        "378282246310005", "371449635398431", "378734493671000",
        "6011111111111117", "6011000990139424",
        "30569309025904", "38520000023237", "36227206271667", "3056930009020004",
        "3530111333300000", "3566002020360505",
        "6200000000000005", "6759649826438453",
    }
)  # fmt: skip
"""Published by payment providers for trying things out. A till that sends one has its test settings in it."""

_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_GROUPS: Final = re.compile(r"\d+(?:[ -]{1,2}\d+)*")
_DIGITS: Final = re.compile(r"\d+")
_LONG_DIGITS: Final = re.compile(r"[0-9](?:[ -]?[0-9]){12,}", re.ASCII)


def holds_card_number(text: str, digits_min: int = PAN_DIGITS_MIN) -> bool:
    """Whether a card number stands in free text. ``digits_min``: where shorter numbers have another meaning."""
    return any(len(number) >= digits_min for number in _card_numbers(text))


def holds_number_of_card(reference: str, last4: str | None) -> bool:
    """Whether a reference holds the number of the card that ends with ``last4``, or a published test number."""
    return any(
        number in TEST_CARD_NUMBERS or (last4 is not None and number.endswith(last4))
        for number in _card_numbers(reference)
    )


def mask_long_digits(text: str) -> str:
    """For error messages: a run of 13 digits or more is never repeated to anybody."""
    return _LONG_DIGITS.sub("[digits]", text)


def _card_numbers(text: str) -> Iterator[str]:
    """Every row of whole groups of digits that is a card number, in ASCII digits."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    for found in _GROUPS.finditer(plain):
        yield from _card_numbers_of(_DIGITS.findall(found.group()))


def _card_numbers_of(groups: Sequence[str]) -> Iterator[str]:
    """Linear in the number of digits: a request may hold a hundred thousand, each a group of its own."""
    digits = "".join(groups)
    borders = [0, *accumulate(map(len, groups))]
    ends = frozenset(borders)
    # Digits of other scripts count as well: whoever reads them reads the card number.
    values = [int(digit) for digit in digits]
    doubled = _luhn_sums(values, 0), _luhn_sums(values, 1)
    for start in borders[:-1]:
        for length in _lengths_issued("".join(map(str, values[start : start + PREFIX_DIGITS]))):
            end = start + length
            if end in ends:
                # ISO/IEC 7812-1 annex B: every second digit is doubled, beginning with the last but one.
                sums = doubled[end % 2]
                if (sums[end] - sums[start]) % 10 == 0:
                    number = "".join(map(str, values[start:end]))
                    if length != _GTIN_DIGITS or not has_valid_check_digit(number):
                        yield number


def _luhn_sums(values: Sequence[int], parity: int) -> list[int]:
    """Running sums, every second digit doubled, those at places of this parity (0: the first)."""
    parts = (sum(divmod(2 * value, 10)) if place % 2 == parity else value for place, value in enumerate(values))
    return [0, *accumulate(parts)]


@lru_cache(maxsize=10**PREFIX_DIGITS)
def _lengths_issued(prefix: str) -> tuple[int, ...]:
    """Of the schemes that have this prefix."""
    lengths: set[int] = set()
    for _, ranges, issued in SCHEMES:
        if any(first <= prefix[: len(first)] <= last for first, last in ranges):
            lengths |= issued
    return tuple(sorted(lengths))
