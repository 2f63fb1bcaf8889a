-- The only attempt of a delivery, where it succeeded, as nearly all do: number 1,
-- without an error. A row of attempts for each would be a third of all rows. Null
-- costs no byte; then, and for what came later, attempts has the rows. The release
-- before does not show such an attempt.
ALTER TABLE deliveries
    ADD COLUMN first_started_at     timestamptz,
    ADD COLUMN first_duration_nanos bigint,
    ADD COLUMN first_status         integer;
