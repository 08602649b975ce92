"""What every scale has in common that is spoken to in dialogues: it is given a unit price and answers weight and price.

A dialogue is a generator without clock and without I/O: it yields what to send and how long to wait, and is sent the
codec event that came, or None where none came in time. ``drivers/price_scale.py`` runs it against a real line.

A module of such a scale offers ``PRICE_SCALE = PriceScaleProtocol(Options, Scale)``; the driver finds it by the
protocol's name (``scale/dialog-06`` is the module ``protocols.scales.dialog_06``), so a new one edits no shared file.

The scale computes the price. Nothing here multiplies or rounds: weight and price are the digits that the scale sent.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from pydantic import BaseModel

from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.scales.polled import ScaleCommand

TEXT_CHARACTERS_MAX = 32
"""No display of a counter scale shows more; each protocol has its own limit below this."""


@dataclass(frozen=True, slots=True)
class PricedRead(WeightRead):
    """A weighing as the scale computed it. ``price``: of the goods, ``unit_price``: echoed where the scale does."""

    unit_price: str | None = None
    price: str | None = None


@dataclass(frozen=True, slots=True)
class PriceRequest:
    """``unit_price`` None: the one that was keyed in at the scale, where a protocol has no other.

    ``tare``: a known tare, in the scale's unit. ``text``: for the scale's display.
    """

    unit_price: Decimal | None
    tare: Decimal | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Send ``data`` (nothing: send nothing), then wait ``wait_s`` for one event (0: do not wait).

    ``is_pause``: let the time pass whatever comes. ``status``: what is known of the scale by now, for the case that the
    dialogue's time ends here. ``is_secret``: the secret could be found from what is sent: it is kept nowhere.
    """

    data: bytes = b""
    wait_s: float = 0.0
    is_pause: bool = False
    status: ScaleStatus | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Weighing:
    """How a dialogue ended: a read with a weight, or one that says why there is none.

    ``tare``: as it was sent to the scale.
    """

    read: WeightRead
    tare: str | None = None


Dialogue = Generator[Step, CodecEvent | None, Weighing]
"""Raises DeviceError where the scale refuses what was asked, and TimeoutError where it does not answer."""


class PriceScale(Protocol):
    """One connection's side of the conversation."""

    @property
    def codec(self) -> Codec: ...

    @property
    def unit(self) -> str:
        """Unit of a weight that was sent without one."""
        ...

    def look(self) -> Dialogue | None:
        """A question that disturbs nothing and may be put at any time; None: there is none."""
        ...

    def weigh(self) -> Dialogue | None:
        """The weight without a price; None: this scale weighs only for a price."""
        ...

    def price(self, request: PriceRequest) -> Dialogue | None:
        """Weight and price; None: this scale computes none. Raises ValueError, for people, on what cannot be sent."""
        ...

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        """Zero or tare; None: the protocol has no such command."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a scale needs from outside. ``draw(bits)``: a number of so many random bits. Never shows the secret."""

    secret: str | None = field(repr=False)
    draw: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class PriceScaleProtocol:
    """``options``: the settings of a profile that belong to the protocol. ``scale`` is made from them and ``Means``.

    ``wants_secret``: with these options it cannot run without the secret of its vendor.
    """

    options: type[BaseModel]
    scale: Callable[[Any, Means], PriceScale]
    wants_secret: Callable[[Any], bool] = lambda options: False
