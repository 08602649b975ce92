"""What requests to the print service take as ``params``, and what belongs to the content of a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.document import Document
from edge_gateway.contracts.fields import Key
from edge_gateway.contracts.label import Label
from edge_gateway.contracts.label_fields import FromFormat, FromTemplate
from edge_gateway.contracts.printing import JobState, PaperPolicy

CONTENT_KEYS: Final = ("document", "template", "data", "label")
"""Params of ``print`` that say what is printed; all others say how."""
DEADLINE_S_MAX: Final = 7 * 86_400.0
"""A job that was not begun within a week is of no use to anybody."""
JOBS_LISTED_MAX: Final = 500
"""In one answer: some 200 KB."""

Priority = Literal["high", "normal", "low"]
PRIORITIES: Final[Mapping[Priority, int]] = {"high": 1, "normal": 0, "low": -1}
"""As they are sorted; jobs of one priority are printed in the order in which they were accepted."""
PRIORITY_WORDS: Final[Mapping[int, Priority]] = {number: word for word, number in PRIORITIES.items()}

DeadlineS = Annotated[float, Field(strict=True, ge=1.0, le=DEADLINE_S_MAX, allow_inf_nan=False)]


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _JobOptions(_Params):
    answer: Literal["completed", "accepted"] = Field(
        "completed", description="completed: the one reply comes at the job's end; accepted: as soon as it is on disk."
    )
    priority: Priority = Field("normal", description="Jobs of a higher one that wait are printed first.")
    deadline_s: DeadlineS | None = Field(
        None, description="Seconds within which it must begin, else it expires; default: as configured for the printer."
    )


class JobOptions(_JobOptions):
    """``params`` of ``print`` but for what is printed."""

    job_id: Key | None = Field(None, description="Unique for the printer, for good; default: the request's id.")
    on_paper_end: PaperPolicy | None = Field(
        None, description="What becomes of it when the printer stops in the middle; default: as configured."
    )


class PrintJobParams(JobOptions):
    """``params`` of the command ``print``: either a document, or a template and its data."""

    document: Document | None = None
    template: str | None = Field(None, description="Name of a template.")
    data: dict[str, Any] | None = Field(None, description="What the template is filled with.")


class LabelJobParams(JobOptions):
    """``params`` of the command ``print`` of a label printer: either a label, or a template and its data."""

    label: Label | FromTemplate | FromFormat | None = Field(
        None, description="A label; or a template of ours with its fields; or a format that the printer keeps."
    )
    template: str | None = Field(None, description="Name of a template.")
    data: dict[str, Any] | None = Field(None, description="The template's fields, and the quantity.")


class JobParams(_Params):
    """``params`` of ``cancel_job`` and ``read_job``."""

    job_id: Key = Field(description="Of the job, at the printer that was asked to print it.")


class DismissParams(JobParams):
    """``params`` of ``dismiss``: a person has looked at the paper, and nothing more is to be done."""

    operator: str | None = Field(None, max_length=100, description="Who decided; into the audit trail.")
    reason: str | None = Field(None, max_length=500, description="Why; into the audit trail.")


class ReprintParams(_JobOptions):
    """``params`` of ``reprint``: a new job under the request's id, with the content of another, marked as a copy."""

    job_id: Key = Field(description="Of the job that is printed once more.")
    operator: str | None = Field(None, max_length=100, description="Who decided; into the audit trail.")
    reason: str | None = Field(None, max_length=500, description="Why; into the audit trail.")


class ReadJobsParams(_Params):
    """``params`` of ``read_jobs``."""

    states: tuple[JobState, ...] = Field((), description="Only jobs in one of these; empty: all.")
    limit: int = Field(50, ge=1, le=JOBS_LISTED_MAX, strict=True, description="The newest so many.")


def content_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """What is printed."""
    return {key: params[key] for key in CONTENT_KEYS if key in params}


def content_digest(content: Mapping[str, Any]) -> str:
    """A repeat under the same id has the same one."""
    return sha256(content_json(content)).hexdigest()


def content_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
