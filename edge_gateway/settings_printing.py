"""[device.printing]: how the jobs of a printer are kept and printed."""

from __future__ import annotations

from pydantic import Field

from edge_gateway.contracts.fields import PRINTED_PATTERN, Level
from edge_gateway.contracts.print_jobs import ContentsKept
from edge_gateway.contracts.print_requests import DEADLINE_S_MAX
from edge_gateway.contracts.printing import PaperPolicy
from edge_gateway.settings_parts import Section


class PrintingSettings(Section):
    """[device.printing] the print jobs of one printer."""

    backup: Level | None = Field(
        None,
        description="Id of the printer that takes over jobs while this one cannot print; never one that was begun.",
    )
    backup_after_s: float = Field(
        10.0, ge=0, description="How long this one must be unable to print before the back-up takes over, seconds."
    )
    reply_deadline_s: float = Field(
        60.0,
        ge=1,
        le=DEADLINE_S_MAX,
        description="A job that names no deadline, and is answered at its end, must have begun by then, seconds.",
    )
    deadline_s: float = Field(
        3600.0,
        ge=1,
        le=DEADLINE_S_MAX,
        description="The same for a job that is answered when it is accepted, seconds.",
    )
    on_paper_end: PaperPolicy = Field(
        PaperPolicy.CONTINUE,
        description="What becomes of a job that the printer stops in the middle of: continue, restart (from the start, "
        "where the rest was cleared for certain), last_cut (from behind the last one), fail.",
    )
    waiting_jobs_max: int = Field(100, ge=1, le=1000, description="Jobs that wait for it; the next is refused as busy.")
    waiting_bytes_max: int = Field(
        10_000_000, ge=10_000, description="Bytes of the jobs that wait for it; the next is refused as busy."
    )
    kept_jobs: int = Field(
        200, ge=0, le=2000, description="Jobs that ended of which the content is kept, so that a copy can be printed."
    )
    kept_bytes_max: int = Field(
        5_000_000, ge=0, description="Bytes of these contents as they are stored; the oldest go before there are more."
    )
    copy_mark: str = Field(
        "COPY", min_length=1, max_length=20, pattern=PRINTED_PATTERN, description="Words that stand on a copy."
    )

    @property
    def contents_kept(self) -> ContentsKept:
        """For copies."""
        return ContentsKept(self.kept_jobs, self.kept_bytes_max)
