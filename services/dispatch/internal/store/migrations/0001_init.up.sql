-- Ids are snowflakes and therefore in the order of time, so that primary keys
-- serve "newest first" and, once there is much, partitions by range. There are
-- no foreign keys: rows of one run are written by one statement's transaction,
-- and checking them would cost a fifth of the throughput. Every index costs,
-- too; each says what for.

-- A run: one evaluation of an execution.
CREATE TABLE runs (
    id             bigint      PRIMARY KEY,
    tenant_id      text        COLLATE "C" NOT NULL,
    condition      text        NOT NULL,
    trigger_kind   text        NOT NULL,
    trigger_name   text        NOT NULL,
    event_id       text        COLLATE "C", -- null: a hook
    body           bytea,                   -- events: what every step is sent
    created_at     timestamptz NOT NULL,
    duration_nanos bigint      NOT NULL,
    error          text        NOT NULL,
    steps          json                     -- hooks: run.StepResult of each
);

-- An event makes one run, however often it is handed to us.
CREATE UNIQUE INDEX runs_event ON runs (tenant_id, event_id) WHERE event_id IS NOT NULL;

-- A delivery: the obligation to get one payload to one target. The target's
-- columns are the chain's snapshot of it.
CREATE TABLE deliveries (
    id             bigint      PRIMARY KEY,
    run_id         bigint      NOT NULL,
    tenant_id      text        COLLATE "C" NOT NULL,
    position       integer     NOT NULL,
    target_id      text        COLLATE "C" NOT NULL,
    target_name    text        NOT NULL,
    target_version bigint      NOT NULL,
    kind           text        NOT NULL,
    endpoint       text        NOT NULL,
    timeout_nanos  bigint      NOT NULL,
    interrupts     boolean     NOT NULL,
    state          text        NOT NULL,
    attempt        integer     NOT NULL, -- number of the latest one
    earlier        integer     NOT NULL, -- attempts before the latest replay
    reason         text        NOT NULL,
    error          text        NOT NULL,
    -- When somebody must look at it: due while it waits, end of the sender's
    -- lease while it is sent.
    wake_at        timestamptz,
    changed_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    body           bytea                 -- null: the run's
);

-- Which of a run's deliveries may go, and showing a run.
CREATE INDEX deliveries_run ON deliveries (run_id);

-- What is to be done next. Most deliveries are done when they are written and
-- never enter it.
CREATE INDEX deliveries_wake ON deliveries (wake_at) WHERE wake_at IS NOT NULL;

-- An attempt: one try, numbered from 1 within its delivery.
CREATE TABLE attempts (
    delivery_id    bigint      NOT NULL,
    number         integer     NOT NULL,
    started_at     timestamptz NOT NULL,
    duration_nanos bigint      NOT NULL,
    outcome        text        NOT NULL,
    status         integer     NOT NULL, -- 0: none
    error          text        NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
