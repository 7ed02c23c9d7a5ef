-- migrate:up

-- The service asks at /readyz whether the migrations that it needs are applied.
GRANT SELECT ON schema_migrations TO tollgate_platform;

-- migrate:down

REVOKE SELECT ON schema_migrations FROM tollgate_platform;
