"""Honeywell scanners over USB HID POS: commands in output reports, replies as reads that are no bar code.

Source: as captured from a Voyager 1602g: the text of a reply comes as ``]X0``, its status as ``]Z6``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from drivers.hid_pos_scanner import HidPosScanner, HidPosScannerSettings
from drivers.honeywell_commands import HONEYWELL_COMMANDS, HoneywellCommands
from drivers.scanner_feedback import Feedback
from drivers.together import together
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from edge_gateway.contracts.hid_report_descriptor import ReportKind
from protocols.scanners.honeywell_menu import HID_PREFIX, decode_reply, encode_hid

REPORT_BYTES = 64
REPLY_BYTES_MAX = 4096
"""Text held for one reply; a scanner's revisions take 400 bytes."""
_TEXT, _STATUS = "]X0", "]Z6"


class HoneywellHidScannerSettings(HidPosScannerSettings):
    """As of any HID POS scanner; and what is asked of this one."""

    identify: bool = Field(True, description="Ask for model and firmware at each connection (REVINF).")
    feedback: Feedback = Field(Feedback(), description="What good_read and not_on_file sound; it has no lamp.")


class HoneywellHidScanner(HidPosScanner):
    """Driver of a Honeywell scanner in USB HID POS mode."""

    Settings: ClassVar[type[HoneywellHidScannerSettings]] = HoneywellHidScannerSettings
    commands: ClassVar[Mapping[str, bool]] = HONEYWELL_COMMANDS

    def __init__(self, session: Session, settings: HoneywellHidScannerSettings) -> None:
        super().__init__(session, settings)
        self._honeywell = settings
        self._commands = HoneywellCommands(session, settings.feedback, self._send, self._set_awaiting)
        self._held: list[BarcodeRead] = []

    async def run(self) -> None:
        if self._honeywell.identify:
            await together(super().run(), self._commands.identify())
        else:
            await super().run()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._commands.execute(name, params)

    async def _send(self, command: bytes) -> None:
        length = self.descriptor.report_length(ReportKind.OUTPUT, HID_PREFIX) if self.descriptor else 0
        await self._session.transport.write(encode_hid(command, length or REPORT_BYTES))

    def _tell(self, events: Sequence[CodecEvent]) -> None:
        super()._tell([told for event in events for told in self._unless_reply(event)])

    def _unless_reply(self, event: CodecEvent) -> Sequence[CodecEvent]:
        if not isinstance(event, BarcodeRead):
            return [event]
        if event.aim == _STATUS:
            self._session.frame_seen()
            reply = decode_reply(b"".join(held.data for held in self._held) + event.data)
            self._held.clear()
            if reply is None or not self._commands.is_awaiting:
                return [FrameRejected.of("reply_unasked", event.raw)]
            self._commands.reply_received(reply)
            return ()
        size = sum(len(held.data) for held in self._held) + len(event.data)
        if event.aim == _TEXT and self._commands.is_awaiting and size <= REPLY_BYTES_MAX:
            self._held.append(event)
            return ()
        return [event]

    def _set_awaiting(self, tag: str | None) -> None:
        """What was held for a reply that did not come is a bar code after all."""
        if tag is None:
            held, self._held = self._held, []
            super()._tell(held)
