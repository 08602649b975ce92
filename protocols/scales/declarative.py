"""A polled scale described by its profile: framing, requests, and what each answer means. No Python for a new one.

::

    [settings]
    protocol = "scale/declarative"
    unit = "kg"

    [settings.framing]
    kind = "end"
    end = ["\\r"]

    [settings.requests]
    read_weight = "?\\r"

    [[settings.answers]]
    pattern = 'S +(?P<weight>[0-9]+\\.[0-9]+) ?(?P<unit>kg|g)'
    status = "stable_weight"

    [[settings.answers]]
    pattern = "M"
    status = "weight_unstable"

The first answer whose pattern matches the whole frame counts; a frame that none matches is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.declarative.framer import Frame, Framer
from protocols.declarative.framing import EndFraming, Framing, Part, SomeOctets, to_bytes
from protocols.declarative.patterns import Pattern, group_names, matched
from protocols.decoding import Decodable, Side
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, WeightUnchanged

GROUPS = frozenset({"weight", "sign", "unit", "status", "net", "bits"})
"""What a pattern's groups can be called."""


class StatusBit(Part):
    """One bit of the status character (group ``bits``)."""

    mask: int = Field(ge=1, le=0xFF)
    status: ScaleStatus


class Answer(Part):
    """One kind of frame, and what it means.

    Groups of ``pattern``: ``weight`` (digits, with a point or comma or ``decimals``), ``sign``, ``unit``, ``status``
    (looked up in ``statuses``), ``net`` (it is net if the group is one of ``net_words``), ``bits`` (one character).
    """

    pattern: Pattern = Field(description="RE2 expression that the whole frame must match.")
    status: ScaleStatus = Field(ScaleStatus.STABLE_WEIGHT, description="Where nothing in the frame says otherwise.")
    statuses: Mapping[str, ScaleStatus] = Field({}, description="Text of the group status to its meaning.")
    bits: tuple[StatusBit, ...] = Field((), description="Bits of the group bits; the first that is set counts.")
    decimals: int | None = Field(None, ge=0, le=6, description="Places of a weight that is sent without a point.")
    units: Mapping[str, str] = Field({}, description="Text of the group unit to the unit's name; others as they are.")
    net_words: tuple[str, ...] = Field((), description="Texts of the group net that mean a net weight.")
    is_unchanged: bool = Field(False, description="The scale says only that its last weight still holds.")

    @model_validator(mode="after")
    def _groups_are_known(self) -> Self:
        groups = group_names(self.pattern)
        if unknown := sorted(groups - GROUPS):
            raise ValueError(f"group {', '.join(unknown)}: expected names of {', '.join(sorted(GROUPS))}")
        for name, table in (("status", self.statuses), ("bits", self.bits), ("net", self.net_words)):
            if bool(table) != (name in groups):
                missing = "the pattern has no such group" if table else "nothing says what it means"
                raise ValueError(f"group {name}: {missing}")
        return self


