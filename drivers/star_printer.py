"""Driver of Star receipt printers (Star Line Mode, StarPRNT), with the cash drawer on their connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from drivers.printer_condition import PrinterCondition
from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.receipt_printer import ReceiptPrinter
from drivers.receipt_rendering import rendered_receipt
from drivers.star_dialect import StarDialect
from drivers.star_settings import StarSettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.printing import Rendered
from edge_gateway.contracts.states import DeviceClass
from protocols.printers.star_encoder import encode_star, encode_star_drawer
from protocols.printers.star_events import StarStatus
from protocols.printers.star_status import StarStatusCodec


class StarPrinter(ReceiptPrinter):
    """One conversation with one printer."""

    Settings = StarSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.POS_PRINTER

    def __init__(self, session: Session, settings: StarSettings) -> None:
        self._settings = settings
        super().__init__(session, settings, PrinterCondition(settings.drawer_open_level))

    @classmethod
    def render(cls, settings: StarSettings, content: Mapping[str, Any]) -> Rendered:
        return rendered_receipt(content, lambda document: encode_star(document, settings.encoder_options()))

    def _make(self, session: Session) -> tuple[PrinterLine, PrinterDialect]:
        line = PrinterLine(session, StarStatusCodec(), self._heard)
        self._star = StarDialect(line, self._settings, session.clock)
        return line, self._star

    def _drawer_pulse(self, pin: Literal[2, 5] | None) -> bytes:
        options = self._settings.encoder_options()
        return encode_star_drawer(options if pin is None else replace(options, drawer_pin=pin))

    def _render(self, content: Mapping[str, Any]) -> Rendered:
        return self.render(self._settings, content)

    def _confirmed_by(self, is_confirmed: bool) -> str:
        return self._settings.confirm if is_confirmed else "none"

    def _heard(self, event: CodecEvent) -> None:
        if isinstance(event, StarStatus):
            self._star.heard(event)
        # Asked for or not, a status looks the same: one question each time is enough.
        self._telling.take(event, is_told_by_itself=isinstance(event, StarStatus))
