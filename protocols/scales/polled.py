"""What every polled scale has in common: the host asks, the scale answers.

A module of a polled scale offers ``SCALE = PolledScaleProtocol(Options, Codec)``; the driver finds it by the protocol's
name (``scale/toledo-8217`` is the module ``protocols.scales.toledo_8217``), so a new one edits no shared file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent


class ScaleCommand(StrEnum):
    """What a host can ask of a scale. A protocol need not have all of them."""

    READ_WEIGHT = "read_weight"
    ZERO = "zero"
    TARE = "tare"
    CLEAR_TARE = "clear_tare"


@dataclass(frozen=True, slots=True)
class WeightUnchanged(CodecEvent):
    """The scale says only that nothing changed since the last weight it sent."""


class PolledScaleCodec(Codec, Protocol):
    """A codec that also puts questions. Answers are ``WeightRead`` (or a subclass) and ``WeightUnchanged``."""

    @property
    def unit(self) -> str:
        """Unit of a weight that was sent without one."""
        ...

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        """The bytes to send; None: the protocol has no such command. ``weight``: a known tare, in ``unit``.

        Raises ValueError, fit for people, when ``weight`` cannot be sent.
        """
        ...


@dataclass(frozen=True, slots=True)
class PolledScaleProtocol:
    """``options``: the settings of a profile that belong to the protocol; ``codec`` is made from them."""

    options: type[BaseModel]
    codec: Callable[[Any], PolledScaleCodec]
