-- One logical schema in two dialects: this file has a twin in the other folder, and a test compares the tables that both
-- make. Numbers are 64-bit integers, flags are 0 and 1, times are milliseconds and days since 1970, UTC.
-- A later migration only adds (tables, columns with a default, indexes): an older watson may still run beside it.

CREATE TABLE tenant (
    id      INTEGER PRIMARY KEY NOT NULL,
    name    TEXT   NOT NULL UNIQUE,
    made_ms INTEGER NOT NULL
) STRICT;
INSERT INTO tenant (id, name, made_ms) VALUES (1, 'default', 0);

-- Event type and parameters. `n` is the bucket's number in answers: it never changes and is never given again.
CREATE TABLE label (
    n             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL CHECK (n BETWEEN 1 AND 2147483647),
    tenant        INTEGER NOT NULL,
    key_hash      BLOB   NOT NULL CHECK (length(key_hash) = 32),
    version       INTEGER NOT NULL,
    event_type    TEXT   NOT NULL,
    application   TEXT   NOT NULL,
    parameters    TEXT   NOT NULL, -- JSON: [{"name", "value"}]
    first_seen_ms INTEGER NOT NULL, -- received, by the server's clock
    UNIQUE (tenant, key_hash)
) STRICT;

-- One row per crash that was ever reported; a second report of the same crash finds its row and is no hit.
-- No foreign keys here, in hits and in label_machine_day: each would be looked up once per crash.
CREATE TABLE seen (
    event_day INTEGER NOT NULL, -- from the report's own event time
    key16     BLOB   NOT NULL CHECK (length(key16) = 16),
    label     INTEGER NOT NULL,
    kind      INTEGER NOT NULL, -- KeyKind
    late      INTEGER NOT NULL CHECK (late IN (0, 1)),
    PRIMARY KEY (event_day, key16)
) STRICT, WITHOUT ROWID;

-- Level 1 bodies as they came, apart from the hot row.
CREATE TABLE raw (
    seq         INTEGER PRIMARY KEY NOT NULL,
    event_day   INTEGER NOT NULL,
    key16       BLOB   NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB   NOT NULL
) STRICT;

-- Exact counts; a day's count is the sum over its shards, of which each process writes one.
CREATE TABLE hits (
    label   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    shard   INTEGER NOT NULL,
    count   INTEGER NOT NULL CHECK (count > 0),
    last_ms INTEGER NOT NULL, -- received
    PRIMARY KEY (label, day, shard)
) STRICT, WITHOUT ROWID;

-- Reports whose event time lies outside the window, by the day they came. Never part of an exact count.
CREATE TABLE late_hits (
    label INTEGER NOT NULL,
    day   INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (label, day, shard)
) STRICT, WITHOUT ROWID;

-- Distinct machines: rows up to a limit, then a sketch that the roll-up makes of them.
CREATE TABLE label_machine_day (
    label   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    machine BLOB   NOT NULL CHECK (length(machine) = 8),
    PRIMARY KEY (label, day, machine)
) STRICT, WITHOUT ROWID;
CREATE TABLE machine_sketch (
    label     INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    registers BLOB   NOT NULL,
    PRIMARY KEY (label, day)
) STRICT, WITHOUT ROWID;

-- What is asked for, beyond the settings' default (which is policy 0 and has no row).
CREATE TABLE policy (
    id           INTEGER PRIMARY KEY NOT NULL,
    tenant       INTEGER NOT NULL,
    label        INTEGER, -- one label, or
    rule         TEXT,   -- JSON: {"event_type", "parameters": {"number": "pattern"}}
    wanted       INTEGER NOT NULL,
    memory_dumps INTEGER NOT NULL,
    per_machine  INTEGER NOT NULL,
    max_spoiled  INTEGER NOT NULL,
    until_ms     INTEGER,
    wants        TEXT   NOT NULL, -- JSON: dump type, files, versions, keys, queries
    made_ms      INTEGER NOT NULL,
    CHECK ((label IS NULL) <> (rule IS NULL))
) STRICT;

