"""What the print service publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from edge_gateway.contracts.print_requests import Priority
from edge_gateway.contracts.printing import JobState
from edge_gateway.schemas.payloads.bases import AlertData, DeviceEventData, Sent
from edge_gateway.schemas.payloads.printers import LabelPrintResult


class JobError(Sent):
    """Why a job did not complete, as in a reply."""

    code: str
    message: str
    retryable: bool


class PrintJobView(Sent):
    """A print job, as it stands."""

    job_id: str
    device_id: str = Field(description="The printer that was asked.")
    printer: str = Field(description="The printer that prints it: the same, or its back-up.")
    state: JobState
    priority: Priority
    accepted_at: datetime
    deadline_at: datetime = Field(description="Not begun after this.")
    begun_at: datetime | None
    ended_at: datetime | None
    sent_bytes: int = Field(ge=0, description="After a crash: at least so many.")
    confirmed_bytes: int = Field(ge=0, description="Confirmed as printed by the printer.")
    total_bytes: int | None
    waiting_for: str | None = Field(description="What has to be mended before it goes on: paper_empty, cover_open ...")
    waiting_reason: str | None = Field(description="The same in words.")
    copy_of: str | None = Field(description="Id of the job that it is a copy of.")
    is_waiting_for_person: bool = Field(description="Its end is unknown: look at the paper, then reprint or dismiss.")
    settled_by: dict[str, Any] | None = Field(description="How a person settled it: reprint or dismiss, who and when.")
    result: dict[str, Any] | None
    error: JobError | None


class PrintJobChangedData(PrintJobView, DeviceEventData):
    """A print job was accepted, begun, is further, waits for something, or has ended."""


class PrintResult(Sent):
    """The paper is out."""

    bytes: int = Field(ge=0)
    replaced_characters: int = Field(ge=0, description="Characters that the printer's code page does not have.")
    confirmed_by: str
    job_id: str
    printer: str


class PrintedLabels(LabelPrintResult):
    """The labels are out."""

    job_id: str
    printer: str


class JobResult(Sent):
    """The job as it stands after that."""

    job: PrintJobView


class JobsResult(Sent):
    """Jobs of the printer, newest first; those that it took over for another are among them."""

    jobs: list[PrintJobView]


class _Decision(DeviceEventData):
    job_id: str
    state: JobState = Field(description="Of the job when it was decided.")
    operator: str | None
    reason: str | None


class PrintJobReprintedData(_Decision):
    """Audit: a copy of a job was printed."""

    copy_job_id: str


class PrintJobDismissedData(_Decision):
    """Audit: a person looked at the paper of an unknown job, and left it at that."""


class PrintJobUnknownData(AlertData):
    """What is on paper of a print job is not known: a person looks, and reprints or dismisses it."""

    device_id: str
    printer: str
    job_id: str
    sent_bytes: int
    total_bytes: int | None
