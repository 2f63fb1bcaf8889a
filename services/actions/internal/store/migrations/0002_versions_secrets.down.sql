DROP TABLE secrets;
ALTER TABLE action_versions
    DROP COLUMN published_by,
    DROP COLUMN published_at,
    DROP COLUMN created_by,
    DROP COLUMN warnings,
    DROP COLUMN note,
    DROP COLUMN allowed_to_fail,
    DROP COLUMN timeout_ns,
    DROP COLUMN name;
ALTER TABLE actions DROP COLUMN latest_version;
