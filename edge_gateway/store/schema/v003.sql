-- Schema version 3: several uplinks, each with its own cursor; payloads sealed at rest; drops counted by reason; keys wait
-- beside their events.

-- Every uplink there ever was, by name: its bit in `pending.done` is 1 << (uplink_id - 1), and never another's.
CREATE TABLE uplink (
    uplink_id INTEGER PRIMARY KEY CHECK (uplink_id BETWEEN 1 AND 62),
    name      TEXT    NOT NULL UNIQUE
) STRICT;

-- What version 2 delivered went over HTTPS.
INSERT INTO uplink (uplink_id, name) VALUES (1, 'https');

-- done: the uplinks that are finished with the row (delivered or refused). A row whose last configured uplink is finished
-- goes at once, so that with one uplink no mask is ever written.
-- key_id: of encryption_key; 0: in clear. checksum: over the row (store/sealing.py); NULL: older than version 3.
ALTER TABLE pending ADD COLUMN done     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN key_id   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN checksum INTEGER;

-- Of one uplink and one stream. Made when the uplink is first configured for it.
CREATE TABLE uplink_stream (
    uplink_id       INTEGER NOT NULL REFERENCES uplink,
    stream_id       INTEGER NOT NULL REFERENCES stream,
    is_configured   INTEGER NOT NULL DEFAULT 1,    -- as of the last start: a replay to any other uplink would be in vain
    delivered_total INTEGER NOT NULL DEFAULT 0,    -- since the store was made
    done_kept       INTEGER NOT NULL DEFAULT 0,    -- rows of `pending` that have its bit: its lag is all others
    sequence_below  INTEGER NOT NULL DEFAULT 0,    -- it is finished with every row below: where to read on after a start
    PRIMARY KEY (uplink_id, stream_id)
) STRICT, WITHOUT ROWID;

INSERT INTO uplink_stream (uplink_id, stream_id, delivered_total)
SELECT 1, stream_id, delivered_total FROM stream;

-- Each uplink has dead letters of its own: what one refuses another may take.
CREATE TABLE dead_letter_new (
    uplink_id      INTEGER NOT NULL REFERENCES uplink,
    sequence       INTEGER NOT NULL,              -- as in `pending`; a replay puts the event back into its place
    id             TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    appended_at_ms INTEGER NOT NULL,
    payload        BLOB    NOT NULL,
    key_id         INTEGER NOT NULL DEFAULT 0,
    checksum       INTEGER,
    dead_at_ms     INTEGER NOT NULL,
    reason         TEXT    NOT NULL,              -- the far end's words
    PRIMARY KEY (uplink_id, sequence)
) STRICT;

INSERT INTO dead_letter_new (uplink_id, sequence, id, source, type, appended_at_ms, payload, dead_at_ms, reason)
SELECT 1, sequence, id, source, type, appended_at_ms, payload, dead_at_ms, reason FROM dead_letter;

DROP TABLE dead_letter;

ALTER TABLE dead_letter_new RENAME TO dead_letter;

-- Rows that left `pending`, for whatever reason: numbers given out less these are pending, without counting a million.
ALTER TABLE stream ADD COLUMN removed_total INTEGER NOT NULL DEFAULT 0;

UPDATE stream SET removed_total = delivered_total + dead;

ALTER TABLE stream DROP COLUMN delivered_total;

-- What was given up undelivered: `room` (telemetry made room), `age` (keep_days).
CREATE TABLE dropped (
    stream_id INTEGER NOT NULL REFERENCES stream,
    reason    TEXT    NOT NULL,
    total     INTEGER NOT NULL,
    PRIMARY KEY (stream_id, reason)
) STRICT, WITHOUT ROWID;

-- The newest number given out by that day: events age by days of running, as keys do. NULL: a mark of version 2.
ALTER TABLE watermark ADD COLUMN sequence_newest INTEGER;

-- Which key a row was sealed with; the key itself is in a file.
CREATE TABLE encryption_key (
    key_id        INTEGER PRIMARY KEY,
    fingerprint   TEXT    NOT NULL UNIQUE,
    first_used_ms INTEGER NOT NULL
) STRICT;

-- Single values of the gateway: the boot epoch, tokens to resume with.
CREATE TABLE gateway (
    name  TEXT NOT NULL PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- A key waits beside its event until thousands are sorted in at once.
--
-- `idempotency_key` is ordered by key: each till's newest keys have a page of their own there, and a commit of a hundred
-- tills' sales rewrote a hundred pages. Appended beside the event a key costs no page; sorted in later, with thousands of
-- others, it shares its page with all that came from its till (memory cards wear out by pages written).

ALTER TABLE pending ADD COLUMN key    TEXT;             -- NULL: the event has none, or it is older than version 3
ALTER TABLE pending ADD COLUMN digest TEXT;

-- Up to this sequence of the stream all keys are sorted in.
INSERT INTO gateway (name, value)
SELECT 'keys_sorted_to_' || stream_id,
       max(sequence_settled, coalesce((
           SELECT max(sequence) FROM pending WHERE sequence > stream_id << 40 AND sequence < (stream_id + 1) << 40
       ), 0))
FROM stream;

-- Whatever takes an event out of `pending` before its key is sorted in: the key stays.
CREATE TRIGGER pending_key_stays AFTER DELETE ON pending
WHEN old.key IS NOT NULL AND old.sequence > (
    SELECT value FROM gateway WHERE name = 'keys_sorted_to_' || (old.sequence >> 40)
)
BEGIN
    INSERT OR IGNORE INTO idempotency_key (key, digest, event_id, sequence)
    VALUES (old.key, old.digest, old.id, old.sequence);
END;
