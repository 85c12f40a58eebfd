-- Has a twin in the other folder.

-- The last run of each thing that looks after the store (a sweep, a check), whichever process did it.
CREATE TABLE last_run (
    name   TEXT    PRIMARY KEY NOT NULL,
    at_ms  INTEGER NOT NULL, -- when it ended
    result TEXT    NOT NULL  -- JSON
) STRICT;
