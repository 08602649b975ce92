"""From a read to what the tills are told: its meaning, duplicates dropped, driving licences as an age check alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import BarcodeRead, FrameRejected
from edge_gateway.contracts.states import DeviceFlag
from edge_gateway.contracts.variable_measure import Country, VariableMeasureTemplate
from protocols.barcodes import aamva
from protocols.barcodes.meaning import barcode_of
from protocols.barcodes.variable_measure import COUNTRIES

BARCODE_SCANNED: Final = "barcode_scanned"
AGE_CHECKED: Final = "age_checked"

AGE_MAX = 120
DUPLICATE_WINDOW_MS_MAX = 60_000

LICENCE_REMAINS_S = 20.0
"""For so long after a licence, reads that look like lines of one are its remains (a wireless link that was out of range
held them back; see ``RESUME_S`` in ``barcode_scanner``), and reach nobody."""

_GS = b"\x1d"
_HEADER_LINE = re.compile(rb"(?:ANSI ?|AAMVA)[0-9]{8}")
LICENCE_HEADER_BYTES = 13
"""The most that it takes; with ``ANSI`` and a space."""
_LICENCE_LINE = re.compile(rb"(?:^|[\r\n])[ ]?(?:DL|ID)?(?:D[A-D]|Z[A-Z])[A-Z]")
"""Elements of the standard (DAA to DDZ), and those of the issuer (ZAA to ZZZ)."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError) as error:
        raise ValueError("expected an IANA name such as Europe/Berlin") from error
    return name


class ReadSettings(BaseModel):
    """What drivers of scanners have in common about the meaning of a read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: Literal["utf-8", "latin-1", "cp1252", "iso8859-15", "cp437", "shift_jis", "gb18030", "big5"] = Field(
        "utf-8", description="Character set of the scanner's output; text is null for bytes outside of it."
    )
    duplicate_window_ms: int = Field(
        0,
        ge=0,
        le=DUPLICATE_WINDOW_MS_MAX,
        description="The same code again within this time of its last sight is dropped and counted; 0: never. Only for "
        "scanners that read by themselves: two equal articles in a row are two sales.",
    )
    country: Country | None = Field(
        None, description="Whose rules tell price, weight or count in the store's own numbers; default: the store's."
    )
    variable_measure: tuple[VariableMeasureTemplate, ...] = Field(
        (), description="Rules of the store's own, before those of the country; default: the store's."
    )
    ages: tuple[Annotated[int, Field(ge=1, le=AGE_MAX)], ...] = Field(
        (18, 21), max_length=8, description="Ages that age_checked tells of a driving licence."
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="IANA name: where today begins, for ages and expiry; default: the store's."
    )


class ScannerReads:
    """Tells the reads of one connection."""

    def __init__(self, session: Session, settings: ReadSettings) -> None:
        self._session = session
        self._settings = settings
        self._templates: Sequence[VariableMeasureTemplate] = (
            *settings.variable_measure,
            *(COUNTRIES.get(settings.country, ()) if settings.country else ()),
        )
        self._window_s = settings.duplicate_window_ms / 1000
        self._last_raw = b""
        self._last_seen_s = 0.0
        self._licence_until_s: float | None = None
        self._has_sent_gs = False
        self._is_lacking_separators = False

    def data_of(self, read: BarcodeRead, symbology_by_code_id: str | None) -> dict[str, Any]:
        """``data`` of the event. ``raw_base64``: as sent, without prefix and suffix, identifiers included."""
        barcode = barcode_of(
            read.data,
            aim=read.aim,
            symbology_by_code_id=symbology_by_code_id,
            encoding=self._settings.encoding,
            variable_measures=self._templates,
        )
        data = {"raw_base64": base64.b64encode(read.raw).decode("ascii"), "aim": read.aim, **barcode.to_json()}
        self._has_sent_gs = self._has_sent_gs or _GS in read.data
        if barcode.may_lack_separators:
            self._warn_of_separators(data)
        return data if read.code_id is None else {**data, "code_id": read.code_id}

    def is_for_tills(self, read: BarcodeRead) -> bool:
        """False: it was a licence, whose age check has been told, the remains of one, or the same code again."""
        if b"A" in read.data and aamva.is_licence(read.data):
            self._check_age(read.data)
            return False
        if self._is_part_of_licence(read.data):
            self._session.forget_raw()
            self._session.frame_rejected(FrameRejected("part_of_licence", b"", len(read.raw)))
            return False
        if self._is_repeat(read.raw):
            self._session.count("duplicates_dropped")
            return False
        return True

    def rejected(self, event: FrameRejected) -> FrameRejected:
        """Without its bytes where they may be of a licence."""
        if not (self._is_part_of_licence(event.data) or aamva.is_licence(event.data)):
            return event
        self._note_licence()
        self._session.forget_raw()
        return FrameRejected(event.reason, b"", event.length)

    def _check_age(self, data: bytes) -> None:
        """Nothing else of the licence is kept: not the bytes, not the dates, not who issued it."""
        self._session.forget_raw()
        self._note_licence()
        licence = aamva.licence_of(data)
        if licence is None:
            return
        today = self._session.clock.now().astimezone(ZoneInfo(self._settings.timezone)).date()
        ages: Mapping[str, bool | None] = {
            str(age): aamva.is_of_age(licence, age, today) for age in self._settings.ages
        }
        self._session.emit(AGE_CHECKED, {"is_of_age": dict(ages), "is_expired": aamva.is_expired(licence, today)})

    @property
    def is_amid_licence(self) -> bool:
        """Part of one has come, and the rest may."""
        return self._licence_until_s is not None and self._session.clock.monotonic() <= self._licence_until_s

    def look_at(self, unread: bytes) -> None:
        """What has come of a read that is not over, where the codec knows no licences."""
        if _HEADER_LINE.search(unread):
            self._note_licence()

    def _note_licence(self) -> None:
        self._licence_until_s = self._session.clock.monotonic() + LICENCE_REMAINS_S

    def _is_part_of_licence(self, data: bytes) -> bool:
        """A licence that came in pieces: where its framing is not the codec's, or a link held the rest back."""
        if b"A" in data and _HEADER_LINE.search(data):
            self._note_licence()
            return True
        return self.is_amid_licence and _LICENCE_LINE.search(data) is not None

    def _is_repeat(self, raw: bytes) -> bool:
        """The window begins anew with each sight: a code that lies before the scanner is read once, however long."""
        if not self._window_s:
            return False
        now_s = self._session.clock.monotonic()
        is_repeat = raw == self._last_raw and now_s - self._last_seen_s < self._window_s
        self._last_raw, self._last_seen_s = raw, now_s
        return is_repeat

    def _warn_of_separators(self, data: dict[str, Any]) -> None:
        """Not where this scanner does send GS: then it is a lot number that looks so."""
        if self._has_sent_gs:
            del data["may_lack_separators"]
            return
        self._session.count("separators_missing")
        if not self._is_lacking_separators:
            self._is_lacking_separators = True
            self._session.set_flags(frozenset({DeviceFlag.SEPARATORS_MISSING}))
