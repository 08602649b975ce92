"""Keys of the outbox: read at the start, read again when they change, and never shown."""

from __future__ import annotations

import base64
import logging
import os
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import StoreError
from edge_gateway.settings import EncryptionSettings
from edge_gateway.store.key_ring import KeyRing, key_of, new_key_line, read_keys

FIRST, SECOND = bytes(range(32)), bytes(range(100, 132))


def ring_of(path: Path) -> KeyRing:
    ring = KeyRing(EncryptionSettings(key_file=path))
    ring.load()
    return ring


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_key_ring_reads_hexadecimal_and_base64_with_comments() -> None:
    text = f"# of 2026\n\n{FIRST.hex()}  # lane boxes\n{base64.b64encode(SECOND).decode()}\n{FIRST.hex().upper()}\n"
    assert read_keys(text) == [FIRST, SECOND]
    assert read_keys(base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")) == [b"\xff" * 32]


@pytest.mark.parametrize("line", ["secret", "00" * 31, "00" * 33, base64.b64encode(b"short").decode(), "zz" * 32])
def test_key_ring_refuses_what_is_no_key_without_quoting_it(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is no key: expected 32 bytes") as caught:
        read_keys(f"# one\n{line}\n")
    assert line not in str(caught.value)


def test_key_ring_makes_keys_that_it_reads() -> None:
    lines = {new_key_line() for _ in range(20)}
    assert len(lines) == 20
    assert all(len(read_keys(line)[0]) == 32 for line in lines)


def test_key_ring_shows_fingerprints_and_never_keys() -> None:
    key = key_of(FIRST)
    assert len(key.fingerprint) == 16
    assert key.fingerprint != key_of(SECOND).fingerprint
    assert key.fingerprint not in FIRST.hex()
    assert FIRST.hex() not in repr(key)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "not a key\n", "\x00" * 10])
def test_key_ring_that_cannot_be_used_stops_the_start(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "keys", text)
    with pytest.raises(StoreError, match=r"the keys of the outbox, .*keys, cannot be used"):
        ring_of(path)


def test_key_ring_that_is_missing_stops_the_start_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be read .*edge-gateway outbox new-key. makes one for a new store"):
        ring_of(tmp_path / "missing")


def test_key_ring_without_settings_has_no_keys() -> None:
    ring = KeyRing(None)
    ring.load()
    assert ring.keys == ()
    assert not ring.look()


def test_key_ring_reads_a_systemd_credential(tmp_path: Path) -> None:
    write(tmp_path / "outbox-keys", FIRST.hex())
    settings = EncryptionSettings(credential="outbox-keys")
    ring = KeyRing(settings, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    ring.load()
    assert [key.fingerprint for key in ring.keys] == [key_of(FIRST).fingerprint]
    with pytest.raises(StoreError, match="LoadCredentialEncrypted=outbox-keys"):
        KeyRing(settings, {}).load()
    with pytest.raises(StoreError, match="names neither"):
        KeyRing(EncryptionSettings(credential="../etc/passwd"), {"CREDENTIALS_DIRECTORY": str(tmp_path)}).load()


def test_key_ring_notices_a_new_first_key_while_it_runs(tmp_path: Path) -> None:
    path = write(tmp_path / "keys", FIRST.hex())
    ring = ring_of(path)
    assert not ring.look()
    before = ring.generation
    write(path, f"{SECOND.hex()}\n{FIRST.hex()}\n")
    assert ring.look()
    assert [key.fingerprint for key in ring.keys] == [key_of(SECOND).fingerprint, key_of(FIRST).fingerprint]
    assert ring.generation == before + 1
    write(path, f"# a comment more\n{SECOND.hex()}\n{FIRST.hex()}\n")
    assert not ring.look()


@pytest.mark.parametrize("broken", ["missing", "garbage", "empty"])
def test_key_ring_keeps_its_keys_while_the_file_is_broken(tmp_path: Path, broken: str) -> None:
    path = write(tmp_path / "keys", FIRST.hex())
    ring = ring_of(path)
    if broken == "missing":
        path.unlink()
    else:
        write(path, "garbage" if broken == "garbage" else "")
    assert not ring.look()
    assert not ring.look()
    assert [key.fingerprint for key in ring.keys] == [key_of(FIRST).fingerprint]
    assert ring.problem is not None
    assert "the keys from before are still used" in ring.problem
    write(path, SECOND.hex())
    assert ring.look()
    assert ring.problem is None


def test_key_ring_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    path = write(tmp_path / "keys", FIRST.hex(), 0o644)
    ring = ring_of(path)
    assert ring.warning is not None
    assert "chmod 0600" in ring.warning
    path.chmod(0o600)
    ring.look()
    assert ring.warning is None


def test_key_ring_never_logs_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = write(tmp_path / "keys", FIRST.hex(), 0o644)
    ring = ring_of(path)
    write(path, "x" + FIRST.hex())
    ring.look()
    assert FIRST.hex() not in caplog.text
    assert FIRST.hex() not in f"{ring.problem}{ring.keys!r}{os.linesep}"
