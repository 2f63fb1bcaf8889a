-- Sealed payloads stay, and nothing can execute them any more.
ALTER TABLE approval_requests DROP CONSTRAINT approval_requests_payload_is_hashed;
ALTER TABLE approval_requests ADD CONSTRAINT approval_requests_check CHECK (payload_sha256 = sha256(payload)) NOT VALID;
ALTER TABLE approval_requests DROP COLUMN payload_key_id;
