-- The highest number that a version was ever given. Whoever knows no drafts
-- does not keep it: the highest that is there counts too.
ALTER TABLE actions ADD COLUMN latest_version integer NOT NULL DEFAULT 0;

-- A version is all that an action is written with, not its script alone.
-- Whoever knows no drafts writes the script alone, and publishes it at once:
-- then name, timeout_ns and allowed_to_fail are the action's.
ALTER TABLE action_versions
    ADD COLUMN name            text,
    ADD COLUMN timeout_ns      bigint CHECK (timeout_ns BETWEEN 0 AND 20000000000),
    ADD COLUMN allowed_to_fail boolean,
    ADD COLUMN note            text        NOT NULL DEFAULT '',
    ADD COLUMN warnings        json,       -- null: nobody looked at the script
    ADD COLUMN created_by      text        NOT NULL DEFAULT '',
    ADD COLUMN published_at    timestamptz DEFAULT now(), -- last; null: never
    ADD COLUMN published_by    text        NOT NULL DEFAULT '';

-- What older versions were written with beside their script is not known; it
-- is as it is now.
UPDATE action_versions v
SET name = a.name, timeout_ns = a.timeout_ns, allowed_to_fail = a.allowed_to_fail, published_at = v.created_at
FROM actions a WHERE a.id = v.action_id;

-- A secret, encrypted, of one action or of all of an organization's.
CREATE TABLE secrets (
    tenant_id       text        COLLATE "C" NOT NULL,
    organization_id text        COLLATE "C" NOT NULL,
    action_id       text        COLLATE "C" REFERENCES actions ON DELETE CASCADE, -- null: of all
    name            text        COLLATE "C" NOT NULL,
    key_id          text        NOT NULL, -- names the master key
    ciphertext      bytea       NOT NULL,
    set_at          timestamptz NOT NULL,
    set_by          text        NOT NULL
);

CREATE UNIQUE INDEX secrets_name ON secrets (tenant_id, organization_id, coalesce(action_id, ''), name);

-- For deleting an action.
CREATE INDEX secrets_action ON secrets (action_id);
