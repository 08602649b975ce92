"""Settings of a polled scale: those of the driver, and beside them those of its protocol."""

from __future__ import annotations

import importlib
import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.scales.polled import PolledScaleProtocol

_PROTOCOL = re.compile(r"scale/([a-z0-9]+(?:-[a-z0-9]+)*)")


class PolledScaleSettings(BaseModel):
    """Every further key is a setting of the protocol (``unit`` ...); one that the protocol does not know is refused."""

    model_config = ConfigDict(extra="allow", frozen=True)

    protocol: str = Field(description="Protocol the scale is set to, such as scale/toledo-8217.")
    poll_interval_s: float = Field(0.1, ge=0.02, le=60, description="Time from one question to the next.")
    reply_timeout_s: float = Field(
        0.2, ge=0.02, le=60, description="A poll without an answer in this time is missed; the second one is no_answer."
    )
    unchanged_age_max_s: float = Field(
        30.0, gt=0, description="How long a weight holds on the scale's word that nothing changed (no_bit_status)."
    )

    @model_validator(mode="after")
    def _check_protocol_settings(self) -> Self:
        self.protocol_options()
        return self

    def protocol_options(self) -> BaseModel:
        """The protocol's own settings. Raises ValueError that names each wrong one."""
        try:
            return load_polled_scale(self.protocol).options.model_validate(self.model_extra or {})
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
            raise ValueError("; ".join(problems)) from None


def load_polled_scale(name: str) -> PolledScaleProtocol:
    """``scale/toledo-8217`` is ``SCALE`` of ``protocols.scales.toledo_8217``. Raises ValueError."""
    match = _PROTOCOL.fullmatch(name)
    if match is None:
        raise ValueError(f"protocol {name!r}; expected a name such as scale/toledo-8217")
    try:
        module = importlib.import_module(f"protocols.scales.{match[1].replace('-', '_')}")
    except ModuleNotFoundError:
        raise ValueError(f"protocol {name!r}: there is no such protocol; see protocols/scales") from None
    scale = getattr(module, "SCALE", None)
    if not isinstance(scale, PolledScaleProtocol):
        raise ValueError(f"protocol {name!r}: is not a protocol of a polled scale")
    return scale
