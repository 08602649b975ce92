-- Schema version 1 of outbox.db. Applied inside a transaction; never edited once released: a change is v002.sql.
--
-- An event's sequence carries its stream: stream_id * 2^40 + a number that rises by one with every event of the stream.
-- So one B-tree holds all streams, each in the order of appending, with no index beside it: an accepted transaction
-- dirties two leaves, one of `pending` and one of `idempotency_key` (memory cards wear out by pages written).

CREATE TABLE stream (
    stream_id        INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL UNIQUE,
    delivered_total  INTEGER NOT NULL DEFAULT 0,  -- since the store was made
    dead             INTEGER NOT NULL DEFAULT 0,  -- rows of dead_letter now
    sequence_settled INTEGER NOT NULL DEFAULT 0   -- highest sequence ever settled: numbers are never used twice
) STRICT;

-- Transactions come last: appending to the right edge of a B-tree is the cheapest place to append.
INSERT INTO stream (stream_id, name) VALUES
    (1, 'telemetry'), (2, 'audit'), (3, 'device_events'), (4, 'inventory'), (5, 'transactions');

CREATE TABLE pending (
    sequence       INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    appended_at_ms INTEGER NOT NULL,              -- wall clock, Unix milliseconds
    payload        BLOB    NOT NULL               -- the whole CloudEvent, JSON
) STRICT;

CREATE TABLE dead_letter (
    sequence       INTEGER PRIMARY KEY,           -- as in `pending`; a replay puts the event back into its place
    id             TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    appended_at_ms INTEGER NOT NULL,
    payload        BLOB    NOT NULL,
    dead_at_ms     INTEGER NOT NULL,
    reason         TEXT    NOT NULL               -- the cloud's words
) STRICT;

-- What makes an event unique beyond its id (a transaction id), kept long after delivery to answer repeats.
CREATE TABLE idempotency_key (
    key      TEXT    NOT NULL PRIMARY KEY,
    digest   TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per stream and day of running: every event below `sequence` was settled by then. It tells which keys were
-- delivered long ago without writing to idempotency_key at each delivery. Days are counted in rows, so that a clock
-- that jumps ten years ages the keys by one day.
CREATE TABLE watermark (
    position  INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    day       INTEGER NOT NULL,                   -- wall clock, days since 1970-01-01
    sequence  INTEGER NOT NULL
) STRICT;

-- Requests with an effect. No reply: being carried out now, or cut short by a crash (answered at the next start).
CREATE TABLE command (
    position      INTEGER PRIMARY KEY,            -- order of claiming
    request_key   TEXT    NOT NULL UNIQUE,        -- {target}/{request id}
    digest        TEXT    NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    reply         BLOB                            -- JSON
) STRICT;
