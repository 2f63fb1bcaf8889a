DROP TABLE outbox;
DROP TABLE issuers;
DROP TABLE identities;
ALTER TABLE tokens DROP COLUMN created_by, DROP COLUMN last_used_at;
DROP INDEX memberships_person;
DROP INDEX people_home;
DROP INDEX people_canonical;
-- Who has no address would stand in the way of the index.
DELETE FROM people WHERE email = '';
CREATE UNIQUE INDEX people_email ON people (tenant_id, lower(email));
DROP INDEX people_address;
ALTER TABLE people
    DROP CONSTRAINT people_kind_email,
    DROP COLUMN canonical_email,
    DROP COLUMN changed_at,
    DROP COLUMN state,
    DROP COLUMN kind;
DROP INDEX organizations_name;
ALTER TABLE organizations DROP COLUMN changed_at, DROP COLUMN state;
