-- Deliveries that wait for others, which no other index has by itself: metrics
-- count them. Most never enter it. Like those of 0002 it is built in the
-- migration's transaction, in which deliveries cannot be written, for about as
-- long as reading the table once takes; where that is too long, build it before
-- with CREATE INDEX CONCURRENTLY, by this name.
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (state) WHERE state IN ('held', 'queued');
