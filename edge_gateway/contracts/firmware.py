"""Firmware versions as devices write them, compared: ``1.10`` is newer than ``1.9``; also ``PAAABS00-007-R00``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final

VERSION_CHARS_MAX: Final = 64
"""A version is a short word; what is longer is no version (a banner, noise) and is never compared."""
_EARLIER: Final[Mapping[str, int]] = {"dev": 0, "alpha": 1, "beta": 2, "pre": 3, "rc": 4}
"""Words that come before the release they belong to: 2.0rc1 < 2.0. Others come after it: 1.2 < 1.2a."""
_LEADING_WORD: Final = re.compile(r"^\s*(?:version|ver|rev|fw|v)[.:\s]*(?=[0-9])", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[0-9]+|[A-Za-z]+")
_CLAUSE: Final = re.compile(r"\s*(>=|<=|>|<|==|=)?\s*(\S.*?)\s*")


class FirmwareStatus(StrEnum):
    """How a device's firmware stands to the policy of its profile."""

    APPROVED = "approved"
    BELOW_MINIMUM = "below_minimum"
    NOT_APPROVED = "not_approved"
    NOT_COMPARABLE = "not_comparable"
    """The device reports another kind of version than the policy names: another product, or the wrong profile."""
    OTHER_PROFILE = "other_profile"
    """The profile in use is for other versions of this model: its settings may not fit this one."""
    NOT_REPORTED = "not_reported"

    @property
    def is_drift(self) -> bool:
        """Somebody should look: the device runs what the policy does not allow."""
        return self not in {FirmwareStatus.APPROVED, FirmwareStatus.NOT_REPORTED}


_OPERATORS: Final = {
    ">=": (0, 1),
    ">": (1,),
    "<=": (-1, 0),
    "<": (-1,),
    "==": (0,),
}
"""The results of ``compare`` that each allows."""


def compare(one: str, other: str) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared.

    Numbers count as numbers, ``1.2`` and ``1.2.0`` are the same, case does not count. A leading word (``PAAABS``, a
    model) must be the same in both: another one is another product, of which neither is newer.
    """
    tokens, others = _tokens(one), _tokens(other)
    if not tokens or not others or _product(tokens) != _product(others):
        return None
    for left, right in zip_longest(tokens, others):
        if (difference := _rank(left) - _rank(right)) != 0:
            return 1 if difference > 0 else -1
        if left is not None and right is not None and left != right:
            return 1 if left > right else -1  # type: ignore[operator]  # equal ranks: both numbers or both words
    return 0


@dataclass(frozen=True, slots=True)
class VersionRange:
    """``>=1.2,<2``, or one version alone. All clauses hold."""

    text: str
    clauses: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Raises ValueError with what was expected."""
        clauses = []
        for part in text.split(","):
            found = _CLAUSE.fullmatch(part)
            if found is None or not _tokens(found[2]) or any(sign in found[2] for sign in "<>="):
                raise ValueError(f"{part.strip()!r}: expected a version such as 1.2, or a range such as >=1.2,<2")
            clauses.append(("==" if found[1] in {None, "="} else found[1], found[2]))
        return cls(text, tuple(clauses))

    def contains(self, version: str) -> bool | None:
        """None where the version cannot be compared with the range's own."""
        results = [(operator, compare(version, limit)) for operator, limit in self.clauses]
        if any(result is None for _, result in results):
            return None
        return all(result in _OPERATORS[operator] for operator, result in results)


def judge(reported: Any, minimum: str | None, approved: Sequence[str]) -> FirmwareStatus | None:
    """What a device reports against a policy; None where there is no policy."""
    if minimum is None and not approved:
        return None
    if not isinstance(reported, str | int | float) or not str(reported).strip():
        return FirmwareStatus.NOT_REPORTED
    version = str(reported)
    if minimum is not None:
        order = compare(version, minimum)
        if order is None:
            return FirmwareStatus.NOT_COMPARABLE
        if order < 0:
            return FirmwareStatus.BELOW_MINIMUM
    if not approved:
        return FirmwareStatus.APPROVED
    found = [VersionRange.parse(each).contains(version) for each in approved]
    if any(found):
        return FirmwareStatus.APPROVED
    return FirmwareStatus.NOT_COMPARABLE if all(each is None for each in found) else FirmwareStatus.NOT_APPROVED


def _tokens(text: str) -> list[int | str]:
    if len(text) > VERSION_CHARS_MAX:
        return []
    text = _LEADING_WORD.sub("", text)
    return [int(token) if token.isdigit() else token.lower() for token in _TOKEN.findall(text)]


def _product(tokens: Sequence[int | str]) -> str | None:
    return tokens[0] if isinstance(tokens[0], str) else None


def _rank(token: int | str | None) -> int:
    """Of kinds at one place: a word of an early release, nothing (or a trailing 0), another word, a number."""
    if token is None or token == 0:
        return 10
    if isinstance(token, str):
        return _EARLIER.get(token, 20)
    return 30
