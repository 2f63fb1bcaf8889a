-- How payloads travel (1 JSON, 2 JWT, 3 JWE), and why nothing is sent.
ALTER TABLE targets
    ADD COLUMN payload_type    smallint    NOT NULL DEFAULT 1 CHECK (payload_type IN (1, 2, 3)),
    ADD COLUMN disabled_reason text        COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN disabled_at     timestamptz; -- null: enabled

-- A key of "v1a" signatures; otherwise as signing_keys, which a version that
-- knows only those may still be reading.
CREATE TABLE ed25519_keys (
    target_id  text        COLLATE "C" NOT NULL REFERENCES targets ON DELETE CASCADE,
    version    bigint      NOT NULL, -- of the target when the key was made
    key_id     text        NOT NULL, -- names the master key
    ciphertext bytea       NOT NULL, -- of the seed
    public_key bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,          -- null: does not expire
    PRIMARY KEY (target_id, version)
);

-- How a target is called. One without a row has the defaults.
CREATE TABLE settings (
    target_id  text  COLLATE "C" PRIMARY KEY REFERENCES targets ON DELETE CASCADE,
    document   jsonb NOT NULL, -- without secrets
    key_id     text  NOT NULL, -- names the master key
    ciphertext bytea NOT NULL  -- of the secrets
);

-- A key that payloads may be encrypted for.
CREATE TABLE public_keys (
    target_id   text        COLLATE "C" NOT NULL REFERENCES targets ON DELETE CASCADE,
    id          text        COLLATE "C" NOT NULL,
    active      boolean     NOT NULL DEFAULT false,
    pem         bytea       NOT NULL, -- as it was added
    fingerprint text        NOT NULL,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    expires_at  timestamptz,          -- null: does not expire
    PRIMARY KEY (target_id, id)
);

-- One active key a target, whoever writes.
CREATE UNIQUE INDEX public_keys_active ON public_keys (target_id) WHERE active;

-- A key that signs JWT payloads. The one of the highest generation signs; those
-- before it are shown until they expire.
CREATE TABLE web_keys (
    tenant_id  text        COLLATE "C" NOT NULL,
    generation bigint      NOT NULL,
    id         text        NOT NULL, -- "kid"
    algorithm  text        NOT NULL,
    key_id     text        NOT NULL, -- names the master key
    ciphertext bytea       NOT NULL, -- of the private key, PKCS #8
    public_key bytea       NOT NULL, -- PKIX
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,          -- null: does not expire
    PRIMARY KEY (tenant_id, generation)
);
