"""What is packed comes back byte for byte; what no packer made is said to be damaged."""

from __future__ import annotations

import hashlib
import json
import random
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.schemas.examples import TRANSACTION
from edge_gateway.store.packing import PACK_BYTES_MIN, Packer
from tests.support.stores import noise

SALE = json.dumps(
    {"specversion": "1.0", "id": "e1", "data": {"transaction": TRANSACTION}}, separators=(",", ":")
).encode()
DAMAGED = 2000
WORDS_1_SHA256 = "7496743d9b368f179c4676fc6eb5806d97f12ce0e493ce74f4ee2a6d1d92aa73"


@given(st.binary(max_size=2000) | st.text(max_size=2000).map(lambda text: json.dumps({"text": text}).encode()))
def test_packed_payload_comes_back_byte_for_byte(payload: bytes) -> None:
    packer = Packer()
    stored = packer.pack(payload)
    assert packer.unpack(stored) == payload
    assert len(stored) <= len(payload) + 1


def test_packed_sale_takes_less_than_a_third() -> None:
    assert len(Packer().pack(SALE)) < len(SALE) / 3


def test_packing_leaves_small_events_and_noise_as_they_are() -> None:
    packer = Packer()
    small = b'{"id":"e1"}'
    loud = b"{" + noise("seed", 5000).encode()
    assert len(small) < PACK_BYTES_MIN < len(loud)
    assert [packer.pack(small), packer.pack(loud)] == [small, loud]


def test_packing_reads_what_earlier_versions_stored_as_it_is() -> None:
    assert Packer().unpack(SALE) == SALE


@pytest.mark.parametrize(
    "stored", [b"", b"\1", b"\2\3\4", b"\1{}", b"\x28\xb5\x2f\xfd\0", b"\1\x28\xb5\x2f\xfd\xa0\xff\xff\xff\xff"]
)
def test_unpacking_refuses_what_no_packer_made(stored: bytes) -> None:
    with pytest.raises(ValueError, match="payload"):
        Packer().unpack(stored)


def test_unpacking_never_fails_in_any_other_way() -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    rng = random.Random(seed)
    packer = Packer()
    packed = packer.pack(SALE)
    refused = 0
    for _ in range(DAMAGED):
        damaged = bytearray(packed)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            packer.unpack(bytes(damaged))
        except ValueError:
            refused += 1
    assert DAMAGED / 2 < refused < DAMAGED, "what still looks whole is told by the checksum of its row"


def test_word_list_stays_what_it_was_when_it_was_released() -> None:
    words = (resources.files("edge_gateway.store") / "words" / "001.jsonl").read_bytes()
    assert hashlib.sha256(words).hexdigest() == WORDS_1_SHA256
    assert all(json.loads(line)["specversion"] == "1.0" for line in words.splitlines())
