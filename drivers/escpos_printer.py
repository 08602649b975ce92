"""Driver of receipt printers that speak ESC/POS, with the cash drawer on their connector, over any transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from drivers.escpos_dialect import EscposDialect
from drivers.escpos_line import EscposLine
from drivers.escpos_settings import EscposSettings
from drivers.printer_condition import PrinterCondition
from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.receipt_printer import ReceiptPrinter
from drivers.receipt_rendering import rendered_receipt
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.printing import Rendered
from edge_gateway.contracts.states import DeviceClass
from protocols.printers.escpos_encoder import encode_document, encode_drawer_kick
from protocols.printers.escpos_events import AutomaticStatus, OrderedReply, RealTimeStatus


class EscposPrinter(ReceiptPrinter):
    """One conversation with one printer."""

    Settings = EscposSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.POS_PRINTER

    def __init__(self, session: Session, settings: EscposSettings) -> None:
        self._settings = settings
        super().__init__(session, settings, PrinterCondition(settings.drawer_open_level))

    @classmethod
    def render(cls, settings: EscposSettings, content: Mapping[str, Any]) -> Rendered:
        return rendered_receipt(content, lambda document: encode_document(document, settings.encoder_options()))

    def _make(self, session: Session) -> tuple[PrinterLine, PrinterDialect]:
        line = EscposLine(session, self._heard)
        return line, EscposDialect(line, self._settings, session.clock)

    def _drawer_pulse(self, pin: Literal[2, 5] | None) -> bytes:
        options = self._settings.encoder_options()
        return encode_drawer_kick(options if pin is None else replace(options, drawer_pin=pin))

    def _render(self, content: Mapping[str, Any]) -> Rendered:
        return self.render(self._settings, content)

    def _confirmed_by(self, is_confirmed: bool) -> str:
        return self._settings.confirm if is_confirmed else "none"

    def _heard(self, event: CodecEvent) -> None:
        # The answer to a question that was given up could mean anything.
        is_late = isinstance(event, RealTimeStatus | OrderedReply) and event.query is None
        self._telling.take(event, is_told_by_itself=isinstance(event, AutomaticStatus), is_believed=not is_late)
