ALTER TABLE catalog
    DROP COLUMN announced_by,
    DROP COLUMN last_announced_by,
    DROP COLUMN last_announced_at;
