"""Scanners that speak Zebra SSI: every packet acknowledged, none published twice, commands answered by the scanner.

Source: Zebra, Simple Serial Interface Programmer's Guide 72E-40451; DS457 product reference guide (RSM over SSI).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from drivers.barcode_scanner import BarcodeScanner
from drivers.scanner_feedback import SCAN_FAILED, commands
from drivers.ssi_commands import SsiCommands, encode_silently
from drivers.ssi_line import BOOT_EVENT, RESPONSE_S, RETRIES, SsiLine, SsiRefusedError, within
from drivers.ssi_settings import SsiScannerSettings
from drivers.together import together
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners import zebra_ssi_parameters as ssi_parameters
from protocols.scanners import zebra_ssi_rsm as rsm
from protocols.scanners.zebra_ssi import SsiPacket
from protocols.scanners.zebra_ssi_parameters import Parameter
from protocols.scanners.zebra_ssi_reads import NoRead, SsiRead
from protocols.scanners.zebra_ssi_tables import SYMBOLOGIES, Opcode

RETRY_S = 5.0
"""Between two attempts to reach a scanner that has not answered yet."""
_INFO: Mapping[int, str] = {rsm.MODEL: "model", rsm.SERIAL_NUMBER: "serial_number"}


class SsiScanner(BarcodeScanner):
    """One conversation with one scanner."""

    Settings = SsiScannerSettings
    commands: ClassVar[Mapping[str, bool]] = commands(
        *("beep", "led", "enable", "disable", "trigger", "untrigger", "good_read", "not_on_file", "set_parameter")
    )
    events: ClassVar[frozenset[str]] = BarcodeScanner.events | {SCAN_FAILED}

    def __init__(self, session: Session, settings: SsiScannerSettings) -> None:
        self._line = SsiLine(session, is_att=settings.framing == "att", on_event=self._take)
        super().__init__(session, settings, self._line.codec)
        self._ssi = settings
        self._commands = SsiCommands(session, self._line, settings.feedback)
        self._symbologies = {_code_id(code_type): name for code_type, name in SYMBOLOGIES.items()}
        self._is_setup_due = asyncio.Event()
        self._is_setup_due.set()
        self._info: dict[str, Any] = {}

    @property
    def holds_personal_data(self) -> bool:
        return self._line.is_in_licence or super().holds_personal_data

    def data_received(self, data: bytes) -> None:
        self._line.data_received(data)

    async def run(self) -> None:
        self._session.set_answering(False, "was asked who it is, and has not answered yet")
        await together(self._line.write_outgoing(), self._line.watch_idle(), self._attend())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._commands.execute(name, params)

    # What the scanner says

    def _take(self, event: CodecEvent) -> None:
        match event:
            case SsiRead():
                self._tell([replace(event, code_id=_code_id(event.code_type))])
            case FrameRejected():
                self._tell([event])
            case NoRead():
                self._session.emit(SCAN_FAILED, {"reason": "no_read"})
            case SsiPacket(opcode=Opcode.EVENT, data=data) if data[:1] == bytes((BOOT_EVENT,)):
                self._is_setup_due.set()

    # What it is asked

    async def _attend(self) -> None:
        """Reach it, set it up, and see that it stays there."""
        clock, heartbeat_s = self._session.clock, self._ssi.heartbeat_s
        while True:
            pause_s = heartbeat_s
            try:
                if self._is_setup_due.is_set():
                    await self._set_up()
                elif heartbeat_s and clock.monotonic() - self._line.heard_at_s >= heartbeat_s:
                    await self._read_revision()
            except TimeoutError:
                self._is_setup_due.set()
                self._fall_silent()
                await clock.sleep(RETRY_S)
                continue
            if not self._is_setup_due.is_set():
                await self._until_setup_due(pause_s)

    async def _until_setup_due(self, limit_s: float) -> None:
        """Or until the heart beats; without a heartbeat for ever."""
        due = asyncio.ensure_future(self._is_setup_due.wait())
        try:
            if limit_s:
                await within(self._session.clock, due, limit_s)
            else:
                await due
        finally:
            due.cancel()

    async def _set_up(self) -> None:
        """Who it is, how it shall send, and that it may. Raises TimeoutError where the scanner does not answer."""
        await self._read_revision()
        self._is_setup_due.clear()
        if self._ssi.setup:
            wanted = {**_SETUP, **self._ssi.parameters}
            await self._unless_refused(
                Opcode.PARAM_SEND, encode_silently([Parameter(*each) for each in wanted.items()])
            )
        await self._read_attributes()
        if self._ssi.setup:
            await self._unless_refused(Opcode.SCAN_ENABLE)

    async def _read_revision(self) -> None:
        packet = await self._unless_refused(Opcode.REQUEST_REVISION, answer=Opcode.REPLY_REVISION)
        fields = packet.data.decode("latin-1").split() if packet else []
        if fields:
            names = ("firmware", "board_type", "engine_code")
            self._tell_info(dict(zip(names, fields, strict=False)))

    async def _read_attributes(self) -> None:
        """Model and serial number, of scanners that have RSM."""
        if await self._unless_refused(Opcode.RSM, rsm.encode_packet_size(), answer=Opcode.RSM) is None:
            return
        packet = await self._unless_refused(Opcode.RSM, rsm.encode_query(*_INFO), answer=Opcode.RSM)
        message = rsm.decode(packet.data) if packet else None
        if message is not None:
            self._tell_info({_INFO[each.number]: each.value for each in message.attributes if each.number in _INFO})

    async def _unless_refused(
        self, opcode: Opcode, data: bytes = b"", *, answer: Opcode | None = None
    ) -> SsiPacket | None:
        """None where the scanner refuses: an older one that does not know the question."""
        try:
            return await self._line.ask(opcode, data, answer=answer)
        except SsiRefusedError:
            return None

    def _tell_info(self, info: Mapping[str, Any]) -> None:
        self._info = {**self._info, **{name: value for name, value in info.items() if value not in (None, "")}}
        self._session.set_info(self._info)

    def _fall_silent(self) -> None:
        self._session.set_answering(
            False,
            f"no answer in {RETRIES + 1} tries of {RESPONSE_S} s; check the cable, and that the scanner is set to SSI "
            "host, 9600 baud 8N1, with software handshaking on",
        )


_SETUP: Mapping[int, int] = {
    ssi_parameters.ACK_NAK_HANDSHAKING: 1,
    ssi_parameters.DECODE_DATA_PACKETED: 1,
    ssi_parameters.TRANSMIT_NO_READ: 1,
    ssi_parameters.TRANSMIT_CODE_ID: ssi_parameters.CODE_ID_AIM,
}


def _code_id(code_type: int) -> str:
    return f"0x{code_type:02X}"
