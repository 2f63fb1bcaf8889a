DROP TABLE outbox;
DROP TABLE catalog;
DROP TABLE entries;
DROP TABLE executions;
