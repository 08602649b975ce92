"""What hangs on single wires of the box (GPIO): nothing is said in bytes, so there is nothing to decode."""

from __future__ import annotations

from protocols.decoding import Decodable

PROTOCOLS = {"gpio": Decodable()}
