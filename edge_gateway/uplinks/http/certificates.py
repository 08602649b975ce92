"""TLS towards the cloud: which authorities, which client certificate, which versions; read again when files change."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, Literal

from edge_gateway.contracts.errors import CloudTransientError

TlsVersion = Literal["1.2", "1.3"]
Stamp = tuple[tuple[int, int, int] | None, ...]

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_NOT_VALID_NOW: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""


class Certificates:
    """``section``: of the configuration, for messages: ``cloud``, ``uplink.hook``."""

    def __init__(
        self,
        section: str,
        *,
        ca_file: Path | None = None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
        version_min: TlsVersion = "1.3",
    ) -> None:
        self._section = section
        self._ca_file = ca_file
        self._certificate_file = certificate_file
        self._key_file = key_file
        self._version_min = version_min

    def stamp(self) -> Stamp:
        """Changes when a file is replaced or written. Costs a look at each."""
        return tuple(_stamp_of(path) for path in (self._ca_file, self._certificate_file, self._key_file))

    def context(self) -> ssl.SSLContext:
        """Made from the files as they are now; takes milliseconds. Raises CloudTransientError."""
        try:
            context = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
        except OSError as error:
            raise CloudTransientError(
                f"{self._section}.ca_file {self._ca_file} cannot be used: {_why(error)}"
            ) from error
        context.minimum_version = _VERSIONS[self._version_min]
        if self._certificate_file is not None:
            try:
                # Without a password OpenSSL would ask for one at the terminal, and wait.
                context.load_cert_chain(self._certificate_file, self._key_file, password=lambda: "")
            except OSError as error:
                raise CloudTransientError(
                    f"{self._section}.certificate_file {self._certificate_file} with key_file {self._key_file} cannot "
                    f"be used: {_why(error)}; expected PEM without a password, the key of this very certificate"
                ) from error
        return context

    def words(self, error: ssl.SSLError) -> str:
        """What a failed handshake means, and what to do."""
        reason = error.reason or ""
        if isinstance(error, ssl.SSLCertVerificationError):
            if error.verify_code in _NOT_VALID_NOW:
                return f"its certificate is not valid at this box's time: {error.verify_message}; check the box's clock"
            return (
                f"its certificate is not trusted: {error.verify_message}; "
                f"check {self._section}.ca_file and the box's clock"
            )
        if "CERTIFICATE_REQUIRED" in reason:
            return f"it asks for a client certificate; give {self._section}.certificate_file and key_file"
        if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
            return f"it speaks no TLS {self._version_min}; update it, or see {self._section}.tls_version_min"
        if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
            return f"it refuses our certificate ({reason}); check {self._section}.certificate_file and its end of life"
        if "EOF" in reason:
            return f"it hung up within TLS; does it speak TLS {self._version_min}, and does it take our certificate?"
        return f"TLS: {reason or error}"


def _stamp_of(path: Path | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _why(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return reason or error.strerror or str(error)
