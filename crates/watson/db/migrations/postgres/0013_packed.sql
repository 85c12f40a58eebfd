-- How a level 1 body is packed: 0 as it came, 1 LZ4. What is packed already is not packed again.
ALTER TABLE raw ADD COLUMN packing BIGINT NOT NULL DEFAULT 0;
ALTER TABLE raw ALTER COLUMN body SET STORAGE EXTERNAL;
