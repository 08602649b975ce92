"""Driver of scales whose transport brings whole messages: HID reports (page 0x8D) and values of Bluetooth (0x181D).

It is the driver of scales that send by themselves, and adds what messages need: each is a frame of its own, the first
after opening may be from before and is dropped where the profile says so, a HID scale's descriptor tells where its
values stand, and its zero goes as output or as feature report. Such scales sleep and then send nothing, while their
node is there: they are ``not_ready``, without a weight, and not silent.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from pydantic import Field

from drivers.scale_settings import StreamingScaleSettings
from drivers.streaming_scale import StreamingScale
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.hid_report_descriptor import ReportKind, parse_report_descriptor
from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.contracts.transport import ReportTransport


@runtime_checkable
class MessageCodec(Protocol):
    """A codec of messages that are frames by themselves."""

    def understand_message(self, message: bytes) -> CodecEvent:
        """The message as a whole: nothing is searched for inside or behind it."""


class MessageScaleSettings(StreamingScaleSettings):
    """Settings of a scale whose transport brings whole messages."""

    first_dropped: int = Field(0, ge=0, le=10, description="Messages after each opening that may be from before.")


@runtime_checkable
class DescribedCodec(Protocol):
    """A codec that learns from the device where its values stand."""

    def use_descriptor(self, descriptor: bytes) -> None: ...


class MessageScale(StreamingScale):
    """One conversation with one scale."""

    Settings = MessageScaleSettings

    def __init__(self, session: Session, settings: MessageScaleSettings) -> None:
        super().__init__(session, settings)
        self._drop_left = settings.first_dropped
        self._feature_ids: tuple[int, ...] = ()
        self._is_described = False

    def data_received(self, data: bytes) -> None:
        """One message."""
        self._read_descriptor()
        if self._drop_left:
            self._drop_left -= 1
            self.counters["first_dropped"] += 1
            return
        now_s = self._session.clock.monotonic()
        if isinstance(self._codec, MessageCodec):
            self._understand([self._codec.understand_message(data)], now_s)
        else:
            self._understand([*self._codec.feed(data), *self._codec.flush()], now_s)

    @property
    def _trade_unit(self) -> str | None:
        """A message has lost nothing, so the unit that it names is believed."""
        return None

    def _begin(self) -> None:
        """That its node is there is all that can be known of a scale that sleeps until something changes."""
        self._shown.show(self._nothing(ScaleStatus.NOT_READY))

    async def _send(self, request: bytes) -> None:
        transport = self._session.transport
        if isinstance(transport, ReportTransport) and request[0] in self._feature_ids:
            await transport.send_feature(request)
        else:
            await transport.write(request)

    def _read_descriptor(self) -> None:
        transport = self._session.transport
        if self._is_described or not isinstance(transport, ReportTransport):
            return
        self._is_described = True
        descriptor = parse_report_descriptor(transport.report_descriptor)
        outputs = descriptor.report_ids(ReportKind.OUTPUT)
        self._feature_ids = tuple(each for each in descriptor.report_ids(ReportKind.FEATURE) if each not in outputs)
        if isinstance(self._codec, DescribedCodec):
            self._codec.use_descriptor(transport.report_descriptor)
