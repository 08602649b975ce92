"""Words, numbers, dates and money as a language writes them: filters of print templates, from a table of data."""

from __future__ import annotations

import importlib.resources
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_gateway.contracts.money import MINOR_DIGITS, fraction_digits, round_half_up

DEFAULT_LANGUAGE: Final = "en"
GROUP_DIGITS: Final = 3
LEFT_TO_RIGHT_MARK: Final = "\u200e"
_DATE_LETTERS: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}

Locale = Mapping[str, Any]


@cache
def languages() -> Mapping[str, Locale]:
    """The packaged ones, by ISO 639 code."""
    text = importlib.resources.files("edge_gateway").joinpath("resources", "print_templates", "languages.toml")
    return tomllib.loads(text.read_text("utf-8"))


def locale_of(language: str, changes: Mapping[str, Any]) -> Locale:
    """A language's formats and words, with what a request or a site has otherwise. ``de-AT`` falls back to ``de``.

    Raises ValueError for a language that is not packaged.
    """
    base = language.replace("_", "-").split("-")[0].lower()
    if base not in languages():
        raise ValueError(f"language {language!r}: expected one of {', '.join(sorted(languages()))}")
    found = {**languages()[DEFAULT_LANGUAGE], **languages()[base], **changes}
    sources = (languages()[DEFAULT_LANGUAGE], languages()[base], changes)
    for table in ("words", "signs"):
        found[table] = {name: word for each in sources for name, word in each.get(table, {}).items()}
    return found


def filters(locale: Locale, currency: str | None, timezone: str | None) -> dict[str, Callable[..., Any]]:
    """For a template. ``currency`` and ``timezone`` stand in where a filter is not told which."""

    def number(value: Any, digits: int | None = None) -> str:
        amount = _decimal(value)
        amount = amount if digits is None else round_half_up(amount, digits)
        return _grouped(amount, fraction_digits(amount), locale)

    def money(value: Any, code: str | None = None, *, is_bare: bool = False) -> str:
        code = code or currency
        if code is None:
            raise ValueError("money: no currency in the data; say which, such as money('EUR')")
        digits = MINOR_DIGITS.get(code, 2)
        text = _grouped(round_half_up(_decimal(value), digits), digits, locale)
        sign = str(locale["signs"].get(code, code))
        return text if is_bare else str(locale["money"]).replace("{amount}", text).replace("{sign}", sign)

    def amount(value: Any, code: str | None = None) -> str:
        return money(value, code, is_bare=True)

    def percent(value: Any) -> str:
        share = (_decimal(value) * 100).normalize()
        share = share.quantize(Decimal(1)) if share == share.to_integral() else share
        return str(locale["percent"]).replace("{number}", _grouped(share, fraction_digits(share), locale))

    def date(value: Any) -> str:
        return _instant(value, timezone).strftime(_strftime(locale["date"]))

    def clock(value: Any) -> str:
        return _instant(value, timezone).strftime(_strftime(locale["time"]))

    def word(name: str) -> str:
        words = locale["words"]
        if name not in words:
            raise ValueError(f"word {name!r}: expected one of {', '.join(sorted(words))}")
        return str(words[name])

    return {
        "amount": amount,
        "date": date,
        "money": money,
        "number": number,
        "number_value": _decimal,
        "percent": percent,
        "time": clock,
        "word": word,
    }


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite() or abs(number.adjusted()) > 20:
        raise ValueError(f"{value!r} is no number for a receipt")
    return number


def _grouped(number: Decimal, digits: int, locale: Locale) -> str:
    """``-1234.5`` as ``-1.234,5``; zero has no sign."""
    whole, _, fraction = f"{abs(number):.{digits}f}".partition(".")
    head = len(whole) % GROUP_DIGITS
    groups = [whole[:head]] * bool(head)
    groups += [whole[place : place + GROUP_DIGITS] for place in range(head, len(whole), GROUP_DIGITS)]
    text = str(locale["group"]).join(groups) if len(whole) >= locale["group_from_digits"] else whole
    text += str(locale["decimal"]) + fraction if fraction else ""
    if number >= 0:
        return text
    # Among letters that are read from the right, a minus would go to the other end of its number.
    return f"{LEFT_TO_RIGHT_MARK}-{text}" if locale["direction"] == "right_to_left" else f"-{text}"


def _instant(value: Any, timezone: str | None) -> datetime:
    """An instant in the store's time zone; a day as it is."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is no date: expected 2026-11-21 or 2026-11-21T10:15:03Z") from None
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(ZoneInfo(timezone) if timezone else UTC)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"timezone {timezone!r}: unknown on this box") from None


def _strftime(pattern: str) -> str:
    for letters, code in _DATE_LETTERS.items():
        pattern = pattern.replace(letters, code)
    return pattern
