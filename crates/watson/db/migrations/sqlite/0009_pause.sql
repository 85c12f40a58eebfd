-- Has a twin in the other folder.

-- What must not happen for a while: blobs are not removed while a backup copies them. It ends by itself, so that a backup
-- that died pauses nothing for ever. The row is always there: whoever would remove something locks it while looking.
CREATE TABLE pause (
    what     TEXT   PRIMARY KEY NOT NULL,
    holder   TEXT   NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
INSERT INTO pause (what, holder, until_ms) VALUES ('removal', '', 0);
