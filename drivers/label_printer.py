"""Drivers of label printers: ZPL II, EPL2, TSPL, SLCS, over TCP, serial or USB."""

from __future__ import annotations

from drivers import label_languages
from drivers.label_base import LabelPrinter
from drivers.label_dialect import LabelDialect
from drivers.label_dialects import EplDialect, SlcsDialect, ZplDialect
from drivers.label_languages import LabelLanguage
from drivers.label_settings import EplSettings, SlcsSettings, TsplSettings, ZplSettings
from drivers.label_tspl_dialect import TsplDialect
from edge_gateway.contracts.driver import Session


class ZplPrinter(LabelPrinter):
    """Zebra, and whoever speaks ZPL II."""

    Settings = ZplSettings

    def __init__(self, session: Session, settings: ZplSettings) -> None:
        super().__init__(session, settings)

    def _make_dialect(self) -> LabelDialect:
        return ZplDialect()

    @classmethod
    def language(cls, settings: ZplSettings) -> LabelLanguage:
        return label_languages.zpl(settings)


class EplPrinter(LabelPrinter):
    """Eltron and Zebra with EPL2 in page mode."""

    Settings = EplSettings

    def __init__(self, session: Session, settings: EplSettings) -> None:
        self._settings = settings
        super().__init__(session, settings)

    def _make_dialect(self) -> LabelDialect:
        return EplDialect(self._settings)

    @classmethod
    def language(cls, settings: EplSettings) -> LabelLanguage:
        return label_languages.epl(settings)


class TsplPrinter(LabelPrinter):
    """TSC, Gprinter, and whoever speaks TSPL."""

    Settings = TsplSettings

    def __init__(self, session: Session, settings: TsplSettings) -> None:
        self._settings = settings
        super().__init__(session, settings)

    def _make_dialect(self) -> LabelDialect:
        return TsplDialect(self._settings)

    @classmethod
    def language(cls, settings: TsplSettings) -> LabelLanguage:
        return label_languages.tspl(settings)


class SlcsPrinter(LabelPrinter):
    """Bixolon."""

    Settings = SlcsSettings

    def __init__(self, session: Session, settings: SlcsSettings) -> None:
        super().__init__(session, settings)

    def _make_dialect(self) -> LabelDialect:
        return SlcsDialect()

    @classmethod
    def language(cls, settings: SlcsSettings) -> LabelLanguage:
        return label_languages.slcs(settings)
