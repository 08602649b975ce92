-- Schema version 2: command replies age by days of running, as idempotency keys do (see watermark in v001.sql).
--
-- One row per day of running: every request up to `command_position` was claimed before that day. By the wall clock, a
-- clock that jumped a week ahead had a request forgotten, and its repeat printed again. (command.claimed_at_ms stays, for
-- people.)

CREATE TABLE command_watermark (
    position         INTEGER PRIMARY KEY,
    command_position INTEGER NOT NULL               -- of the newest request then; 0: none
) STRICT;
