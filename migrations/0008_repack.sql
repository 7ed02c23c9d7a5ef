-- migrate:up

-- What the packed resources were packed by: a digest of the program's version and its provider registry. A control plane
-- that packs by something else packs them again at its start, and says so in the audit log.
ALTER TABLE config_state ADD COLUMN packing bytea NOT NULL DEFAULT '';
GRANT UPDATE (packing) ON config_state TO tollgate_platform;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN ('create', 'update', 'delete', 'repack'));

-- migrate:down

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_action_check,
    ADD CONSTRAINT audit_log_action_check CHECK (action IN ('create', 'update', 'delete')) NOT VALID;
REVOKE UPDATE (packing) ON config_state FROM tollgate_platform;
ALTER TABLE config_state DROP COLUMN packing;
