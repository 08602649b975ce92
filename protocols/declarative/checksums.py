"""Checksums by name, for framings that a profile describes. Source of the CRCs: RevEng, catalogue of CRCs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import reduce
from operator import xor


class ChecksumKind(StrEnum):
    """How the check bytes follow from the bytes they cover."""

    XOR = "xor"
    """Of all bytes (a BCC)."""
    SUM = "sum"
    """Low byte of the sum."""
    SUM_COMPLEMENT = "sum_complement"
    """Two's complement of the low byte of the sum, so that all bytes together give zero (Toledo continuous, 7 bits)."""
    CRC16_CCITT = "crc16_ccitt"
    """CRC-16/IBM-3740: polynomial 1021, initial FFFF, high byte first."""
    CRC16_XMODEM = "crc16_xmodem"
    """Polynomial 1021, initial 0000, high byte first."""
    CRC16_MODBUS = "crc16_modbus"
    """Polynomial A001 (reflected 8005), initial FFFF, low byte first."""


def checksum(kind: ChecksumKind, covered: bytes) -> bytes:
    """The check bytes as they go over the wire: one, or two for a CRC."""
    return _CHECKSUMS[kind](covered)


def _crc16(covered: bytes, initial: int) -> int:
    crc = initial
    for byte in covered:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def _crc16_reflected(covered: bytes) -> int:
    crc = 0xFFFF
    for byte in covered:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


_CHECKSUMS: Mapping[ChecksumKind, Callable[[bytes], bytes]] = {
    ChecksumKind.XOR: lambda covered: bytes([reduce(xor, covered, 0)]),
    ChecksumKind.SUM: lambda covered: bytes([sum(covered) & 0xFF]),
    ChecksumKind.SUM_COMPLEMENT: lambda covered: bytes([-sum(covered) & 0xFF]),
    ChecksumKind.CRC16_CCITT: lambda covered: _crc16(covered, 0xFFFF).to_bytes(2, "big"),
    ChecksumKind.CRC16_XMODEM: lambda covered: _crc16(covered, 0).to_bytes(2, "big"),
    ChecksumKind.CRC16_MODBUS: lambda covered: _crc16_reflected(covered).to_bytes(2, "little"),
}
