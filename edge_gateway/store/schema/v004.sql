-- Schema version 4: what was salvaged from a store that was found damaged, and what was lost with it.

CREATE TABLE salvage (
    kept_as         TEXT    NOT NULL PRIMARY KEY,   -- file name of the store that was set aside, in the same directory
    begun_ms        INTEGER NOT NULL,
    stage           TEXT    NOT NULL,               -- commands, events, dead_letters, keys: what comes next; done, failed
    pages_done      INTEGER NOT NULL DEFAULT 0,     -- of the stage
    bases           TEXT    NOT NULL,               -- JSON: by stream id, the number above which the new store began
    newest          TEXT    NOT NULL,               -- JSON: the same, the last number of the old one where it was known
    report          TEXT    NOT NULL DEFAULT '{}',  -- JSON: counts of what was salvaged and lost
    acknowledged_ms INTEGER,                        -- a person has seen what was lost
    acknowledged_by TEXT
) STRICT;

-- Keys of events that were lost, forgotten so that a till may submit the sale again. It is stored under the id it had:
-- should the cloud have it after all, it is not booked twice.
CREATE TABLE lost_event (
    key      TEXT    NOT NULL PRIMARY KEY,
    digest   TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kept_as  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
