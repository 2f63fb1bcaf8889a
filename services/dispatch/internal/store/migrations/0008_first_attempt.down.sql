INSERT INTO attempts (delivery_id, number, started_at, duration_nanos, outcome, status, error)
SELECT id, 1, first_started_at, first_duration_nanos, 'succeeded', first_status, '' FROM deliveries WHERE first_started_at IS NOT NULL;
ALTER TABLE deliveries DROP COLUMN first_started_at, DROP COLUMN first_duration_nanos, DROP COLUMN first_status;
