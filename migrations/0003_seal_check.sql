-- migrate:up

-- A known value sealed under each key that seals credentials: a control plane with another key finds out when it starts,
-- and not when a replica asks for a credential.
CREATE TABLE seal_checks (
    key_id       bigint PRIMARY KEY CHECK (key_id BETWEEN 0 AND 4294967295),
    sealed_value bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON seal_checks TO tollgate_platform;

-- migrate:down

DROP TABLE seal_checks;