-- What is told to machines.
CREATE TABLE solution (
    id       INTEGER PRIMARY KEY NOT NULL,
    tenant   INTEGER NOT NULL,
    label    INTEGER,
    rule     TEXT,
    url      TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    fixed_in TEXT,
    made_ms  INTEGER NOT NULL,
    CHECK ((label IS NULL) <> (rule IS NULL))
) STRICT;
-- Hits at or after a version that was said to be fixed.
CREATE TABLE regression (
    solution INTEGER NOT NULL REFERENCES solution (id),
    label    INTEGER NOT NULL,
    version  TEXT   NOT NULL,
    count    INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    PRIMARY KEY (solution, label, version)
) STRICT, WITHOUT ROWID;

-- A place in a quota. With a token it is the right to send one cab: open until used or expired. Spoiled when what came
-- turned out to be useless.
CREATE TABLE lease (
    id               INTEGER PRIMARY KEY NOT NULL,
    label            INTEGER NOT NULL,
    policy           INTEGER NOT NULL,
    event_day        INTEGER NOT NULL,
    key16            BLOB   NOT NULL,
    kind             INTEGER NOT NULL,
    machine          BLOB   NOT NULL, -- hash, or empty = unknown
    token            TEXT   UNIQUE,   -- none: came unasked
    memory_dump      INTEGER NOT NULL CHECK (memory_dump IN (0, 1)),
    wants            TEXT   NOT NULL, -- JSON, as asked
    state            TEXT   NOT NULL CHECK (state IN ('open', 'used', 'spoiled')),
    expires_ms       INTEGER NOT NULL,
    late             INTEGER NOT NULL,
    tenant           INTEGER NOT NULL,
    machine_name     TEXT   NOT NULL,
    os               TEXT   NOT NULL,
    application_path TEXT   NOT NULL,
    event_ms         INTEGER,
    UNIQUE (event_day, key16)
) STRICT;
CREATE INDEX lease_label ON lease (label, policy, state);

-- Bytes in the blob store, by content.
CREATE TABLE blob (
    sha256     TEXT   PRIMARY KEY NOT NULL,
    size_bytes INTEGER NOT NULL,
    stored_ms  INTEGER NOT NULL
) STRICT;

-- Reports with data.
CREATE TABLE report (
    id               TEXT   PRIMARY KEY NOT NULL,
    tenant           INTEGER NOT NULL,
    product          TEXT   NOT NULL,
    version          TEXT   NOT NULL,
    label            INTEGER NOT NULL,
    event_day        INTEGER NOT NULL,
    key16            BLOB   NOT NULL,
    late             INTEGER NOT NULL,
    blob             TEXT   NOT NULL REFERENCES blob (sha256),
    machine          BLOB   NOT NULL,
    machine_name     TEXT   NOT NULL,
    os               TEXT   NOT NULL,
    application_path TEXT   NOT NULL,
    event_ms         INTEGER,
    received_ms      INTEGER NOT NULL,
    annotations      TEXT   NOT NULL, -- JSON: [[name, value]]
    headers          TEXT   NOT NULL, -- JSON: [[name, value]]
    UNIQUE (event_day, key16)
) STRICT;
CREATE INDEX report_label ON report (label, received_ms);
CREATE INDEX report_blob ON report (blob);

-- What came beside the dump.
CREATE TABLE report_file (
    report     TEXT   NOT NULL REFERENCES report (id),
    number     INTEGER NOT NULL,
    name       TEXT   NOT NULL,
    blob       TEXT   NOT NULL REFERENCES blob (sha256),
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (report, number)
) STRICT;
CREATE INDEX report_file_blob ON report_file (blob);

CREATE TABLE job (
    id             INTEGER PRIMARY KEY NOT NULL,
    kind           TEXT   NOT NULL,
    report         TEXT   NOT NULL REFERENCES report (id),
    state          TEXT   NOT NULL CHECK (state IN ('open', 'done', 'poison')),
    run_after_ms   INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    last_error     TEXT   NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_open ON job (kind, report) WHERE state = 'open';
CREATE INDEX job_due ON job (run_after_ms, id) WHERE state = 'open';
CREATE INDEX job_report ON job (report);

-- What an analysis child found.
CREATE TABLE analysis (
    report       TEXT   PRIMARY KEY NOT NULL REFERENCES report (id),
    made_ms      INTEGER NOT NULL,
    signature    TEXT,
    top_function TEXT,
    reading      TEXT   NOT NULL -- JSON
) STRICT;
