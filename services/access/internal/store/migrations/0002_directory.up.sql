-- An inactive organization exists only for roles of the instance, a deleted
-- one for nobody. Its row stays, because other rooms know its id, which must
-- never mean another organization.
ALTER TABLE organizations
    ADD COLUMN state      text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive', 'deleted')),
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
-- Names are told apart by people, who do not see case.
CREATE UNIQUE INDEX organizations_name ON organizations (tenant_id, lower(name)) WHERE state <> 'deleted';

-- A person is a human, who has an e-mail address, or a service, which has
-- none. A deleted one is a bare id: who he was is forgotten, what he did is
-- not.
--
-- canonical_email is the same for addresses that reach the same human: case
-- does not count, nor what stands behind a "+" of the local part, nor, at
-- Google, dots. It is computed here, so that no writer can forget it.
ALTER TABLE people
    ADD COLUMN kind       text        NOT NULL DEFAULT 'human' CHECK (kind IN ('human', 'service')),
    ADD COLUMN state      text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive', 'deleted')),
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN canonical_email text   NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN lower(email) ~ '@(gmail|googlemail)\.com$'
                THEN replace(regexp_replace(lower(email), '(\+.*)?@[^@]*$', ''), '.', '') || '@gmail.com'
            ELSE regexp_replace(lower(email), '\+.*(@[^@]*)$', '\1')
        END) STORED,
    ADD CONSTRAINT people_kind_email CHECK (state = 'deleted' OR (kind = 'human') = (email <> ''));

-- Services have no address, the deleted give theirs back.
CREATE UNIQUE INDEX people_address ON people (tenant_id, lower(email)) WHERE email <> '';
DROP INDEX people_email;
CREATE INDEX people_canonical ON people (tenant_id, canonical_email);
CREATE INDEX people_home ON people (tenant_id, organization_id, id);

-- For the roles of one person, and the members of one organization.
CREATE INDEX memberships_person ON memberships (tenant_id, person_id);

-- created_by is who made the token: he who did can act as its holder. Null:
-- configuration, or a token from before this was kept. last_used_at is coarse.
ALTER TABLE tokens
    ADD COLUMN created_by   uuid,
    ADD COLUMN last_used_at timestamptz;

-- Who a subject of an OIDC issuer is here.
CREATE TABLE identities (
    tenant_id  uuid        NOT NULL REFERENCES tenants,
    issuer     text        COLLATE "C" NOT NULL,
    subject    text        COLLATE "C" NOT NULL,
    person_id  uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, subject),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people ON DELETE CASCADE
);
CREATE INDEX identities_person ON identities (tenant_id, person_id);

-- OIDC issuers beside that of the configuration. settings is JSON of package
-- oidc's Settings. organization_id is set where the issuer's tokens hold in
-- that organization alone.
CREATE TABLE issuers (
    tenant_id       uuid        NOT NULL REFERENCES tenants,
    id              uuid        NOT NULL,
    issuer          text        COLLATE "C" NOT NULL,
    organization_id uuid,
    settings        jsonb       NOT NULL,
    created_by      uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, issuer),
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations
);

CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
