DROP TABLE web_keys;
DROP TABLE public_keys;
DROP TABLE settings;
DROP TABLE ed25519_keys;
ALTER TABLE targets
    DROP COLUMN disabled_at,
    DROP COLUMN disabled_reason,
    DROP COLUMN payload_type;
