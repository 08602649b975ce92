"""Lines of text that end with CR LF: what such codecs of scales share."""

from __future__ import annotations

from abc import abstractmethod

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scales.framed_codec import MORE, FramedCodec

CR, LF = 0x0D, 0x0A


class LineCodec(FramedCodec):
    """A line ends with CR LF."""

    def cut(self, buffer: bytearray) -> int:
        return len(buffer) if buffer[-1] == LF else MORE

    @abstractmethod
    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        """``line``: without its end; ``frame``: as it came, for a rejection."""

    def understand(self, frame: bytes) -> CodecEvent:
        if not frame.isascii():
            return FrameRejected.of("not ASCII", frame)
        if not frame.endswith(b"\r\n"):
            return FrameRejected.of("line without CR", frame)
        return self.understand_line(frame[:-2].decode("ascii"), frame)
