-- Pieces of uploads that are under way. Their blobs belong to them until the pieces are forgotten.
CREATE TABLE chunk (
    scope      TEXT   NOT NULL, -- whose pieces they are: nobody else's upload finds them
    name       TEXT   NOT NULL, -- the hash that the client names the piece by
    blob       TEXT   NOT NULL REFERENCES blob (sha256),
    size_bytes INTEGER NOT NULL,
    stored_ms  INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX chunk_blob ON chunk (blob);
CREATE INDEX chunk_stored ON chunk (stored_ms);
