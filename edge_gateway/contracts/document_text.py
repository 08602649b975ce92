"""Elements of a print document that are text: paragraphs, two columns, tables, rules, and how their text looks."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic import model_validator as _model_validator

from edge_gateway.contracts.printed_text import PLAIN, Align, Colour, Font, TextRun, TextStyle

TEXT_CHARACTERS_MAX = 4_000
"""Of one text element."""
RUNS_MAX = 100
"""Of one text: its parts in different styles."""
SIZE_MAX = 8
"""Widest and tallest magnification of ESC/POS (GS !)."""
TABLE_COLUMNS_MAX = 8
"""Eight columns of five characters fill 80 mm paper."""
TABLE_ROWS_MAX = 300
"""Of one table: about a metre and a half of paper."""
TABLE_GAP_MAX = 8
COLUMN_CHARACTERS_MAX = 80
"""No receipt printer has more in a line."""


def reject_controls(value: str, allowed: str = "") -> str:
    """The text itself. Raises ValueError for a control character: a printer would take it for a command."""
    for character in value:
        if unicodedata.category(character) == "Cc" and character not in allowed:
            raise ValueError(f"control character U+{ord(character):04X} is not allowed")
    return value


def _lines(value: str) -> str:
    return reject_controls(value.replace("\r\n", "\n"), allowed="\n")


def _rule_character(value: str) -> str:
    if not value.isprintable() or unicodedata.east_asian_width(value) in "WF" or unicodedata.combining(value):
        raise ValueError("expected one character that is one cell wide")
    return value


LineText = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX), AfterValidator(reject_controls)]
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX), AfterValidator(_lines)]
Magnification = Annotated[int, Field(ge=1, le=SIZE_MAX, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Size = tuple[Magnification, Magnification]
Underline = Literal[False, True, "double"]
Direction = Literal["auto", "left_to_right", "right_to_left"]
_UNDERLINE_DOTS: dict[Any, Literal[0, 1, 2]] = {False: 0, True: 1, "double": 2}


class Part(BaseModel):
    """One element of a document, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Styled(Part):
    """How the text of an element looks."""

    bold: Switch = False
    underline: Underline = False
    double_strike: Switch = False
    invert: Switch = Field(False, description="White on black.")
    upside_down: Switch = Field(False, description="Turned by 180 degrees, for slips read from the other side.")
    font: Font = Field("a", description="b is smaller.")
    colour: Colour = Field("black", description="red: white on black where the printer has one colour.")
    size: Size = Field((1, 1), description="Width and height, in multiples.")

    def style(self) -> TextStyle:
        """As the layout takes it."""
        return TextStyle(
            self.bold,
            _UNDERLINE_DOTS[self.underline],
            self.double_strike,
            self.invert,
            self.upside_down,
            self.font,
            self.colour,
            *self.size,
        )


class Run(Part):
    """A part of a text in a style of its own; what it does not say is as in its element."""

    text: Text
    bold: Switch | None = None
    underline: Underline | None = None
    double_strike: Switch | None = None
    invert: Switch | None = None
    font: Font | None = None
    colour: Colour | None = None
    size: Size | None = None

    def run(self, base: TextStyle) -> TextRun:
        """With the style of its element as ``base``."""
        told: dict[str, Any] = {
            "is_bold": self.bold,
            "underline": None if self.underline is None else _UNDERLINE_DOTS[self.underline],
            "is_double_struck": self.double_strike,
            "is_inverted": self.invert,
            "font": self.font,
            "colour": self.colour,
            "width": self.size and self.size[0],
            "height": self.size and self.size[1],
        }
        return TextRun(self.text, base._replace(**{name: value for name, value in told.items() if value is not None}))


Runs = Annotated[list[Run], Field(max_length=RUNS_MAX)]


def _kind_of_text(value: Any) -> str:
    return "-runs" if isinstance(value, list | tuple) else "-text"


# The tags begin with a sign that no field has: they are left out where a problem's place is told.
InlineText = Annotated[
    Annotated[Text, Tag("-text")] | Annotated[Runs, Tag("-runs")],
    Discriminator(_kind_of_text),
    Field(description="Text, or a list of parts that differ in style."),
]
InlineLine = Annotated[
    Annotated[LineText, Tag("-text")] | Annotated[Runs, Tag("-runs")],
    Discriminator(_kind_of_text),
    Field(description="Text, or a list of parts that differ in style; without newlines."),
]


def text_runs(text: str | list[Run], base: TextStyle = PLAIN) -> tuple[TextRun, ...]:
    """An ``InlineText`` or ``InlineLine`` as runs."""
    return (TextRun(text, base),) if isinstance(text, str) else tuple(run.run(base) for run in text)


def text_characters(text: str | list[Run]) -> int:
    """How many there are."""
    return len(text) if isinstance(text, str) else sum(len(run.text) for run in text)


class TextElement(Styled):
    """Text, wrapped to the paper; a newline in it starts a new line."""

    type: Literal["text"]
    text: InlineText
    align: Align | None = Field(None, description="Default: left; right for text that is read from right to left.")
    direction: Direction = Field("auto", description="auto: that of the first letter of each line.")


class ColumnsElement(Styled):
    """One line with a text at each edge; a long left text is wrapped, with the right text on its last line."""

    type: Literal["columns"]
    left: InlineLine
    right: InlineLine

    @_model_validator(mode="after")
    def _check_lines(self) -> ColumnsElement:
        for name in ("left", "right"):
            if any("\n" in run.text for run in text_runs(getattr(self, name))):
                raise ValueError(f"{name}: control character U+000A is not allowed")
        return self


class RuleElement(Part):
    """A line across the paper."""

    type: Literal["rule"]
    character: Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_rule_character)] = "-"


class TableColumn(Part):
    """``width`` in characters of the table's font; without it what its longest cell needs."""

    width: Annotated[int, Field(ge=1, le=COLUMN_CHARACTERS_MAX, strict=True)] | None = None
    align: Align | None = Field(None, description="Default: left; right for text that is read from right to left.")
    stands: Literal["top", "bottom"] = Field("top", description="Of a cell with fewer lines than its row.")


Row = Annotated[list[InlineText], Field(max_length=TABLE_COLUMNS_MAX)]


class TableElement(Styled):
    """Rows of cells below one another; a text wider than its column is wrapped in it.

    Where the columns need less than the paper, the first one without a width takes the rest; where they need more,
    the widest ones without a width give way.
    """

    type: Literal["table"]
    columns: Annotated[list[TableColumn], Field(min_length=1, max_length=TABLE_COLUMNS_MAX)]
    header: Row | None = Field(None, description="A first row in bold.")
    rows: Annotated[list[Row], Field(max_length=TABLE_ROWS_MAX)]
    gap: int = Field(1, ge=0, le=TABLE_GAP_MAX, strict=True, description="Characters between two columns.")
    direction: Literal["left_to_right", "right_to_left"] = Field(
        "left_to_right", description="right_to_left: the first column stands at the right edge."
    )

    @_model_validator(mode="after")
    def _check_rows(self) -> TableElement:
        for number, row in enumerate(self.rows):
            if len(row) > len(self.columns):
                raise ValueError(f"row {number} has {len(row)} cells; the table has {len(self.columns)} columns")
        if self.header is not None and len(self.header) > len(self.columns):
            raise ValueError(f"the header has {len(self.header)} cells; the table has {len(self.columns)} columns")
        return self
