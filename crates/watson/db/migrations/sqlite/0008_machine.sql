-- When machines were last heard of. Written a few seconds after their reports, at most once an hour each. Its twin is in
-- the other folder.
CREATE TABLE machine (
    tenant   INTEGER NOT NULL,
    machine  BLOB   NOT NULL CHECK (length(machine) = 8),
    name     TEXT   NOT NULL,
    os       TEXT   NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    PRIMARY KEY (tenant, machine)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_last ON machine (last_ms);

-- With which applications.
CREATE TABLE machine_application (
    tenant      INTEGER NOT NULL,
    machine     BLOB   NOT NULL CHECK (length(machine) = 8),
    application TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    last_ms     INTEGER NOT NULL,
    PRIMARY KEY (tenant, machine, application)
) STRICT, WITHOUT ROWID;

-- A data policy's leases are counted where it is listed.
CREATE INDEX lease_policy ON lease (policy, state);
