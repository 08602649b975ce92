"""Settings of a scale: those of its driver, and beside them those of its protocol."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from drivers.protocol_settings import ProtocolSettings, find_protocol
from protocols.scales.polled import PolledScaleProtocol, StreamingScaleProtocol

_Resolution = Field(
    None,
    pattern=r"^\d{1,3}(\.\d{1,5})?$",
    description="One division of the scale, such as 0.005, where its answers do not say; null: one step of the last "
    "digit that is sent.",
)


class _ScaleSettings(ProtocolSettings):
    resolution: str | None = _Resolution


class PolledScaleSettings(_ScaleSettings):
    """Settings of a scale that is asked."""

    poll_interval_s: float = Field(0.1, ge=0.02, le=60, description="Time from one question to the next.")
    reply_timeout_s: float = Field(
        0.2, ge=0.02, le=60, description="A poll without an answer in this time is missed; the second one is no_answer."
    )
    unchanged_age_max_s: float = Field(
        30.0, gt=0, description="How long a weight holds on the scale's word that nothing changed (no_bit_status)."
    )

    poll_interval_after_weight_s: float | None = Field(
        None, ge=0.1, le=60, description="Time to the next question after a weight, of a scale that beeps when asked."
    )
    answers_only_new_weight: bool = Field(
        False, description="The scale answers only when a new weight lies on it: silence is not_ready, not no_answer."
    )

    @classmethod
    def options_of(cls, protocol: str) -> type[BaseModel]:
        return load_polled_scale(protocol).options


class StreamingScaleSettings(_ScaleSettings):
    """Settings of a scale that sends by itself."""

    silence_s: float = Field(
        1.0, ge=0.1, le=60, description="A scale that sends all the time has fallen silent after this."
    )
    sends: Literal["always", "on_change"] = Field(
        "always",
        description="on_change: also when its key is pressed; what it sent is shown for hold_s, and silence is well.",
    )
    hold_s: float = Field(3.0, ge=0.2, le=60, description="How long a weight that was sent once is shown (on_change).")

    @classmethod
    def options_of(cls, protocol: str) -> type[BaseModel]:
        return load_streaming_scale(protocol).options


def load_polled_scale(name: str) -> PolledScaleProtocol:
    """``scale/toledo-8217`` is ``SCALE`` of ``protocols.scales.toledo_8217``. Raises ValueError."""
    return find_protocol(name, "SCALE", PolledScaleProtocol, "a polled scale")


def load_streaming_scale(name: str) -> StreamingScaleProtocol:
    """``scale/toledo-continuous`` is ``STREAM`` of ``protocols.scales.toledo_continuous``. Raises ValueError."""
    return find_protocol(name, "STREAM", StreamingScaleProtocol, "a scale that sends by itself")
