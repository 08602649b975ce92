"""Printing: what the print service asks of a printer's driver, and what both promise about the paper.

A job is on disk before it is accepted. ``PrintWatch.begin`` is the line between "not printed for certain" and "perhaps
printed": what breaks off before it is printed again, what breaks off after it is never printed again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.states import DeviceClass

PRINT_COMMAND: Final = "print"
"""The command that a printer's driver names in ``commands``; the print service carries it out, not ``execute``."""

JOB_COMMANDS: Final = (PRINT_COMMAND, "cancel_job", "reprint", "dismiss", "read_job", "read_jobs")
"""Taken for every printer, by the print service."""
JOB_EVENT: Final = "print_job_changed"
"""Emitted for every printer, by the print service."""

COPY_MARK: Final = "copy_mark"
"""Key of ``content`` in a copy of a label: its words are printed in a way that a person sees at once. (A document has
them in itself.)"""


class JobState(StrEnum):
    """Of a print job. The last five are ends; from ``unknown`` only a person leads on (``reprint``, ``dismiss``)."""

    ACCEPTED = "accepted"
    """On disk. No byte was sent, or a printer took none for certain: it will be printed, also after a restart."""
    PRINTING = "printing"
    """``begin`` was called: bytes may be on paper. After a crash it is ``unknown``."""
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_end(self) -> bool:
        return self not in (JobState.ACCEPTED, JobState.PRINTING)


class PaperPolicy(StrEnum):
    """What becomes of a job that a printer stops in the middle of (paper out, cover open), once it can go on."""

    CONTINUE = "continue"
    """The printer goes on with what its buffer holds, and the driver with the rest."""
    RESTART = "restart"
    """Again from the start, where the printer confirmed that it cleared the rest and it cannot be whole on paper."""
    LAST_CUT = "last_cut"
    """Again from behind the last cut that was confirmed; else as ``RESTART``."""
    FAIL = "fail"
    """Not taken up again: ``failed`` where the rest was cleared for certain, else ``unknown``."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A job as it goes over the wire. ``cuts``: offsets in ``data`` behind each cut (each label of a label printer),
    ascending: where a job may be taken up again."""

    data: bytes = field(repr=False)
    cuts: tuple[int, ...] = ()
    replaced_count: int = 0
    """Characters that the printer does not have, printed as another."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """More for the result of the job, JSON-able."""
    opens_drawer: bool = False
    """A drawer pulse is among the data."""


class Cancellation(Protocol):
    """Whether the job is to be given up; ``asyncio.Event`` is one."""

    def is_set(self) -> bool: ...

    async def wait(self) -> object: ...


class PrintWatch(Protocol):
    """What a driver tells of the one job that it prints. ``progress`` is cheap and never blocks."""

    @property
    def paper_policy(self) -> PaperPolicy: ...

    @property
    def job_id(self) -> str | None:
        """For what the driver tells of the job. None: it is none of the print service's."""
        ...

    @property
    def cancelled(self) -> Cancellation:
        """Set: send nothing more, clear the printer if it can be cleared, and raise what became of the job (code
        ``CANCELLED`` where it is not whole for certain). A driver that is still at it a while later is cancelled, and
        the job is unknown."""
        ...

    async def begin(self) -> None:
        """Awaited after the status was asked and before the FIRST byte of the job is sent: durable on return.

        Raises RequestError where the job is not to be begun any more (cancelled, too late, the disk is full): nothing
        may be sent then; let it pass. Called again in the same job it does nothing.
        """
        ...

    def progress(
        self,
        sent_bytes: int,
        confirmed_bytes: int = 0,
        waiting_for: ErrorCode | None = None,
        waiting_reason: str = "",
    ) -> None:
        """How far it is, from the start of the data; ``waiting_for``: what a person has to mend before it goes on
        (``PAPER_EMPTY``, ``COVER_OPEN``, ``OFFLINE`` ...); ``waiting_reason``: the same in words, with the remedy. Call
        it after each piece and wherever it stands still."""
        ...


class PrintFailedError(DeviceError):
    """The job failed for certain: it is not whole on paper, and nothing more of it will come.

    ``is_on_paper``: its beginning may be on paper, a drawer in it may have opened. Not retryable then.
    """

    def __init__(self, code: ErrorCode, message: str, *, is_on_paper: bool) -> None:
        super().__init__(code, message, is_retryable=False if is_on_paper else None)
        self.is_on_paper = is_on_paper


class PrinterDriver(Driver, Protocol):
    """The driver of a printer: its ``commands`` have ``print``, which reaches ``print_rendered`` and never ``execute``.

    ``print_rendered`` runs beside ``execute``: commands of a person at the counter (``open_drawer``, ``read_status``)
    pass a job that waits for paper. The driver keeps the two from mixing on the line.
    """

    @classmethod
    def render(cls, settings: Any, content: Mapping[str, Any]) -> Rendered:
        """Bytes from content: ``document`` (templates are documents by then), or ``label`` and ``data`` as in
        ``params`` of ``print``, with ``COPY_MARK`` where it is a copy. ``settings``: the driver's validated model.

        Pure, and called in a thread: at acceptance, so that a bad document is refused, and again when it is printed.
        Raises RequestError (INVALID_REQUEST with the place that is wrong; UNSUPPORTED).
        """
        ...

    async def print_rendered(self, rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        """Ask the status, ``begin``, send under flow control, have it confirmed. Returns the result of the job.

        Raises before ``begin``: DeviceError: why it cannot print now (nothing was sent; the service waits and calls
        again). After it: PrintFailedError, or UnknownOutcomeError where the paper may be whole or still come out.
        TransportError and anything else after ``begin`` makes the job unknown.
        """
        ...


def is_printer(driver_class: Any) -> bool:
    """It is a PrinterDriver."""
    return hasattr(driver_class, "render") and hasattr(driver_class, "print_rendered")


PRINTER_CLASSES: Final = frozenset({DeviceClass.POS_PRINTER, DeviceClass.LABEL_PRINTER})
"""Classes whose drivers are PrinterDrivers."""

CANNOT_PRINT_NOW: Final = frozenset(
    {
        ErrorCode.OFFLINE,
        ErrorCode.TIMEOUT,
        ErrorCode.BUSY,
        ErrorCode.COVER_OPEN,
        ErrorCode.PAPER_EMPTY,
        ErrorCode.CUTTER_ERROR,
        ErrorCode.DEVICE_ERROR,
    }
)
"""Codes of what is mended by a person or by itself: before ``begin`` a job waits for it until its deadline."""


def refuse_unprintable(device_id: str) -> RequestError:
    """For ``print`` at a device that is no printer."""
    return RequestError(ErrorCode.UNSUPPORTED, f"{device_id}: it is no printer")
