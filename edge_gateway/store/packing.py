"""Packs payloads before they are sealed and stored: a sale takes a quarter of its size.

Memory cards wear out by pages written, a store has to hold a week of sales, and the fsync of a commit takes as long as
its bytes do. Events say the same words again and again; most are in the word list that packing begins with (Zstandard
with a prepared dictionary, RFC 8878, section 5).

First byte of what is stored: ``{`` a payload as it is (a CloudEvent begins so), 1 packed with word list 1, 0 anything
else, as it is behind that byte.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

import zstandard

PACK_BYTES_MIN: Final = 700
"""What is smaller stays as it is: a scan has half a dozen others on its page anyway, and is on disk a little sooner."""

LEVEL: Final = -1
"""Three microseconds for a sale; level 3 takes half as long again and saves a tenth."""

PAYLOAD_BYTES_MAX: Final = 64_000_000
"""Far above any event: what claims to be larger is damaged."""

_AS_IT_IS, _BEHIND_A_BYTE, _WORDS_1 = b"{", b"\0", b"\1"
_WORD_LISTS: Final = {_WORDS_1: "001.jsonl"}
"""Never changed once released: what was packed with one is unpacked with the same. A better one becomes number 2."""


class Packer:
    """Reads its word lists when first used. Used by one thread at a time."""

    def __init__(self) -> None:
        self._packers: dict[bytes, tuple[Any, Any]] = {}

    def pack(self, payload: bytes) -> bytes:
        """As it is to be stored (or sealed)."""
        if len(payload) >= PACK_BYTES_MIN:
            packed: bytes = _WORDS_1 + self._packer(_WORDS_1)[0].compress(payload)
            if len(packed) < len(payload):
                return packed
        return payload if payload[:1] == _AS_IT_IS else _BEHIND_A_BYTE + payload

    def unpack(self, stored: bytes) -> bytes:
        """The payload. Raises ValueError for what no packer made."""
        first = stored[:1]
        if first == _AS_IT_IS:
            return stored
        if first == _BEHIND_A_BYTE:
            return stored[1:]
        if first not in _WORD_LISTS:
            raise ValueError(f"a payload that begins with {first!r}")
        try:
            frame = memoryview(stored)[1:]
            if not 0 <= zstandard.frame_content_size(frame) <= PAYLOAD_BYTES_MAX:
                raise ValueError("a packed payload of no believable size")
            payload: bytes = self._packer(first)[1].decompress(frame)
        except zstandard.ZstdError as error:
            raise ValueError(f"a packed payload that cannot be unpacked: {error}") from error
        return payload

    def _packer(self, first: bytes) -> tuple[Any, Any]:
        found = self._packers.get(first)
        if found is None:
            words = (resources.files("edge_gateway.store") / "words" / _WORD_LISTS[first]).read_bytes()
            dictionary = zstandard.ZstdCompressionDict(words, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            dictionary.precompute_compress(level=LEVEL)
            compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_dict_id=False)
            found = self._packers[first] = (compressor, zstandard.ZstdDecompressor(dict_data=dictionary))
        return found
