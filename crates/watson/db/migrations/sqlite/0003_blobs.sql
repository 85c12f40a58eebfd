-- Has a twin in the other folder.

-- When a check first found the bytes gone; empty where they are there, as far as anybody looked.
ALTER TABLE blob ADD COLUMN missing_ms INTEGER;

-- Names whose bytes are being removed, or were a while ago. A commit that names bytes which were stored before they went
-- is refused: without this an upload could find the bytes of another, and lose them before its own rows are there.
CREATE TABLE doomed (
    sha256   TEXT   PRIMARY KEY NOT NULL,
    since_ms INTEGER NOT NULL, -- also tells one removal from the next
    gone_ms  INTEGER           -- empty: the bytes may still be there
) STRICT;

-- Symbols of modules, where blobs are in a store of objects; elsewhere they are files in a folder.
CREATE TABLE symbol (
    debug_id   TEXT   NOT NULL,
    debug_file TEXT   NOT NULL,
    blob       TEXT   NOT NULL REFERENCES blob (sha256),
    stored_ms  INTEGER NOT NULL,
    PRIMARY KEY (debug_id, debug_file)
) STRICT;
CREATE INDEX symbol_blob ON symbol (blob);
