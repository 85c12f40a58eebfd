-- How a level 1 body is packed: 0 as it came, 1 LZ4.
ALTER TABLE raw ADD COLUMN packing INTEGER NOT NULL DEFAULT 0;