class DeclarativeScaleOptions(Part):
    """The settings of a profile that describe the scale."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    framing: Framing = Field(description="How answers are cut out of the line.")
    requests: Mapping[ScaleCommand, SomeOctets] = Field(
        description="Bytes of each question. tare may hold {weight}: a known tare as decimal text."
    )
    answers: tuple[Answer, ...] = Field(min_length=1, max_length=32)
    unit: str = Field("kg", description="Unit of a weight that is sent without one.")

    @model_validator(mode="after")
    def _asks_for_the_weight(self) -> Self:
        if ScaleCommand.READ_WEIGHT not in self.requests:
            raise ValueError("requests: expected read_weight, the question for the weight")
        return self


class DeclarativeScaleCodec:
    """Frames of the described scale to ``WeightRead`` and ``WeightUnchanged``."""

    def __init__(self, options: DeclarativeScaleOptions) -> None:
        self.unit = options.unit
        self._options = options
        self._framer = Framer(options.framing)

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        request = self._options.requests.get(command)
        if request is None:
            return None
        if weight is None:
            if "{weight}" in request:
                raise ValueError(f"{command.value}: this scale takes a known weight only; give one")
            return to_bytes(request)
        if "{weight}" not in request:
            raise ValueError(f"{command.value}: this scale takes no known weight, only what lies on it")
        return to_bytes(request.replace("{weight}", str(weight)))

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [self._understood(frame) for frame in self._framer.feed(data)]

    def flush(self) -> Sequence[CodecEvent]:
        return [self._understood(frame) for frame in self._framer.flush()]

    def _understood(self, frame: Frame | FrameRejected) -> CodecEvent:
        if isinstance(frame, FrameRejected):
            return frame
        for answer in self._options.answers:
            groups = matched(answer.pattern, frame.body)
            if groups is not None:
                return _meaning(answer, groups) or FrameRejected.of("no_known_status", frame.whole)
        return FrameRejected.of("no_known_answer", frame.whole)


def _meaning(answer: Answer, groups: Mapping[str, str]) -> CodecEvent | None:
    """None: the frame has a status that the profile does not know, which must not count as stable."""
    if answer.is_unchanged:
        return WeightUnchanged()
    status: ScaleStatus | None = answer.status
    if "status" in groups:
        status = answer.statuses.get(groups["status"])
    if answer.bits and "bits" in groups:
        value = ord(groups["bits"][:1] or "\0")
        status = next((bit.status for bit in answer.bits if value & bit.mask), status)
    if status is None:
        return None
    weight = _weight(groups, answer.decimals) if "weight" in groups else None
    is_net = groups.get("net") in answer.net_words
    unit = groups.get("unit", "").strip()
    return WeightRead(_told(status, weight, is_net), weight, answer.units.get(unit, unit) or None, is_net)


def _told(status: ScaleStatus, weight: str | None, is_net: bool) -> ScaleStatus:
    """Stable is only what is there: zero and less than zero are states of their own."""
    if status is not ScaleStatus.STABLE_WEIGHT:
        return status
    if weight is None:
        return ScaleStatus.NOT_READY
    if not weight.strip("-0."):
        return ScaleStatus.WEIGHT_ZERO
    return ScaleStatus.WEIGHT_UNDER_ZERO if weight.startswith("-") and not is_net else status


def _weight(groups: Mapping[str, str], decimals: int | None) -> str | None:
    """Decimal text as sent: leading zeros and blanks dropped, a comma as a point. None: blank, or no number."""
    digits = groups["weight"].replace(" ", "").replace(",", ".")
    sign = "-" if "-" in (groups.get("sign", "") + digits) else ""
    whole, point, fraction = digits.lstrip("+-").partition(".")
    if not point and decimals:
        whole, fraction = whole[:-decimals], whole[-decimals:].rjust(decimals, "0")
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        return None
    return f"{sign}{whole.lstrip('0') or '0'}{f'.{fraction}' if fraction else ''}"


SCALE = PolledScaleProtocol(DeclarativeScaleOptions, DeclarativeScaleCodec)

_EXAMPLE = DeclarativeScaleOptions(
    framing=EndFraming(kind="end"),
    requests={ScaleCommand.READ_WEIGHT: "W\r"},
    answers=(
        Answer(
            pattern=r"(?P<status>ST|US|OL),(?P<net>GS|NT),(?P<sign>[-+ ])(?P<weight>[0-9 ]*\.[0-9 ]*)(?P<unit>kg|g|lb)",
            statuses={
                "ST": ScaleStatus.STABLE_WEIGHT,
                "US": ScaleStatus.WEIGHT_UNSTABLE,
                "OL": ScaleStatus.WEIGHT_OVERWEIGHT,
            },
            net_words=("NT",),
        ),
    ),
)
"""For ``decode``, which has no profile: a line that many indicators send."""

PROTOCOLS = {
    "scale/declarative": Decodable(
        device_to_host=Side(
            lambda: DeclarativeScaleCodec(_EXAMPLE),
            examples=(b"ST,GS,+  1.235kg\r\n", b"US,NT,-  0.120kg\r", b"OL,GS,+   .   kg\r\n"),
        )
    )
}
