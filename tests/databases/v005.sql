-- A store as schema version 5 leaves it: that of v004.sql, taken over, and print jobs. Never edited: it stands for the databases in the shops.
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE command (
    position      INTEGER PRIMARY KEY,            -- order of claiming
    request_key   TEXT    NOT NULL UNIQUE,        -- {target}/{request id}
    digest        TEXT    NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    reply         BLOB                            -- JSON
) STRICT;
INSERT INTO "command" VALUES(1,'printer-1/done','d',1795255200000,X'7B226964223A22646F6E65222C22737461747573223A22636F6D706C65746564227D');
INSERT INTO "command" VALUES(2,'printer-1/cut-short','d',1795255200000,X'7B226964223A226375742D73686F7274222C22737461747573223A22756E6B6E6F776E222C226572726F72223A7B22636F6465223A22756E6B6E6F776E5F6F7574636F6D65222C226D657373616765223A2274686520676174657761792073746F70706564207768696C65207468697320776173206265696E6720646F6E653A206C6F6F6B20617420746865206465766963652077686574686572206974207761732C207468656E2073656E642061206E65772072657175657374222C22726574727961626C65223A66616C73657D7D');
CREATE TABLE command_watermark (
    position         INTEGER PRIMARY KEY,
    command_position INTEGER NOT NULL               -- of the newest request then; 0: none
, print_position INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "command_watermark" VALUES(1,2,0);
CREATE TABLE "dead_letter" (
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
INSERT INTO "dead_letter" VALUES(1,5497558138882,'t2','/stores/S001/pos/T1','com.edge-gateway.scanner.barcode_scanned.v1',1795255200000,X'7B227370656376657273696F6E223A22312E30222C226964223A227432222C22736F75726365223A222F73746F7265732F533030312F706F732F5431222C2274797065223A22636F6D2E656467652D676174657761792E7363616E6E65722E626172636F64655F7363616E6E65642E7631222C2274696D65223A22323032362D31312D32315431303A31363A32302E3030305A222C2264617461223A7B2270616464696E67223A22227D7D',0,NULL,1795255200000,'unknown article');
CREATE TABLE dropped (
    stream_id INTEGER NOT NULL REFERENCES stream,
    reason    TEXT    NOT NULL,
    total     INTEGER NOT NULL,
    PRIMARY KEY (stream_id, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE encryption_key (
    key_id        INTEGER PRIMARY KEY,
    fingerprint   TEXT    NOT NULL UNIQUE,
    first_used_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE gateway (
    name  TEXT NOT NULL PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;
INSERT INTO "gateway" VALUES('epoch',1795255201);
INSERT INTO "gateway" VALUES('keys_sorted_to_1',0);
INSERT INTO "gateway" VALUES('keys_sorted_to_2',0);
INSERT INTO "gateway" VALUES('keys_sorted_to_3',3298534883330);
INSERT INTO "gateway" VALUES('keys_sorted_to_4',0);
INSERT INTO "gateway" VALUES('keys_sorted_to_5',5497558138884);
CREATE TABLE idempotency_key (
    key      TEXT    NOT NULL PRIMARY KEY,
    digest   TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "idempotency_key" VALUES('S001-T1-20261121-000001','digest-1','t1',5497558138881);
INSERT INTO "idempotency_key" VALUES('S001-T1-20261121-000002','digest-2','t2',5497558138882);
INSERT INTO "idempotency_key" VALUES('S001-T1-20261121-000003','digest-3','t3',5497558138883);
INSERT INTO "idempotency_key" VALUES('S001-T1-20261121-000004','digest-4','t4',5497558138884);
CREATE TABLE lost_event (
    key      TEXT    NOT NULL PRIMARY KEY,
    digest   TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kept_as  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
    sequence       INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    appended_at_ms INTEGER NOT NULL,              -- wall clock, Unix milliseconds
    payload        BLOB    NOT NULL               -- the whole CloudEvent, JSON
, done     INTEGER NOT NULL DEFAULT 0, key_id   INTEGER NOT NULL DEFAULT 0, checksum INTEGER, key    TEXT, digest TEXT) STRICT;
INSERT INTO "pending" VALUES(3298534883329,'d1','/stores/S001/pos/T1','com.edge-gateway.scanner.barcode_scanned.v1',1795255200000,X'7B227370656376657273696F6E223A22312E30222C226964223A226431222C22736F75726365223A222F73746F7265732F533030312F706F732F5431222C2274797065223A22636F6D2E656467652D676174657761792E7363616E6E65722E626172636F64655F7363616E6E65642E7631222C2274696D65223A22323032362D31312D32315431303A31363A32302E3030305A222C2264617461223A7B2270616464696E67223A22227D7D',2,0,NULL,NULL,NULL);
INSERT INTO "pending" VALUES(3298534883330,'d2','/stores/S001/pos/T1','com.edge-gateway.scanner.barcode_scanned.v1',1795255200000,X'7B227370656376657273696F6E223A22312E30222C226964223A226432222C22736F75726365223A222F73746F7265732F533030312F706F732F5431222C2274797065223A22636F6D2E656467652D676174657761792E7363616E6E65722E626172636F64655F7363616E6E65642E7631222C2274696D65223A22323032362D31312D32315431303A31363A32302E3030305A222C2264617461223A7B2270616464696E67223A22227D7D',0,0,NULL,NULL,NULL);
INSERT INTO "pending" VALUES(5497558138884,'t4','/stores/S001/pos/T1','com.edge-gateway.scanner.barcode_scanned.v1',1795255200000,X'7B227370656376657273696F6E223A22312E30222C226964223A227434222C22736F75726365223A222F73746F7265732F533030312F706F732F5431222C2274797065223A22636F6D2E656467652D676174657761792E7363616E6E65722E626172636F64655F7363616E6E65642E7631222C2274696D65223A22323032362D31312D32315431303A31363A32302E3030305A222C2264617461223A7B2270616464696E67223A22227D7D',0,0,NULL,NULL,NULL);
INSERT INTO "pending" VALUES(5497558138885,'t5','/stores/S001/pos/T1','com.edge-gateway.scanner.barcode_scanned.v1',1795255200000,X'7B227370656376657273696F6E223A22312E30222C226964223A227435222C22736F75726365223A222F73746F7265732F533030312F706F732F5431222C2274797065223A22636F6D2E656467652D676174657761792E7363616E6E65722E626172636F64655F7363616E6E65642E7631222C2274696D65223A22323032362D31312D32315431303A31363A32302E3030305A222C2264617461223A7B2270616464696E67223A22227D7D',0,0,NULL,'S001-T1-20261121-000005','digest-5');
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
INSERT INTO "print_job" VALUES(1,'printer-1/printed','digest-printed','printer-1','completed',0,1795255200000,1795258800000,0,'{"on_paper_end":"continue","result":{"bytes":7}}',X'7B22646F63756D656E74223A5B7B2274797065223A2274657874222C2274657874223A227072696E746564227D5D7D',0,2985386732);
INSERT INTO "print_job" VALUES(2,'printer-1/in-print','digest-in-print','printer-1','printing',0,1795255200000,1795258800000,1,'{"on_paper_end":"continue"}',X'7B22646F63756D656E74223A5B7B2274797065223A2274657874222C2274657874223A22696E2D7072696E74227D5D7D',0,575747386);
INSERT INTO "print_job" VALUES(3,'printer-1/waiting','digest-waiting','printer-1','accepted',0,1795255200000,1795258800000,1,'{"on_paper_end":"continue"}',X'7B22646F63756D656E74223A5B7B2274797065223A2274657874222C2274657874223A2277616974696E67227D5D7D',0,3039484589);
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
CREATE TABLE stream (
    stream_id        INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL UNIQUE,
    dead             INTEGER NOT NULL DEFAULT 0,  -- rows of dead_letter now
    sequence_settled INTEGER NOT NULL DEFAULT 0   -- highest sequence ever settled: numbers are never used twice
, removed_total INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "stream" VALUES(1,'telemetry',0,0,0);
INSERT INTO "stream" VALUES(2,'audit',0,0,0);
INSERT INTO "stream" VALUES(3,'device_events',0,0,0);
INSERT INTO "stream" VALUES(4,'inventory',0,0,0);
INSERT INTO "stream" VALUES(5,'transactions',1,5497558138883,3);
CREATE TABLE uplink (
    uplink_id INTEGER PRIMARY KEY CHECK (uplink_id BETWEEN 1 AND 62),
    name      TEXT    NOT NULL UNIQUE
) STRICT;
INSERT INTO "uplink" VALUES(1,'https');
INSERT INTO "uplink" VALUES(2,'warehouse');
CREATE TABLE uplink_stream (
    uplink_id       INTEGER NOT NULL REFERENCES uplink,
    stream_id       INTEGER NOT NULL REFERENCES stream,
    is_configured   INTEGER NOT NULL DEFAULT 1,    -- as of the last start: a replay to any other uplink would be in vain
    delivered_total INTEGER NOT NULL DEFAULT 0,    -- since the store was made
    done_kept       INTEGER NOT NULL DEFAULT 0,    -- rows of `pending` that have its bit: its lag is all others
    sequence_below  INTEGER NOT NULL DEFAULT 0,    -- it is finished with every row below: where to read on after a start
    PRIMARY KEY (uplink_id, stream_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "uplink_stream" VALUES(1,1,0,0,0,0);
INSERT INTO "uplink_stream" VALUES(1,2,0,0,0,0);
INSERT INTO "uplink_stream" VALUES(1,3,1,0,0,0);
INSERT INTO "uplink_stream" VALUES(1,4,0,0,0,0);
INSERT INTO "uplink_stream" VALUES(1,5,1,2,0,0);
INSERT INTO "uplink_stream" VALUES(2,3,1,1,1,3298534883330);
CREATE TABLE watermark (
    position  INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    day       INTEGER NOT NULL,                   -- wall clock, days since 1970-01-01
    sequence  INTEGER NOT NULL
, sequence_newest INTEGER) STRICT;
INSERT INTO "watermark" VALUES(1,1,20778,1,NULL);
INSERT INTO "watermark" VALUES(2,2,20778,1,NULL);
INSERT INTO "watermark" VALUES(3,3,20778,1,NULL);
INSERT INTO "watermark" VALUES(4,4,20778,1,NULL);
INSERT INTO "watermark" VALUES(5,5,20778,5497558138881,NULL);
CREATE TRIGGER pending_key_stays AFTER DELETE ON pending
WHEN old.key IS NOT NULL AND old.sequence > (
    SELECT value FROM gateway WHERE name = 'keys_sorted_to_' || (old.sequence >> 40)
)
BEGIN
    INSERT OR IGNORE INTO idempotency_key (key, digest, event_id, sequence)
    VALUES (old.key, old.digest, old.id, old.sequence);
END;
CREATE UNIQUE INDEX print_job_key ON print_job (job_key, digest);
CREATE INDEX print_job_open ON print_job (is_open) WHERE is_open = 1;
CREATE INDEX print_job_content ON print_job (printer, is_open) WHERE content IS NOT NULL;
COMMIT;
