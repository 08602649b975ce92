"""Honeywell scanners on RS-232, USB serial or SPP: plain and framed reads, and menu commands on the same line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner
from drivers.honeywell_commands import HONEYWELL_COMMANDS, HoneywellCommands
from drivers.scanner_feedback import Feedback
from drivers.serial_scanner import SerialScannerSettings, plain_codec
from drivers.together import together
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from protocols.scanners.honeywell_menu import MenuReply
from protocols.scanners.honeywell_serial import HoneywellSerialCodec


class HoneywellScannerSettings(SerialScannerSettings):
    """As of any serial scanner; and what is asked of this one."""

    identify: bool = Field(True, description="Ask for model and firmware at each connection (REVINF).")
    feedback: Feedback = Field(Feedback(), description="What good_read and not_on_file sound; it has no lamp.")


class HoneywellScanner(BarcodeScanner):
    """Driver of a Honeywell scanner on a serial line."""

    Settings: ClassVar[type[HoneywellScannerSettings]] = HoneywellScannerSettings
    commands: ClassVar[Mapping[str, bool]] = HONEYWELL_COMMANDS

    def __init__(self, session: Session, settings: HoneywellScannerSettings) -> None:
        self._menu = HoneywellSerialCodec(plain_codec(settings))
        super().__init__(session, settings, self._menu)
        self._honeywell = settings
        self._commands = HoneywellCommands(session, settings.feedback, session.transport.write, self._set_awaiting)

    async def run(self) -> None:
        if self._honeywell.identify:
            await together(super().run(), self._commands.identify())
        else:
            await super().run()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._commands.execute(name, params)

    def _tell(self, events: Sequence[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, MenuReply):
                self._session.frame_seen()
                self._commands.reply_received(event)
        super()._tell(events)

    def _set_awaiting(self, tag: str | None) -> None:
        if tag is not None:
            self._menu.await_reply(tag)
            return
        self._tell(self._menu.stop_awaiting())
        if self._menu.has_pending:
            self._is_pending.set()
