-- Symbol uploads in stages (sym-upload-v2). Removed when old.
CREATE TABLE symbol_upload (
    key      TEXT   PRIMARY KEY NOT NULL,
    tenant   INTEGER NOT NULL,
    blob     TEXT   REFERENCES blob (sha256), -- none: its file has not come
    begun_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX symbol_upload_begun ON symbol_upload (begun_ms);
CREATE INDEX symbol_upload_blob ON symbol_upload (blob);

-- Debug files of any kind, as they came. Several may have one id: a program, its debug information, its sources.
CREATE TABLE debug_file (
    id         INTEGER PRIMARY KEY NOT NULL,
    tenant     INTEGER NOT NULL,
    sha1       TEXT   NOT NULL,
    debug_id   TEXT   NOT NULL, -- 32 upper-case hex digits and an age, or empty
    code_id    TEXT   NOT NULL, -- lower-case hex digits, or empty
    kind       TEXT   NOT NULL, -- DebugFileKind
    name       TEXT   NOT NULL, -- as its client calls it: shown, never used
    arch       TEXT   NOT NULL,
    blob       TEXT   NOT NULL REFERENCES blob (sha256),
    size_bytes INTEGER NOT NULL,
    stored_ms  INTEGER NOT NULL,
    UNIQUE (tenant, sha1)
) STRICT;
CREATE INDEX debug_file_debug_id ON debug_file (tenant, debug_id);
CREATE INDEX debug_file_code_id ON debug_file (tenant, code_id);
CREATE INDEX debug_file_blob ON debug_file (blob);
