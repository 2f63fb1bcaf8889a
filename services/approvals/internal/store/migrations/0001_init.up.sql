-- Organizations and people are access's: their ids are kept here as they came,
-- with e-mail and name as they were then.

-- One row per organization, from the first write on.
CREATE TABLE organization_settings (
    tenant_id                   uuid        NOT NULL,
    organization_id             uuid        NOT NULL,
    id                          uuid        NOT NULL,
    approval_enabled            boolean     NOT NULL,
    approval_ttl_hours          integer     NOT NULL CHECK (approval_ttl_hours BETWEEN 1 AND 168),
    approval_required_approvals integer     NOT NULL CHECK (approval_required_approvals >= 1),
    created_at                  timestamptz NOT NULL DEFAULT now(),
    updated_at                  timestamptz NOT NULL DEFAULT now(),
    updated_by_id               uuid,
    PRIMARY KEY (tenant_id, organization_id)
);

-- What somebody wants to do and others must approve. The states, and those of
-- its execution, are drawn in doc.go.
CREATE TABLE approval_requests (
    tenant_id             uuid        NOT NULL,
    organization_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    environment_id        uuid,

    action_type           text        NOT NULL,
    category              text        NOT NULL,
    display_name          text        NOT NULL,
    target_entity_type    text,
    target_entity_id      text,

    -- What is executed: these bytes and no others. Decisions refer to their
    -- hash, so that they cannot change once somebody has decided.
    method                text,
    payload_type          text        NOT NULL,
    payload               bytea       NOT NULL,
    payload_sha256        bytea       NOT NULL CHECK (payload_sha256 = sha256(payload)),
    -- What the payload would change, as it was then: execution compares.
    previous_state        bytea,

    submitted_by_id       uuid        NOT NULL,
    submitted_by_email    text        NOT NULL,
    submitted_by_name     text        NOT NULL,

    -- The organization's policy as it was then.
    required_approvals    integer     NOT NULL CHECK (required_approvals >= 1),
    expires_at            timestamptz NOT NULL,

    state                 text        NOT NULL CHECK (state IN
        ('pending', 'approved', 'denied', 'expired', 'canceled', 'auto_approved')),
    version               bigint      NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL DEFAULT now(),
    resolved_at           timestamptz,

    execution_state       text        CHECK (execution_state IN
        ('queued', 'executing', 'executed', 'failed', 'stale', 'abandoned')),
    execution_attempts    integer     NOT NULL DEFAULT 0,
    execution_lease_until timestamptz,
    execution_error       text,
    executed_at           timestamptz,

    PRIMARY KEY (tenant_id, id),
    -- For decisions to refer to.
    UNIQUE (tenant_id, id, submitted_by_id, payload_sha256),
    CONSTRAINT life_of_1_to_168_hours CHECK (expires_at BETWEEN created_at + interval '1 hour' AND created_at + interval '168 hours'),
    CONSTRAINT resolved_unless_pending CHECK ((resolved_at IS NULL) = (state = 'pending')),
    CONSTRAINT nothing_decided_after_expiry CHECK (state NOT IN ('approved', 'denied', 'canceled') OR resolved_at < expires_at),
    CONSTRAINT not_expired_before_expiry CHECK (state <> 'expired' OR resolved_at >= expires_at),
    CONSTRAINT executed_only_when_approved CHECK ((execution_state IS NOT NULL) = (state = 'approved')),
    CONSTRAINT leased_while_executing CHECK ((execution_lease_until IS NOT NULL) = (coalesce(execution_state, '') = 'executing')),
    CONSTRAINT executed_at_a_time CHECK ((executed_at IS NOT NULL) = (coalesce(execution_state, '') = 'executed'))
);
-- For lists, newest first.
CREATE INDEX approval_requests_list ON approval_requests (tenant_id, organization_id, created_at DESC, id DESC);
-- For counting what is pending, and for finding what has expired.
CREATE INDEX approval_requests_pending ON approval_requests (tenant_id, organization_id, expires_at) WHERE state = 'pending';

-- What a reviewer said: once, for good, and never about his own request.
CREATE TABLE decisions (
    tenant_id       uuid        NOT NULL,
    request_id      uuid        NOT NULL,
    reviewer_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    submitted_by_id uuid        NOT NULL,
    payload_sha256  bytea       NOT NULL,
    decision        text        NOT NULL CHECK (decision IN ('approved', 'denied')),
    note            text        CHECK (char_length(note) <= 1000),
    reviewer_email  text        NOT NULL,
    reviewer_name   text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, request_id, reviewer_id),
    FOREIGN KEY (tenant_id, request_id, submitted_by_id, payload_sha256)
        REFERENCES approval_requests (tenant_id, id, submitted_by_id, payload_sha256),
    CONSTRAINT nobody_decides_for_himself CHECK (reviewer_id <> submitted_by_id)
);
-- One denial ends it.
CREATE UNIQUE INDEX decisions_denial ON decisions (tenant_id, request_id) WHERE decision = 'denied';

-- A chain per organization: entry holds everything that happened, as bytes,
-- and hash covers it and all entries before it. The references refuse gaps
-- and forks; what they cannot see is a tail that was cut off, for which the
-- newest hash must be kept elsewhere too.
CREATE TABLE audit_entries (
    tenant_id       uuid   NOT NULL,
    organization_id uuid   NOT NULL,
    seq             bigint NOT NULL CHECK (seq >= 1),
    request_id      uuid, -- a copy out of entry, to search by
    entry           bytea  NOT NULL,
    previous_hash   bytea  NOT NULL,
    hash            bytea  NOT NULL CHECK (hash = sha256(previous_hash || entry)),
    previous_seq    bigint GENERATED ALWAYS AS (nullif(seq - 1, 0)) STORED,
    PRIMARY KEY (tenant_id, organization_id, seq),
    UNIQUE (tenant_id, organization_id, seq, hash),
    FOREIGN KEY (tenant_id, organization_id, previous_seq, previous_hash)
        REFERENCES audit_entries (tenant_id, organization_id, seq, hash),
    FOREIGN KEY (tenant_id, request_id) REFERENCES approval_requests,
    CONSTRAINT begins_with_zeros CHECK (seq > 1 OR previous_hash = decode(repeat('00', 32), 'hex'))
);
CREATE INDEX audit_entries_request ON audit_entries (tenant_id, request_id, seq);

-- Against accidents: whoever may alter the table can take the trigger off,
-- which is what the hashes are for.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
