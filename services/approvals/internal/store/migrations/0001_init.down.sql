DROP TABLE outbox;
DROP TABLE audit_entries;
DROP TABLE decisions;
DROP TABLE approval_requests;
DROP TABLE organization_settings;
DROP FUNCTION refuse_change();
