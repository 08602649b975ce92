"""Settings of a scale that is spoken to in dialogues: those of the driver, those of its protocol, and its secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, field_validator, model_validator

from drivers.protocol_settings import ProtocolSettings, find_protocol
from protocols.scales.price_dialogue import PriceScaleProtocol

SECRET_BYTES_MAX = 65_536
"""Pairs of checksums are a few kB: a wrong path must not fill the memory."""


class PriceScaleSettings(ProtocolSettings):
    """Settings of a scale that is spoken to in dialogues."""

    poll_interval_s: float = Field(
        0.5, ge=0.05, le=60, description="Time from one look at the scale to the next, where its protocol has one."
    )
    calculating_s: float = Field(
        10.0, ge=1, le=60, description="Budget of one do_price_calculating, from the price to the result."
    )
    secret_file: Path | None = Field(
        None,
        description="File with the vendor's secret (Dialog 06); goes before a credential, such as the profile's.",
    )
    credential: str | None = Field(None, description="Name of a systemd credential with it, instead of a file.")

    @field_validator("credential")
    @classmethod
    def _check_credential(cls, name: str | None) -> str | None:
        if name is not None and ("/" in name or name in {".", "..", ""}):
            raise ValueError(
                "expected the name of a credential of the systemd unit; leave it out where secret_file says where the "
                'secret is, or checksums = "none" that there is none'
            )
        return name

    @model_validator(mode="after")
    def _check_secret(self) -> Self:
        try:
            is_wanted = self._wants_secret()
        except ValueError:
            return self  # what is wrong with the protocol's settings is told by itself
        if is_wanted and self.secret_file is None and self.credential is None:
            raise ValueError(
                f"{self.protocol} does not run without its vendor's secret: name a secret_file, or the credential of a "
                'systemd unit; or set checksums = "none" where the scale is set not to ask for checksums'
            )
        return self

    @classmethod
    def options_of(cls, protocol: str) -> type[BaseModel]:
        return load_price_scale(protocol).options

    def read_secret(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """The secret's text; None: none is needed. Raises ValueError, which never quotes it."""
        path = self._secret_path(environment) if self._wants_secret() else None
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                content = file.read(SECRET_BYTES_MAX + 1)
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            words = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ValueError(f"the secret {path} cannot be read: {words}") from None
        if len(content) > SECRET_BYTES_MAX:
            raise ValueError(f"the secret {path} has more than {SECRET_BYTES_MAX} bytes: the wrong file?")
        return text

    def _wants_secret(self) -> bool:
        return load_price_scale(self.protocol).wants_secret(self.protocol_options())

    def _secret_path(self, environment: Mapping[str, str]) -> Path | None:
        # A device cannot unset the credential of its profile: naming a file says enough.
        if self.secret_file is not None or self.credential is None:
            return self.secret_file
        directory = environment.get("CREDENTIALS_DIRECTORY")
        if directory is None:
            raise ValueError(
                f"credential {self.credential}: there is no CREDENTIALS_DIRECTORY; add "
                f"LoadCredentialEncrypted={self.credential} to the unit, or name a secret_file"
            )
        return Path(directory) / self.credential


def load_price_scale(name: str) -> PriceScaleProtocol:
    """``scale/dialog-06`` is ``PRICE_SCALE`` of ``protocols.scales.dialog_06``. Raises ValueError."""
    return find_protocol(name, "PRICE_SCALE", PriceScaleProtocol, "a scale that is spoken to in dialogues")
