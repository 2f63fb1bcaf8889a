-- An invocation: one call of an action. Written after its caller was answered,
-- never changed, deleted when it is old. Ids are snowflakes and therefore in the
-- order of time: the primary key serves retention.
CREATE TABLE invocations (
    id              bigint      PRIMARY KEY,
    tenant_id       text        COLLATE "C" NOT NULL,
    organization_id text        COLLATE "C" NOT NULL,
    action_id       text        COLLATE "C" NOT NULL,
    action_name     text        NOT NULL,
    version         bigint      NOT NULL,
    flow            smallint    NOT NULL, -- 0: the target of an execution
    trigger         smallint    NOT NULL, -- 0: the target of an execution
    run_id          text        COLLATE "C" NOT NULL,
    started_at      timestamptz NOT NULL,
    duration_nanos  bigint      NOT NULL,
    cpu_nanos       bigint      NOT NULL,
    peak_memory     bigint      NOT NULL,
    result          text        NOT NULL, -- journal.Outcome
    error_kind      text        NOT NULL,
    error           text        NOT NULL,
    error_line      integer     NOT NULL,
    error_column    integer     NOT NULL,
    allowed_to_fail boolean     NOT NULL,
    logs            json,
    logs_truncated  boolean     NOT NULL,
    calls           json
);

-- An organization's, newest first.
CREATE INDEX invocations_organization ON invocations (tenant_id, organization_id, id);

-- An action's, newest first.
CREATE INDEX invocations_action ON invocations (tenant_id, organization_id, action_id, id);

-- Those of one run.
CREATE INDEX invocations_run ON invocations (tenant_id, run_id) WHERE run_id <> '';
