-- What the workflow needs beside the tables of 0001. Every column has a
-- default, for those who run the old version meanwhile.

ALTER TABLE approval_requests
    -- Where the payload goes when it is executed: the subject of method, or,
    -- where there is no method, what the action type was registered with.
    ADD COLUMN subject            text,
    -- The payload for people's eyes: JSON, without secrets.
    ADD COLUMN display            bytea  NOT NULL DEFAULT '{}',
    -- previous_state is for people's eyes, too; this is compared.
    ADD COLUMN previous_sha256    bytea,
    ADD COLUMN next_state         bytea,
    ADD COLUMN submitted_by_roles text[] NOT NULL DEFAULT '{}',
    -- Of requests with the same key, one may be pending.
    ADD COLUMN single_key         bytea,
    -- How it was resolved where state does not say: 'break_glass'.
    ADD COLUMN resolution         text;

-- An action that a service executes is executed as well where nobody need
-- approve it.
ALTER TABLE approval_requests DROP CONSTRAINT executed_only_when_approved;
ALTER TABLE approval_requests ADD CONSTRAINT executed_only_when_approved CHECK (CASE state
    WHEN 'approved' THEN execution_state IS NOT NULL
    WHEN 'auto_approved' THEN true
    ELSE execution_state IS NULL END);

CREATE UNIQUE INDEX approval_requests_single ON approval_requests (tenant_id, organization_id, single_key) WHERE state = 'pending';
-- For finding what is to be executed.
CREATE INDEX approval_requests_execution ON approval_requests (resolved_at) WHERE execution_state IN ('queued', 'executing');
-- For finding what has expired, in all organizations.
CREATE INDEX approval_requests_expiry ON approval_requests (expires_at) WHERE state = 'pending';

-- Two accounts of one human decide once.
ALTER TABLE decisions ADD COLUMN human_id uuid;
CREATE UNIQUE INDEX decisions_human ON decisions (tenant_id, request_id, human_id);

-- The newest entry of each chain: who appends locks it. It can always be told
-- from audit_entries; what it must agree with is kept outside.
CREATE TABLE audit_heads (
    tenant_id       uuid   NOT NULL,
    organization_id uuid   NOT NULL,
    seq             bigint NOT NULL DEFAULT 0,
    hash            bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    PRIMARY KEY (tenant_id, organization_id)
);

-- Kinds of actions that internal services execute.
CREATE TABLE action_types (
    tenant_id    uuid        NOT NULL,
    name         text        NOT NULL,
    display_name text        NOT NULL,
    category     text        NOT NULL,
    subject      text        NOT NULL,
    redact       text[]      NOT NULL DEFAULT '{}',
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);

-- E-mails to send: to reviewers where kind is 'submitted', else to the
-- submitter. A row goes when it was sent or given up.
CREATE TABLE notices (
    tenant_id       uuid        NOT NULL,
    organization_id uuid        NOT NULL,
    request_id      uuid        NOT NULL,
    kind            text        NOT NULL,
    due_at          timestamptz NOT NULL DEFAULT now(),
    attempts        integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, request_id, kind),
    FOREIGN KEY (tenant_id, request_id) REFERENCES approval_requests
);
CREATE INDEX notices_due ON notices (due_at);

-- libs/approval: this room's own settings are behind the door, too.
CREATE TABLE approved_changes (
    request_id uuid        PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
