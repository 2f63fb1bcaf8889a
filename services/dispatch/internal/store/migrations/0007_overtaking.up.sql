-- Events that a replica has in hand before their turn. There are rows only while
-- it has, and where it was killed meanwhile, until another looks.
CREATE TABLE overtaking (
    tenant_id text COLLATE "C" NOT NULL,
    event_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);

-- known_events, of which the release before is the last to ask, that also tells of
-- those in hand before their turn: minus their places.
CREATE FUNCTION met_events(tenants text[], events text[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY SELECT e.n FROM unnest(tenants, events) WITH ORDINALITY AS e (tenant_id, event_id, n)
        CROSS JOIN LATERAL (SELECT FROM runs r WHERE r.tenant_id = e.tenant_id AND r.event_id = e.event_id LIMIT 1) known;
    RETURN QUERY SELECT -e.n FROM unnest(tenants, events) WITH ORDINALITY AS e (tenant_id, event_id, n)
        CROSS JOIN LATERAL (SELECT FROM overtaking o WHERE o.tenant_id = e.tenant_id AND o.event_id = e.event_id LIMIT 1) taken;
END
$$;
