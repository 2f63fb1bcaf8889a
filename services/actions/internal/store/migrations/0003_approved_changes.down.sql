DROP TABLE approved_changes;
