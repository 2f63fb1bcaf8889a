CREATE TABLE actions (
    id              text        COLLATE "C" PRIMARY KEY,
    tenant_id       text        NOT NULL,
    organization_id text        NOT NULL,
    name            text        NOT NULL,
    name_key        text        COLLATE "C" NOT NULL, -- action.FoldName(name)
    version         integer     NOT NULL,             -- the script that runs
    timeout_ns      bigint      NOT NULL CHECK (timeout_ns BETWEEN 0 AND 20000000000),
    allowed_to_fail boolean     NOT NULL,
    state           text        NOT NULL CHECK (state IN ('active', 'inactive')),
    sequence        bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    CONSTRAINT actions_name UNIQUE (tenant_id, organization_id, name_key)
);

-- Scripts never change: an edit adds a version, and the action points at it.
CREATE TABLE action_versions (
    action_id  text        COLLATE "C" NOT NULL REFERENCES actions ON DELETE CASCADE,
    version    integer     NOT NULL,
    script     bytea       NOT NULL,
    sha256     bytea       NOT NULL GENERATED ALWAYS AS (sha256(script)) STORED,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (action_id, version)
);

-- Deferred, for an action and its first version need each other.
ALTER TABLE actions ADD CONSTRAINT actions_version
    FOREIGN KEY (id, version) REFERENCES action_versions DEFERRABLE INITIALLY DEFERRED;

-- A flow has a row once it was touched.
CREATE TABLE flows (
    tenant_id       text        NOT NULL,
    organization_id text        NOT NULL,
    flow_type       smallint    NOT NULL,
    sequence        bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, organization_id, flow_type)
);

CREATE TABLE flow_actions (
    tenant_id       text     NOT NULL,
    organization_id text     NOT NULL,
    flow_type       smallint NOT NULL,
    trigger_type    smallint NOT NULL,
    position        integer  NOT NULL,
    action_id       text     COLLATE "C" NOT NULL REFERENCES actions,
    PRIMARY KEY (tenant_id, organization_id, flow_type, trigger_type, position),
    CONSTRAINT flow_actions_once UNIQUE (action_id, flow_type, trigger_type),
    FOREIGN KEY (tenant_id, organization_id, flow_type) REFERENCES flows
);

-- libs/outbox, Schema
CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
