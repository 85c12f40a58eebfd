-- A bucket is a label for now: its number is the label's id, which never changes and is never used again.
CREATE TABLE label (
    id            INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
    label_key     TEXT    NOT NULL UNIQUE,
    label_version INTEGER NOT NULL,
    event_type    TEXT    NOT NULL,
    application   TEXT    NOT NULL,
    parameters    TEXT    NOT NULL, -- JSON: [{"name", "value"}]
    first_seen_ms INTEGER NOT NULL, -- received, by the server's clock
    last_seen_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX label_last_seen ON label (last_seen_ms, id);

-- One row per crash that was ever reported; a second report of the same crash finds its row and is no hit.
CREATE TABLE seen (
    event_day INTEGER NOT NULL, -- days since 1970, from the report's own event time
    key16     BLOB    NOT NULL CHECK (length(key16) = 16),
    label     INTEGER NOT NULL REFERENCES label (id),
    PRIMARY KEY (event_day, key16)
) STRICT, WITHOUT ROWID;

-- Level 1 bodies as they came, apart from the hot row.
CREATE TABLE raw (
    id          INTEGER PRIMARY KEY,
    event_day   INTEGER NOT NULL,
    key16       BLOB    NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

-- Exact counts.
CREATE TABLE hits (
    label INTEGER NOT NULL REFERENCES label (id),
    day   INTEGER NOT NULL, -- days since 1970
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (label, day)
) STRICT, WITHOUT ROWID;

-- The right to send one cab. Open until it is used or expires; spoiled when its cab turned out to be useless.
CREATE TABLE lease (
    id               INTEGER PRIMARY KEY,
    key16            BLOB    NOT NULL UNIQUE,
    label            INTEGER NOT NULL REFERENCES label (id),
    token            TEXT    NOT NULL UNIQUE,
    memory_dump      INTEGER NOT NULL CHECK (memory_dump IN (0, 1)),
    state            TEXT    NOT NULL CHECK (state IN ('open', 'used', 'spoiled')),
    expires_ms       INTEGER NOT NULL,
    machine          TEXT    NOT NULL,
    os               TEXT    NOT NULL,
    application_path TEXT    NOT NULL,
    event_ms         INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_label ON lease (label, state);

-- Files under blobs/, by content.
CREATE TABLE blob (
    sha256     TEXT    PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    stored_ms  INTEGER NOT NULL
) STRICT;

-- Reports with data.
CREATE TABLE report (
    id          TEXT    PRIMARY KEY, -- UUID v7
    lease       INTEGER NOT NULL UNIQUE REFERENCES lease (id),
    label       INTEGER NOT NULL REFERENCES label (id),
    blob        TEXT    NOT NULL REFERENCES blob (sha256),
    received_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX report_label ON report (label, received_ms);

CREATE TABLE job (
    id             INTEGER PRIMARY KEY,
    kind           TEXT    NOT NULL,
    report         TEXT    NOT NULL REFERENCES report (id),
    state          TEXT    NOT NULL CHECK (state IN ('open', 'done', 'poison')),
    run_after_ms   INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    last_error     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_open ON job (kind, report) WHERE state = 'open';
CREATE INDEX job_due ON job (run_after_ms) WHERE state = 'open';

-- What an analysis child found.
CREATE TABLE analysis (
    report       TEXT    PRIMARY KEY REFERENCES report (id),
    made_ms      INTEGER NOT NULL,
    signature    TEXT,
    top_function TEXT,
    reading      TEXT    NOT NULL -- JSON
) STRICT;
