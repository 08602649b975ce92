"""Datalogic scanners on RS-232 or USB COM: plain reads, and host commands of one byte that are not answered.

Source: Datalogic knowledge base KA-01506; Magellan 800i product reference guide, appendix F: after "not on file" some
models read nothing more until they are enabled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from drivers.scanner_feedback import BEEP_COUNTS, BEEP_GAP_S, commands, refuse, unsupported
from drivers.serial_scanner import SerialScanner, SerialScannerSettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.scanner_commands import BeepParams, BeepPattern
from protocols.scanners import datalogic_host as host

_BYTES: Mapping[str, bytes] = {"enable": host.ENABLE, "disable": host.DISABLE, "reset": host.RESET}


class DatalogicScannerSettings(SerialScannerSettings):
    """As of any serial scanner; and how it is made to beep."""

    force_beep: bool = Field(True, description="Beep also where the scanner's own good-read beep is switched off.")


class DatalogicScanner(SerialScanner):
    """Driver of a Datalogic scanner that takes host commands."""

    Settings: ClassVar[type[DatalogicScannerSettings]] = DatalogicScannerSettings
    commands: ClassVar[Mapping[str, bool]] = commands("beep", "enable", "disable", "good_read", "not_on_file", "reset")

    def __init__(self, session: Session, settings: DatalogicScannerSettings) -> None:
        super().__init__(session, settings)
        self._beep_byte = host.FORCE_BEEP if settings.force_beep else host.BEEP
        self._is_disabled = False

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        write = self._session.transport.write
        if name == "beep":
            await self._beep(BeepParams.model_validate(params).pattern)
            return {}
        if name not in self.commands:
            raise unsupported(self._session.device_id, name)
        refuse(self._session.device_id, name, params)
        match name:
            case "good_read":
                await write(self._beep_byte)
            case "not_on_file":
                # In one piece: what is cut off in between would leave the scanner disabled.
                await write(host.NOT_ON_FILE if self._is_disabled else host.NOT_ON_FILE + host.ENABLE)
            case _:
                await write(_BYTES[name])
                self._is_disabled = name == "disable"
        return {}

    async def _beep(self, pattern: BeepPattern) -> None:
        for number in range(BEEP_COUNTS.get(pattern, 1)):
            if number:
                await self._session.clock.sleep(BEEP_GAP_S)
            await self._session.transport.write(self._beep_byte)
