-- Schema version 5: the print spool. A job is accepted when its row is here.

CREATE TABLE print_job (
    position       INTEGER PRIMARY KEY,            -- order of acceptance
    job_key        TEXT    NOT NULL,               -- {printer that was asked}/{job id}
    digest         TEXT    NOT NULL,               -- of what is to be printed
    printer        TEXT    NOT NULL,               -- where it is printed: the one asked, or its back-up
    state          TEXT    NOT NULL,               -- contracts/printing.py, JobState
    priority       INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    deadline_at_ms INTEGER NOT NULL,
    is_open        INTEGER NOT NULL,               -- 1: it waits for the printer, or for a person to say what is on paper
    record         TEXT    NOT NULL,               -- JSON: how it is to be done, how far it is, what came of it
    content        BLOB,                           -- what is to be printed, packed and sealed as events are; NULL: no more
    key_id         INTEGER NOT NULL DEFAULT 0,
    checksum       INTEGER
) STRICT;

-- The digest stands here as well: should the row be lost with a damaged page, this still says that there was such a job,
-- and a repeat of it is not printed again.
CREATE UNIQUE INDEX print_job_key ON print_job (job_key, digest);

CREATE INDEX print_job_open ON print_job (is_open) WHERE is_open = 1;

CREATE INDEX print_job_content ON print_job (printer, is_open) WHERE content IS NOT NULL;

-- Jobs age by days of running, as requests do: the newest job then. 0: none.
ALTER TABLE command_watermark ADD COLUMN print_position INTEGER NOT NULL DEFAULT 0;
