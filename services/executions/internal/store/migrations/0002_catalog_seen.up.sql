-- Who announced an entry, and who did last. The version before this one goes
-- on inserting entries: for it both are unknown, and the times are now.
ALTER TABLE catalog
    ADD COLUMN announced_by      text        NOT NULL DEFAULT '',
    ADD COLUMN last_announced_by text        NOT NULL DEFAULT '',
    ADD COLUMN last_announced_at timestamptz NOT NULL DEFAULT now();

-- What was announced before was announced then.
UPDATE catalog SET last_announced_at = announced_at;
