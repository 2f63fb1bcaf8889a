DROP TABLE outbox;
DROP TABLE flow_actions;
DROP TABLE flows;
ALTER TABLE actions DROP CONSTRAINT actions_version;
DROP TABLE action_versions;
DROP TABLE actions;
