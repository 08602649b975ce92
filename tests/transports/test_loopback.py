"""The loopback transport behaves as a real one would, so that drivers proven on it hold on a wire."""

from __future__ import annotations

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.transports.loopback import LoopbackTransport
from tests.support.clock import FakeClock
from tests.transports.sinks import RecordingSink


async def test_loopback_carries_bytes_both_ways() -> None:
    transport, sink, heard = LoopbackTransport(), RecordingSink(), list[bytes]()
    transport.far_end.on_bytes = heard.append
    await transport.open(sink)
    await transport.write(b"W")
    transport.far_end.write(b"\x021234\r")
    assert sink.data == b"", "bytes come by the event loop, never inside the call that caused them"
    await FakeClock().settle()
    assert heard == [b"W"]
    assert sink.data == b"\x021234\r"


async def test_loopback_delivers_in_the_pieces_of_its_chunker() -> None:
    transport, sink = (
        LoopbackTransport(chunker=lambda data: (data[i : i + 1] for i in range(len(data)))),
        RecordingSink(),
    )
    await transport.open(sink)
    transport.far_end.write(b"abc")
    await FakeClock().settle()
    assert sink.chunks == [b"a", b"b", b"c"]


async def test_loopback_hang_up_comes_once_after_the_last_bytes() -> None:
    transport, sink = LoopbackTransport(), RecordingSink()
    await transport.open(sink)
    transport.far_end.write(b"last words")
    transport.far_end.hang_up(OSError("unplugged"))
    transport.far_end.hang_up()
    await FakeClock().settle()
    assert sink.data == b"last words"
    assert [str(error) for error in sink.losses] == ["unplugged"]
    with pytest.raises(TransportError, match="not open"):
        await transport.write(b"x")


async def test_loopback_is_silent_after_close_and_opens_again() -> None:
    transport, sink = LoopbackTransport(), RecordingSink()
    await transport.open(sink)
    transport.far_end.write(b"too late")
    await transport.close()
    await transport.close()
    transport.far_end.hang_up()
    await FakeClock().settle()
    assert (sink.data, sink.losses) == (b"", [])
    await transport.open(sink)
    transport.far_end.write(b"again")
    await FakeClock().settle()
    assert sink.data == b"again"
    assert transport.far_end.open_count == 2


async def test_loopback_drop_input_forgets_what_was_not_delivered() -> None:
    transport, sink = LoopbackTransport(), RecordingSink()
    await transport.open(sink)
    transport.far_end.write(b"stale")
    transport.drop_input()
    transport.far_end.write(b"fresh")
    await FakeClock().settle()
    assert sink.data == b"fresh"


async def test_loopback_refuses_as_the_far_end_says() -> None:
    transport = LoopbackTransport()
    transport.far_end.refusal = TransportError("held by another", is_busy=True)
    with pytest.raises(TransportError) as caught:
        await transport.open(RecordingSink())
    assert caught.value.is_busy
