-- A role and a schema for every service with tables, in the database
-- actionplane. A role owns its schema and reaches no other; nothing is open to
-- PUBLIC in it; other databases of the cluster stay as they are. Safe to run
-- again: what is there stays, passwords are set anew.
--
--   psql -v ON_ERROR_STOP=1 -v password=... -f roles.sql
--
-- One password per role where wanted: -v access_password=... and so on; what is
-- not given falls back to password, and that to the environment variable
-- ACTIONPLANE_DATABASE_PASSWORD (which is how the image's entry point gives it).
-- DATABASE_URL is then postgres://{service}:<password>@<host>/actionplane:
-- every process puts its own name for {service}.
\set ON_ERROR_STOP on
\if :{?password}
\else
  \getenv password ACTIONPLANE_DATABASE_PASSWORD
\endif
\if :{?password}
\else
  \set password ''
\endif

\if :{?access_password}
\else
  \set access_password :password
\endif
\if :{?actions_password}
\else
  \set actions_password :password
\endif
\if :{?approvals_password}
\else
  \set approvals_password :password
\endif
\if :{?dispatch_password}
\else
  \set dispatch_password :password
\endif
\if :{?executions_password}
\else
  \set executions_password :password
\endif
\if :{?scripts_password}
\else
  \set scripts_password :password
\endif
\if :{?targets_password}
\else
  \set targets_password :password
\endif

SELECT 'CREATE DATABASE actionplane'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'actionplane') \gexec
\connect actionplane

REVOKE ALL ON DATABASE actionplane FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE TEMPORARY TABLE room (name text PRIMARY KEY, password text NOT NULL);
INSERT INTO room VALUES
    ('access', :'access_password'),
    ('actions', :'actions_password'),
    ('approvals', :'approvals_password'),
    ('dispatch', :'dispatch_password'),
    ('executions', :'executions_password'),
    ('scripts', :'scripts_password'),
    ('targets', :'targets_password');
DO $$
BEGIN -- not a CHECK, whose message would print the password
    IF EXISTS (SELECT FROM room WHERE length(password) < 8) THEN
        RAISE EXCEPTION 'a password is missing or has fewer than 8 characters';
    END IF;
END
$$;

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name)
FROM room WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) ORDER BY name \gexec

SELECT format('ALTER ROLE %I PASSWORD %L', name, password) FROM room ORDER BY name \gexec
SELECT format('ALTER ROLE %I IN DATABASE actionplane SET search_path = %I', name, name) FROM room ORDER BY name \gexec
SELECT format('GRANT CONNECT ON DATABASE actionplane TO %I', name) FROM room ORDER BY name \gexec
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', name, name) FROM room ORDER BY name \gexec

DROP TABLE room;
