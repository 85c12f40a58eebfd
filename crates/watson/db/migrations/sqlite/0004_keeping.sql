-- What is kept, of whom, for how long, and who did what. Its twin is in the other folder.

-- The machine's hash, as in `report`; empty = it does not say who it is.
ALTER TABLE raw ADD COLUMN machine BLOB NOT NULL DEFAULT X'';
ALTER TABLE lease ADD COLUMN made_ms INTEGER NOT NULL DEFAULT 0; -- 0 = before this column
CREATE INDEX report_machine ON report (machine);
CREATE INDEX report_received ON report (received_ms);
CREATE INDEX lease_machine ON lease (machine);

-- The key by which names become pseudonyms; empty where a file of the administrator's has it.
CREATE TABLE store_key (
    id          INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    secret      BLOB NOT NULL,
    fingerprint BLOB NOT NULL
) STRICT;

-- What becomes of names at the door. Product '' = every product of the tenant that has no rule.
CREATE TABLE privacy_rule (
    tenant  INTEGER NOT NULL,
    product TEXT    NOT NULL,
    rules   TEXT    NOT NULL, -- JSON
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, product)
) STRICT;

-- How long what is kept, instead of what the settings say.
CREATE TABLE retention_rule (
    id      INTEGER PRIMARY KEY NOT NULL,
    tenant  INTEGER NOT NULL,
    label   INTEGER, -- one label, or
    product TEXT,    -- one product, or all of the tenant
    what    TEXT    NOT NULL CHECK (what IN ('reports', 'raw', 'annotations')),
    days    INTEGER, -- none: for ever
    count   INTEGER, -- newest of each label; none: all
    made_ms INTEGER NOT NULL,
    CHECK (label IS NULL OR product IS NULL)
) STRICT;

-- Machines that were erased, so that a backup that is restored forgets them again.
CREATE TABLE tombstone (
    tenant  INTEGER NOT NULL,
    machine BLOB    NOT NULL CHECK (length(machine) = 8),
    at_ms   INTEGER NOT NULL, -- what came before is gone
    done_ms INTEGER,          -- none: not to the end yet
    PRIMARY KEY (tenant, machine)
) STRICT;

-- Who did what. Each row's hash covers the one before it.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY NOT NULL,
    at_ms   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    act     TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    details TEXT    NOT NULL, -- JSON
    hash    BLOB    NOT NULL
) STRICT;
-- The end of the chain: whoever adds a row holds this one.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, X'');
