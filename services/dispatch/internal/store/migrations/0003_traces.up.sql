-- The trace of the event or hook that made a delivery, as W3C writes it, where
-- it is sampled: whoever tries it later goes on in that trace. Null costs no
-- byte, and versions that do not know it leave it so.
ALTER TABLE deliveries ADD COLUMN traceparent text;
