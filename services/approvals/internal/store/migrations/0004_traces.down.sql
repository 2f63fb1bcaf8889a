ALTER TABLE approval_requests DROP COLUMN traceparent;
