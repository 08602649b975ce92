"""What every polled scale has in common: the host asks, the scale answers.

A module of a polled scale offers ``SCALE = PolledScaleProtocol(Options, Codec)``; the driver finds it by the protocol's
name (``scale/toledo-8217`` is the module ``protocols.scales.toledo_8217``), so a new one edits no shared file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    READ_HIGH_RESOLUTION = "read_high_resolution"


@dataclass(frozen=True, slots=True)
class WeightUnchanged(CodecEvent):
    """The scale says only that nothing changed since the last weight it sent."""


@dataclass(frozen=True, slots=True)
class CommandAnswered(CodecEvent):
    """What the scale said to a command that asks for no weight.

    ``is_done`` None: heard, and nothing is said of the outcome. ``reason``: why not, in the words of the protocol's
    manual. ``command``: as the answer names it; None where it names none. ``told``: what else ``decode`` shows.
    """

    command: str | None
    is_done: bool | None
    reason: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentityRead(CodecEvent):
    """The scale says who it is: asked, or by itself when it was switched on."""

    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


class PolledScaleCodec(Codec, Protocol):
    """A codec that also puts questions.

    Answers to a question for the weight are ``WeightRead`` (or a subclass) and ``WeightUnchanged``; to another command
    also ``CommandAnswered`` and ``IdentityRead``.
    """

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
    """``options``: the settings of a profile that belong to the protocol; ``codec`` is made from them.

    ``identity``: questions for ``IdentityRead``, each put once when the scale begins to answer.
    """

    options: type[BaseModel]
    codec: Callable[[Any], PolledScaleCodec]
    identity: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamingScaleProtocol:
    """A scale that sends by itself; a module offers it as ``STREAM``.

    ``start``: what makes it send, put at the start and again where it fell silent; empty where it is set up to.
    """

    options: type[BaseModel]
    codec: Callable[[Any], PolledScaleCodec]
    start: tuple[bytes, ...] = ()
    identity: tuple[bytes, ...] = ()
