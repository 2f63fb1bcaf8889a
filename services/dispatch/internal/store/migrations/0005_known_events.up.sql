-- Which of some events have their run, by their places. It is a function because
-- its plan is kept: the plan costs more than the look-up does. Kept plans are
-- made for the table as it is at that moment, which may be empty, and then read
-- all of it until somebody analyzes it; with these two settings the plan is the
-- look-up in runs_event from the start.
CREATE FUNCTION known_events(tenants text[], events text[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY SELECT e.n FROM unnest(tenants, events) WITH ORDINALITY AS e (tenant_id, event_id, n)
        CROSS JOIN LATERAL (SELECT FROM runs r WHERE r.tenant_id = e.tenant_id AND r.event_id = e.event_id LIMIT 1) known;
END
$$;
