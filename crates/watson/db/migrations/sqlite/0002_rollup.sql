-- When a crash was first told, so that those of long ago can be forgotten. Its twin is in the other folder.
ALTER TABLE seen ADD COLUMN received_day INTEGER NOT NULL DEFAULT 0; -- 0 = by a watson that did not write it down
