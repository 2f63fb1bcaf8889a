-- Payloads may hold secrets: they are kept encrypted. payload_sha256 stays the
-- hash of the payload in clear, which the service compares when it has opened
-- one; the database compares those that are in clear.
ALTER TABLE approval_requests
    ADD COLUMN payload_key_id text; -- names the master key; null: payload is in clear

ALTER TABLE approval_requests DROP CONSTRAINT approval_requests_check;
ALTER TABLE approval_requests ADD CONSTRAINT approval_requests_payload_is_hashed
    CHECK (payload_key_id IS NOT NULL OR payload_sha256 = sha256(payload));
