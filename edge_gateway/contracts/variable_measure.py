"""How a store's own numbers (GS1 restricted circulation) hold a price, a weight or a count: templates as data."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SHAPE = re.compile(r"[0-9]{1,7}[IVPWN]+C")
_MEASURES = {"P": "price", "W": "weight", "N": "count"}


class VariableMeasureTemplate(BaseModel):
    """One kind of number, digit by digit: ``2IIIIIVPPPPC``.

    Digits stand for themselves; ``I`` item reference, ``P`` price, ``W`` weight, ``N`` count, ``V`` check digit of the
    price, weight or count, ``C`` check digit of the number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: str = Field(
        description="12 (UPC-A) or 13 (EAN-13) places: digits stand for themselves, I item reference, P price, "
        "W weight, N count, V check digit of the measure, C check digit of the number."
    )
    decimals: int = Field(2, ge=0, le=4, description="Digits of the price or weight behind the decimal point.")
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="Of the price: ISO 4217.")
    unit: str = Field("kg", max_length=8, description="Of the weight.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        text = self.template
        if not _SHAPE.fullmatch(text) or len(text) not in (12, 13):
            raise ValueError("expected 12 or 13 places such as 2IIIIIVPPPPC: digits, then I, V, P, W or N, then C")
        found = [letter for letter in _MEASURES if letter in text]
        if len(found) != 1 or not re.search(rf"{found[0]}+", text) or text.count(found[0]) != _run(text, found[0]):
            raise ValueError("expected one price (P), weight (W) or count (N), its digits side by side")
        if text.count("I") != _run(text, "I"):
            raise ValueError("expected the digits of the item reference (I) side by side")
        if text.count("V") > 1 or ("V" in text and text.count(found[0]) not in (4, 5)):
            raise ValueError("expected at most one V, beside a measure of 4 or 5 digits, for which GS1 defines it")
        return self

    @cached_property
    def kind(self) -> str:
        """``price``, ``weight`` or ``count``."""
        return next(name for letter, name in _MEASURES.items() if letter in self.template)

    @cached_property
    def letter(self) -> str:
        """Of the measure's digits in the template."""
        return next(letter for letter in _MEASURES if letter in self.template)

    @cached_property
    def prefix(self) -> str:
        """What the number begins with, as 13 digits."""
        padded = self.template.rjust(13, "0")
        return padded[: len(padded) - len(padded.lstrip("0123456789"))]


def _run(text: str, letter: str) -> int:
    """The length of the first run of the letter."""
    return len(match[0]) if (match := re.search(f"{letter}+", text)) else 0


def _country(value: Any) -> Any:
    return {"UK": "GB"}.get(value.upper(), value.upper()) if isinstance(value, str) else value


Country = Annotated[str, BeforeValidator(_country), Field(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
