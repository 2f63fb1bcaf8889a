-- A target. Texts are compared byte by byte ("C"), whatever the database's
-- locale, so that every installation sorts alike.
CREATE TABLE targets (
    id                 text        COLLATE "C" PRIMARY KEY,
    tenant_id          text        COLLATE "C" NOT NULL,
    name               text        COLLATE "C" NOT NULL,
    -- In lower case, by Go: lower() knows only ASCII where the locale is C.
    name_folded        text        COLLATE "C" NOT NULL,
    kind               smallint    NOT NULL CHECK (kind IN (1, 2, 3)), -- webhook, call, async
    interrupt_on_error boolean     NOT NULL CHECK (NOT (kind = 3 AND interrupt_on_error)),
    timeout_nanos      bigint      NOT NULL CHECK (timeout_nanos > 0),
    endpoint           text        COLLATE "C" NOT NULL,
    version            bigint      NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    changed_at         timestamptz NOT NULL DEFAULT now()
);

-- Serves every search: in the order of creation by itself, otherwise by
-- narrowing to the tenant, whose targets are few. There is none on the name,
-- which may be longer than an index row.
CREATE INDEX targets_by_creation ON targets (tenant_id, created_at, id);

-- A signing key, encrypted. The newest of a target is the one with the highest
-- version; it has no expiry until a newer one is there.
CREATE TABLE signing_keys (
    target_id  text        COLLATE "C" NOT NULL REFERENCES targets ON DELETE CASCADE,
    version    bigint      NOT NULL, -- of the target when the key was made
    key_id     text        NOT NULL, -- names the master key
    ciphertext bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,          -- null: does not expire
    PRIMARY KEY (target_id, version)
);

CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
