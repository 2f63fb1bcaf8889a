DROP TABLE outbox;
DROP TABLE signing_keys;
DROP TABLE targets;
