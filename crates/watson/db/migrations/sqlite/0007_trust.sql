-- Who may send what, and who may see it. Secrets are kept as hashes only.

-- What a tenant's reports are of, and how they may come.
CREATE TABLE product (
    id           INTEGER PRIMARY KEY NOT NULL,
    tenant       INTEGER NOT NULL REFERENCES tenant (id),
    name         TEXT   NOT NULL,
    dialects     TEXT   NOT NULL, -- names with commas
    key_required INTEGER NOT NULL CHECK (key_required IN (0, 1)),
    per_minute   INTEGER, -- dumps; none: learnt
    made_ms      INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;
CREATE TABLE product_key (
    id         INTEGER PRIMARY KEY NOT NULL,
    product    INTEGER NOT NULL REFERENCES product (id),
    hash       BLOB   NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256
    shown      TEXT   NOT NULL, -- its first characters, to tell keys apart
    made_ms    INTEGER NOT NULL,
    ends_ms    INTEGER,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX product_key_product ON product_key (product);

-- People.
CREATE TABLE account (
    id       INTEGER PRIMARY KEY NOT NULL,
    name     TEXT   NOT NULL UNIQUE,
    password TEXT   NOT NULL, -- argon2id, in its own text form
    role     TEXT   NOT NULL CHECK (role IN ('admin', 'operator', 'reader')),
    tenant   INTEGER, -- none: all
    made_ms  INTEGER NOT NULL
) STRICT;
CREATE TABLE session (
    hash       BLOB   PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
    account    INTEGER NOT NULL REFERENCES account (id),
    made_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

-- Programs.
CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY NOT NULL,
    name       TEXT   NOT NULL UNIQUE,
    hash       BLOB   NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes     TEXT   NOT NULL, -- names with commas
    tenant     INTEGER, -- none: all
    made_ms    INTEGER NOT NULL,
    made_by    TEXT   NOT NULL,
    ends_ms    INTEGER,
    revoked_ms INTEGER
) STRICT;

-- Where the machine that was asked for a cab reports from; empty = unknown, or this machine.
ALTER TABLE lease ADD COLUMN network BLOB NOT NULL DEFAULT x'';
