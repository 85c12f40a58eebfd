-- What products have spent of the dumps that they may have in a minute and in a day, of all processes together. Written some
-- times a minute, for products that have such a limit.
ALTER TABLE product ADD COLUMN per_day BIGINT; -- dumps; none: no limit

CREATE TABLE spent (
    product   BIGINT NOT NULL,
    period_s  BIGINT NOT NULL, -- 60 or 86400
    period    BIGINT NOT NULL, -- its number since 1970, UTC
    count     BIGINT NOT NULL,
    PRIMARY KEY (product, period_s, period)
);

-- The product of the key that came with a crash: what is asked for is filed under it, and its rules hold.
ALTER TABLE lease ADD COLUMN product TEXT NOT NULL DEFAULT '';
