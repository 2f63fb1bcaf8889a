-- Ids are unique within their tenant, and every reference names the tenant
-- too: nothing can ever point from one tenant into another.

CREATE TABLE tenants (
    id         uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- bootstrap marks what the first start made: at most one of each per tenant.
CREATE TABLE organizations (
    tenant_id  uuid        NOT NULL REFERENCES tenants,
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    bootstrap  boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX organizations_bootstrap ON organizations (tenant_id) WHERE bootstrap;

-- organization_id is the person's own: what a call is about that names none.
-- It grants nothing; memberships do.
CREATE TABLE people (
    tenant_id       uuid        NOT NULL REFERENCES tenants,
    id              uuid        NOT NULL,
    organization_id uuid        NOT NULL,
    email           text        NOT NULL,
    name            text        NOT NULL,
    bootstrap       boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations
);
CREATE UNIQUE INDEX people_bootstrap ON people (tenant_id) WHERE bootstrap;
-- One human, one person, however he spells himself: reviews count people.
CREATE UNIQUE INDEX people_email ON people (tenant_id, lower(email));

-- A role in an organization, or in the instance where organization_id is null.
CREATE TABLE memberships (
    tenant_id       uuid        NOT NULL REFERENCES tenants,
    person_id       uuid        NOT NULL,
    organization_id uuid,
    role            text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations ON DELETE CASCADE,
    -- Roles of the instance, and no others, are held in the instance.
    CHECK ((organization_id IS NULL) = (role LIKE 'IAM\_%'))
);
CREATE UNIQUE INDEX memberships_organization ON memberships (tenant_id, person_id, organization_id, role)
    WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX memberships_instance ON memberships (tenant_id, person_id, role)
    WHERE organization_id IS NULL;
-- For counting reviewers.
CREATE INDEX memberships_role ON memberships (tenant_id, organization_id, role);

-- Only the SHA-256 of a token is kept. A revoked token stays as history.
CREATE TABLE tokens (
    tenant_id  uuid        NOT NULL REFERENCES tenants,
    id         uuid        NOT NULL,
    person_id  uuid        NOT NULL,
    name       text        NOT NULL,
    sha256     bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    bootstrap  boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people ON DELETE CASCADE
);
-- What Authenticate looks up.
CREATE UNIQUE INDEX tokens_live ON tokens (tenant_id, sha256) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX tokens_bootstrap ON tokens (tenant_id) WHERE bootstrap AND revoked_at IS NULL;
CREATE INDEX tokens_person ON tokens (tenant_id, person_id);
