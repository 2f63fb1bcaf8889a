-- The trace of the call that had a request executed, as W3C writes it, where it
-- is sampled: the execution goes on in it. Null costs no byte, and versions
-- that do not know it leave it so.
ALTER TABLE approval_requests ADD COLUMN traceparent text;
