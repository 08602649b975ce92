"""Keys and certificates for tests, made on the spot; nothing of this is worth keeping secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simulators.cloud.access import CloudTls


def make_key(algorithm: str) -> PrivateKeyTypes:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()


def private_pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority whose files lie in ``folder``."""

    folder: Path
    authority: trustme.CA

    @classmethod
    def make(cls, folder: Path, name: str = "ca") -> Authority:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / f"{name}.pem"))
        return cls(folder, authority)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, identity: str = "127.0.0.1") -> tuple[Path, Path]:
        """Certificate file (with its chain) and key file; written over if they are there."""
        certificate = self.authority.issue_cert(identity)
        certificate_file, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate_file.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        key_file.write_bytes(certificate.private_key_pem.bytes())
        return certificate_file, key_file

    def server(self, *, client_ca_file: Path | None = None) -> CloudTls:
        return CloudTls(*self.issue("server"), client_ca_file)
