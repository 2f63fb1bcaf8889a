-- An execution is what an operator set for one condition. One without entries
-- is a noop that shadows broader conditions; it is never deleted by being
-- emptied.
CREATE TABLE executions (
    tenant       text        NOT NULL,
    condition_id text        NOT NULL,
    kind         text        NOT NULL, -- request, response, function, event
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, condition_id)
);

-- A line of an execution: a target or another execution's condition.
CREATE TABLE entries (
    tenant       text    NOT NULL,
    condition_id text    NOT NULL,
    position     integer NOT NULL, -- ascending; gaps where a target was deleted
    target_id    text,
    include_id   text,
    PRIMARY KEY (tenant, condition_id, position),
    FOREIGN KEY (tenant, condition_id) REFERENCES executions,
    CHECK (num_nonnulls(target_id, include_id) = 1)
);

-- Drop a deleted target from every list; search by target.
CREATE INDEX entries_target ON entries (tenant, target_id) WHERE target_id IS NOT NULL;
-- Who includes an execution.
CREATE INDEX entries_include ON entries (tenant, include_id) WHERE include_id IS NOT NULL;

-- What internal services say they offer to conditions.
CREATE TABLE catalog (
    tenant       text        NOT NULL,
    kind         text        NOT NULL, -- method, function, event
    name         text        NOT NULL,
    announced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, kind, name)
);

CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
