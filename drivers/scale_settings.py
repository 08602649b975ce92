"""Settings of a scale: those of its driver, and beside them those of its protocol."""

from __future__ import annotations

import importlib
import keyword
import re
from types import ModuleType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.scales.polled import PolledScaleProtocol, StreamingScaleProtocol

_PROTOCOL = re.compile(r"scale/([a-z0-9]+(?:-[a-z0-9]+)*)")

_Resolution = Field(
    None,
    pattern=r"^\d{1,3}(\.\d{1,5})?$",
    description="One division of the scale, such as 0.005, where its answers do not say; null: one step of the last "
    "digit that is sent.",
)


class _ScaleSettings(BaseModel):
    """Every further key is a setting of the protocol (``unit`` ...); one that the protocol does not know is refused."""

    model_config = ConfigDict(extra="allow", frozen=True)

    protocol: str = Field(description="Protocol the scale is set to, such as scale/toledo-8217.")
    resolution: str | None = _Resolution

    @model_validator(mode="after")
    def _check_protocol_settings(self) -> Self:
        self.protocol_options()
        return self

    def protocol_options(self) -> BaseModel:
        """The protocol's own settings. Raises ValueError that names each wrong one."""
        try:
            return self._options().model_validate(self.model_extra or {})
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
            raise ValueError("; ".join(problems)) from None

    def _options(self) -> type[BaseModel]:
        raise NotImplementedError


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

    def _options(self) -> type[BaseModel]:
        return load_polled_scale(self.protocol).options


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

    def _options(self) -> type[BaseModel]:
        return load_streaming_scale(self.protocol).options


def load_polled_scale(name: str) -> PolledScaleProtocol:
    """``scale/toledo-8217`` is ``SCALE`` of ``protocols.scales.toledo_8217``. Raises ValueError."""
    scale = getattr(_module(name), "SCALE", None)
    if not isinstance(scale, PolledScaleProtocol):
        raise ValueError(f"protocol {name!r}: is not a protocol of a polled scale")
    return scale


def load_streaming_scale(name: str) -> StreamingScaleProtocol:
    """``scale/toledo-continuous`` is ``STREAM`` of ``protocols.scales.toledo_continuous``. Raises ValueError."""
    stream = getattr(_module(name), "STREAM", None)
    if not isinstance(stream, StreamingScaleProtocol):
        raise ValueError(f"protocol {name!r}: is not a protocol of a scale that sends by itself")
    return stream


def _module(name: str) -> ModuleType:
    match = _PROTOCOL.fullmatch(name)
    if match is None:
        raise ValueError(f"protocol {name!r}; expected a name such as scale/toledo-8217")
    module = match[1].replace("-", "_")
    try:
        # A name that is a keyword of Python (scale/and) has an underscore behind it.
        return importlib.import_module(f"protocols.scales.{module}{'_' if keyword.iskeyword(module) else ''}")
    except ModuleNotFoundError:
        raise ValueError(f"protocol {name!r}: there is no such protocol; see protocols/scales") from None
