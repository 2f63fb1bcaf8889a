-- All of this is one transaction, in which nobody can write deliveries while the
-- five indexes are built: about a second for a million rows, most of which only
-- the predicates are evaluated for. Replicas of the version before go on when it
-- is over; meanwhile events wait in their stream, and hooks run on. Where that is
-- too long, add the two columns first and build the indexes one by one, by these
-- names, with CREATE INDEX CONCURRENTLY; what is there already is passed by.

-- Deliveries of one target and ordering key go one at a time, in the order of
-- their events: event_sequence is the event's place in the stream EVENTS.
ALTER TABLE deliveries
    ADD COLUMN IF NOT EXISTS ordering_key   text COLLATE "C", -- null: none
    ADD COLUMN IF NOT EXISTS event_sequence bigint NOT NULL DEFAULT 0;

-- What of one target is to be done next: claiming takes from every target in
-- turn. Most deliveries never enter it.
CREATE INDEX IF NOT EXISTS deliveries_lane ON deliveries (tenant_id, target_id, wake_at) WHERE wake_at IS NOT NULL;

-- Whose turn it is among those of a target and key.
CREATE INDEX IF NOT EXISTS deliveries_order ON deliveries (tenant_id, target_id, ordering_key, event_sequence, run_id, position)
    WHERE ordering_key IS NOT NULL AND state IN ('held', 'queued', 'scheduled', 'sending', 'backing_off');

-- Whether one of them has it already.
CREATE INDEX IF NOT EXISTS deliveries_turn ON deliveries (tenant_id, target_id, ordering_key)
    WHERE ordering_key IS NOT NULL AND state IN ('scheduled', 'sending', 'backing_off');

-- Dead letters, newest first.
CREATE INDEX IF NOT EXISTS deliveries_dead ON deliveries (tenant_id, id) WHERE state IN ('failed', 'exhausted');

-- How many there are of each target and state, the one left out that most have.
CREATE INDEX IF NOT EXISTS deliveries_count ON deliveries (tenant_id, target_id, state) WHERE state <> 'succeeded';

-- Circuits that opened, as replicas share them. A row is written when a circuit
-- opens or closes, never for an attempt.
CREATE TABLE circuits (
    tenant_id  text        COLLATE "C" NOT NULL,
    target_id  text        COLLATE "C" NOT NULL,
    open       boolean     NOT NULL,
    failures   integer     NOT NULL,
    trips      integer     NOT NULL, -- openings since the target last worked
    until      timestamptz NOT NULL, -- when the next probe may go
    cause      text        NOT NULL, -- of the latest failure
    changed_at timestamptz NOT NULL,
    version    bigint      NOT NULL,
    PRIMARY KEY (tenant_id, target_id)
);

-- What replicas have to read again.
CREATE INDEX circuits_changed ON circuits (changed_at);
CREATE INDEX circuits_open ON circuits (open) WHERE open;

-- The replicas that are alive: limits of targets are divided among them.
CREATE TABLE senders (
    id      text        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
