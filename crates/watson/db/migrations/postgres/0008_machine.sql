-- When machines were last heard of. Written a few seconds after their reports, at most once an hour each. Its twin is in
-- the other folder.
CREATE TABLE machine (
    tenant   BIGINT NOT NULL,
    machine  BYTEA  NOT NULL CHECK (length(machine) = 8),
    name     TEXT   NOT NULL,
    os       TEXT   NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms  BIGINT NOT NULL,
    PRIMARY KEY (tenant, machine)
);
CREATE INDEX machine_last ON machine (last_ms);

-- With which applications.
CREATE TABLE machine_application (
    tenant      BIGINT NOT NULL,
    machine     BYTEA  NOT NULL CHECK (length(machine) = 8),
    application TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    last_ms     BIGINT NOT NULL,
    PRIMARY KEY (tenant, machine, application)
);

-- A data policy's leases are counted where it is listed.
CREATE INDEX lease_policy ON lease (policy, state);
