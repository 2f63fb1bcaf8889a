-- By how much replicas go ahead of this server's clock, so that what is due by
-- the two does not jump when that clock does. One row. See package clock.
CREATE TABLE clock (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    ahead_micros bigint NOT NULL DEFAULT 0,
    version      bigint NOT NULL DEFAULT 0, -- raised with every change
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp() -- a time that was reached
);
INSERT INTO clock DEFAULT VALUES;
