DROP TABLE approved_changes;
DROP TABLE notices;
DROP TABLE action_types;
DROP TABLE audit_heads;
DROP INDEX decisions_human;
ALTER TABLE decisions DROP COLUMN human_id;
DROP INDEX approval_requests_expiry;
DROP INDEX approval_requests_execution;
DROP INDEX approval_requests_single;
ALTER TABLE approval_requests DROP CONSTRAINT executed_only_when_approved;
ALTER TABLE approval_requests ADD CONSTRAINT executed_only_when_approved CHECK ((execution_state IS NOT NULL) = (state = 'approved')) NOT VALID;
ALTER TABLE approval_requests
    DROP COLUMN resolution,
    DROP COLUMN single_key,
    DROP COLUMN submitted_by_roles,
    DROP COLUMN next_state,
    DROP COLUMN previous_sha256,
    DROP COLUMN display,
    DROP COLUMN subject;
