DROP TABLE tokens;
DROP TABLE memberships;
DROP TABLE people;
DROP TABLE organizations;
DROP TABLE tenants;
