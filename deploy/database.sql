-- Prepares a Postgres 15 for Tollgate, as a superuser, before `tollgate-controlplane migrate`:
--
--     psql --file database.sql postgres
--
-- Safe to run again. It sets no passwords: use peer, certificate or \password as your pg_hba.conf asks.
--
--   tollgate_owner     owns the database and its tables; used by `migrate` alone
--   tollgate_service   what the control plane logs in as; it owns nothing and takes one of the next two per transaction
--   tollgate_tenant    the admin API, inside one organization
--   tollgate_platform  the stream and the ledger
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I %s NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted.name, wanted.attributes)
FROM (VALUES ('tollgate_owner', 'LOGIN'),
             ('tollgate_service', 'LOGIN NOINHERIT'),
             ('tollgate_tenant', 'NOLOGIN'),
             ('tollgate_platform', 'NOLOGIN')) AS wanted (name, attributes)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name)
\gexec

GRANT tollgate_tenant, tollgate_platform TO tollgate_service;

SELECT 'CREATE DATABASE tollgate OWNER tollgate_owner ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tollgate')
\gexec

REVOKE ALL ON DATABASE tollgate FROM PUBLIC;
GRANT CONNECT ON DATABASE tollgate TO tollgate_service;
