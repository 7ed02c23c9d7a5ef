-- migrate:up

-- The words are those of docs/architecture. Conventions:
--   * Everything a tenant owns leads with organization_id, in keys and foreign keys, so that nothing crosses tenants and
--     the tables shard by organization unchanged.
--   * Money is pico-dollars (1e-12 USD): bigint where one amount fits (per token, per record), numeric(38,0) for sums
--     and limits. No floating point anywhere.
--   * Configuration is never deleted, only marked: the ledger keeps showing the names it was charged under.
--   * `version` counts the changes of one row and is its ETag.

-- ---- roles -----------------------------------------------------------------------------------------------------------
-- The service logs in as a member of both and takes one per transaction with SET LOCAL ROLE. Neither owns a table, so row-level
-- security holds for both; neither can switch it off.
--   tollgate_tenant    the admin API: sees one organization, named by the setting tollgate.organization_id
--   tollgate_platform  the stream and the ledger: leases and books for every organization, changes no configuration
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollgate_tenant') THEN
        CREATE ROLE tollgate_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollgate_platform') THEN
        CREATE ROLE tollgate_platform NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
END
$$;

CREATE FUNCTION current_organization_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('tollgate.organization_id', true), '')::uuid;

-- Names are what people type: in files, on the command line, in model requests.
CREATE DOMAIN resource_name AS text CHECK (VALUE ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$');

-- ---- tenancy ---------------------------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id           uuid PRIMARY KEY,
    name         resource_name NOT NULL,
    display_name text NOT NULL DEFAULT '',
    timezone     text NOT NULL DEFAULT 'UTC',
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz
);
CREATE UNIQUE INDEX organizations_name ON organizations (name) WHERE deleted_at IS NULL;

CREATE TABLE teams (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id              uuid NOT NULL,
    name            resource_name NOT NULL,
    display_name    text NOT NULL DEFAULT '',
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX teams_name ON teams (organization_id, name) WHERE deleted_at IS NULL;

CREATE TABLE projects (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    team_id         uuid NOT NULL,
    name            resource_name NOT NULL,
    display_name    text NOT NULL DEFAULT '',
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id)
);
CREATE UNIQUE INDEX projects_name ON projects (organization_id, team_id, name) WHERE deleted_at IS NULL;

CREATE TABLE applications (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    project_id      uuid NOT NULL,
    name            resource_name NOT NULL,
    display_name    text NOT NULL DEFAULT '',
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
);
CREATE UNIQUE INDEX applications_name ON applications (organization_id, project_id, name) WHERE deleted_at IS NULL;

-- ---- catalog ---------------------------------------------------------------------------------------------------------

CREATE TABLE providers (
    organization_id       uuid NOT NULL REFERENCES organizations (id),
    id                    uuid NOT NULL,
    name                  resource_name NOT NULL,
    dialect               text NOT NULL CHECK (dialect IN ('openai')),
    base_url              text NOT NULL CHECK (base_url ~ '^https?://[^/]+'),
    ca_pem                text NOT NULL DEFAULT '',
    connect_timeout_ms    bigint NOT NULL DEFAULT 5000 CHECK (connect_timeout_ms BETWEEN 1 AND 600000),
    first_byte_timeout_ms bigint NOT NULL DEFAULT 300000 CHECK (first_byte_timeout_ms BETWEEN 1 AND 3600000),
    idle_timeout_ms       bigint NOT NULL DEFAULT 60000 CHECK (idle_timeout_ms BETWEEN 1 AND 3600000),
    total_timeout_ms      bigint NOT NULL DEFAULT 600000 CHECK (total_timeout_ms BETWEEN 1 AND 86400000),
    version               bigint NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX providers_name ON providers (organization_id, name) WHERE deleted_at IS NULL;

-- The secret is sealed (AES-256-GCM) under a key that is not in the database.
CREATE TABLE credentials (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    provider_id     uuid NOT NULL,
    name            resource_name NOT NULL,
    sealed_secret   bytea NOT NULL,
    last_four       text NOT NULL CHECK (length(last_four) <= 4),
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id)
);
CREATE UNIQUE INDEX credentials_name ON credentials (organization_id, provider_id, name) WHERE deleted_at IS NULL;

CREATE TABLE models (
    organization_id   uuid NOT NULL REFERENCES organizations (id),
    id                uuid NOT NULL,
    name              resource_name NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('chat', 'embedding')),
    max_input_tokens  bigint NOT NULL CHECK (max_input_tokens BETWEEN 1 AND 100000000),
    max_output_tokens bigint NOT NULL CHECK (max_output_tokens BETWEEN 0 AND 100000000),
    is_enabled        boolean NOT NULL DEFAULT true,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    PRIMARY KEY (organization_id, id),
    CHECK ((kind = 'embedding') = (max_output_tokens = 0))
);
CREATE UNIQUE INDEX models_name ON models (organization_id, name) WHERE deleted_at IS NULL;

CREATE TABLE deployments (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    model_id        uuid NOT NULL,
    provider_id     uuid NOT NULL,
    credential_id   uuid,
    name            resource_name NOT NULL,
    upstream_model  text NOT NULL CHECK (upstream_model <> ''),
    weight          bigint NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000000),
    priority        bigint NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 1000),
    is_enabled      boolean NOT NULL DEFAULT true,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, model_id) REFERENCES models (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
    FOREIGN KEY (organization_id, credential_id) REFERENCES credentials (organization_id, id)
);
CREATE UNIQUE INDEX deployments_name ON deployments (organization_id, model_id, name) WHERE deleted_at IS NULL;

-- Dated: the row with the latest effective_from that has passed applies. Rows are added, never changed.
CREATE TABLE prices (
    organization_id   uuid NOT NULL,
    id                uuid NOT NULL,
    deployment_id     uuid NOT NULL,
    effective_from    timestamptz NOT NULL,
    input_pusd        bigint NOT NULL CHECK (input_pusd >= 0),
    cached_input_pusd bigint NOT NULL CHECK (cached_input_pusd >= 0),
    output_pusd       bigint NOT NULL CHECK (output_pusd >= 0),
    request_pusd      bigint NOT NULL DEFAULT 0 CHECK (request_pusd >= 0),
    source            text NOT NULL DEFAULT '',
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, deployment_id) REFERENCES deployments (organization_id, id)
);
CREATE UNIQUE INDEX prices_date ON prices (organization_id, deployment_id, effective_from) WHERE deleted_at IS NULL;

-- ---- access ----------------------------------------------------------------------------------------------------------

CREATE TABLE access_profiles (
    organization_id   uuid NOT NULL REFERENCES organizations (id),
    id                uuid NOT NULL,
    name              resource_name NOT NULL,
    display_name      text NOT NULL DEFAULT '',
    allows_all_models boolean NOT NULL DEFAULT false,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX access_profiles_name ON access_profiles (organization_id, name) WHERE deleted_at IS NULL;

CREATE TABLE access_profile_models (
    organization_id   uuid NOT NULL,
    access_profile_id uuid NOT NULL,
    model_id          uuid NOT NULL,
    PRIMARY KEY (organization_id, access_profile_id, model_id),
    FOREIGN KEY (organization_id, access_profile_id) REFERENCES access_profiles (organization_id, id),
    FOREIGN KEY (organization_id, model_id) REFERENCES models (organization_id, id)
);
CREATE INDEX access_profile_models_model ON access_profile_models (organization_id, model_id);

CREATE TABLE api_keys (
    organization_id   uuid NOT NULL,
    id                uuid NOT NULL,
    application_id    uuid NOT NULL,
    access_profile_id uuid NOT NULL,
    name              resource_name NOT NULL,
    sha256            bytea NOT NULL CHECK (octet_length(sha256) = 32),
    prefix            text NOT NULL CHECK (length(prefix) <= 12),
    last_four         text NOT NULL CHECK (length(last_four) <= 4),
    expires_at        timestamptz,
    revoked_at        timestamptz,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, application_id) REFERENCES applications (organization_id, id),
    FOREIGN KEY (organization_id, access_profile_id) REFERENCES access_profiles (organization_id, id)
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (organization_id, application_id, name) WHERE deleted_at IS NULL;
-- One key, one principal, in the whole installation: a replica finds it by its hash alone.
CREATE UNIQUE INDEX api_keys_sha256 ON api_keys (sha256) WHERE deleted_at IS NULL;

-- ---- budgets ---------------------------------------------------------------------------------------------------------

CREATE TABLE budgets (
    organization_id    uuid NOT NULL REFERENCES organizations (id),
    id                 uuid NOT NULL,
    name               resource_name NOT NULL,
    scope              text NOT NULL CHECK (scope IN ('organization', 'team', 'project', 'application', 'api_key')),
    scope_id           uuid NOT NULL,
    model_id           uuid,
    unit               text NOT NULL CHECK (unit IN ('money', 'tokens')),
    limit_amount       numeric(38, 0) NOT NULL CHECK (limit_amount >= 0 AND limit_amount <= 9223372036854775807),
    window_kind        text NOT NULL CHECK (window_kind IN ('hour', 'day', 'week', 'month', 'none')),
    mode               text NOT NULL DEFAULT 'hard' CHECK (mode IN ('hard')),
    contention         text NOT NULL DEFAULT 'wait' CHECK (contention IN ('wait', 'clamp')),
    max_wait_ms        bigint NOT NULL DEFAULT 10000 CHECK (max_wait_ms BETWEEN 0 AND 600000),
    clamp_floor_tokens bigint NOT NULL DEFAULT 16 CHECK (clamp_floor_tokens BETWEEN 1 AND 1000000),
    outage             text NOT NULL DEFAULT 'deny' CHECK (outage IN ('deny', 'allow_and_report')),
    version            bigint NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, model_id) REFERENCES models (organization_id, id)
);
CREATE UNIQUE INDEX budgets_name ON budgets (organization_id, name) WHERE deleted_at IS NULL;
-- A replica that asks for a lease names the budget alone.
CREATE INDEX budgets_id ON budgets (id);

-- One row for each window of a budget. The promise "never overspent" is the constraint `account_covers`:
-- what is booked and what replicas may still spend never exceed the limit. `overrun` is what the books had to take
-- beyond it, and is above zero only for a stated reason: the limit was lowered below what was out already, a provider
-- billed more than it had announced, or the budget allows spending while the control plane is away.
CREATE TABLE budget_accounts (
    organization_id uuid NOT NULL,
    budget_id       uuid NOT NULL,
    window_start    timestamptz NOT NULL, -- the Unix epoch where the budget has no windows
    window_end      timestamptz,
    limit_amount    numeric(38, 0) NOT NULL CHECK (limit_amount >= 0),
    settled         numeric(38, 0) NOT NULL DEFAULT 0 CHECK (settled >= 0),
    leased          numeric(38, 0) NOT NULL DEFAULT 0 CHECK (leased >= 0),
    overrun         numeric(38, 0) NOT NULL DEFAULT 0 CHECK (overrun >= 0),
    PRIMARY KEY (organization_id, budget_id, window_start),
    FOREIGN KEY (organization_id, budget_id) REFERENCES budgets (organization_id, id),
    CONSTRAINT account_covers CHECK (settled + leased <= limit_amount + overrun)
) WITH (fillfactor = 50);

-- What one boot of one replica may spend of one account. `remaining` is not yet settled: free, reserved or spent and
-- on its way. A grant adds to the row, a booking or a return takes from it.
CREATE TABLE leases (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    budget_id       uuid NOT NULL,
    window_start    timestamptz NOT NULL,
    replica         text NOT NULL,
    boot_id         uuid NOT NULL,
    granted         numeric(38, 0) NOT NULL CHECK (granted >= 0),
    remaining       numeric(38, 0) NOT NULL CHECK (remaining >= 0),
    -- What was answered last, so that a request or return sent again after a reconnect is not carried out twice.
    last_request_number bigint NOT NULL DEFAULT 0,
    last_request_amount bigint NOT NULL DEFAULT 0,
    last_return_number  bigint NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, budget_id, boot_id, window_start),
    FOREIGN KEY (organization_id, budget_id, window_start)
        REFERENCES budget_accounts (organization_id, budget_id, window_start)
) WITH (fillfactor = 50);
-- No index names `remaining`, so that grants and bookings update in place (HOT).
CREATE INDEX leases_boot ON leases (boot_id, id);

-- ---- ledger ----------------------------------------------------------------------------------------------------------
-- Callers that could not be identified are booked under the zero organization, which no tenant can read.

CREATE TABLE usage_records (
    organization_id     uuid NOT NULL,
    started_at          timestamptz NOT NULL,
    boot_id             uuid NOT NULL,
    sequence            bigint NOT NULL CHECK (sequence > 0),
    request_id          uuid NOT NULL,
    duration_ms         bigint NOT NULL,
    first_byte_ms       bigint NOT NULL,
    replica             text NOT NULL,
    team_id             uuid,
    project_id          uuid,
    application_id      uuid,
    api_key_id          uuid,
    access_profile_id   uuid,
    model_id            uuid,
    deployment_id       uuid,
    provider_id         uuid,
    price_id            uuid,
    endpoint            text NOT NULL,
    model_name          text NOT NULL,
    upstream_model      text NOT NULL,
    provider_request_id text NOT NULL,
    is_streaming        boolean NOT NULL,
    is_estimated        boolean NOT NULL,
    is_clamped          boolean NOT NULL,
    outcome             text NOT NULL CHECK (outcome IN ('completed', 'client_left', 'provider_error', 'provider_failed',
                                                         'refused', 'interrupted')),
    http_status         integer NOT NULL,
    error_code          text NOT NULL,
    input_tokens        bigint NOT NULL CHECK (input_tokens >= 0),
    cached_input_tokens bigint NOT NULL CHECK (cached_input_tokens >= 0),
    output_tokens       bigint NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens    bigint NOT NULL CHECK (reasoning_tokens >= 0),
    cost_pusd           bigint NOT NULL CHECK (cost_pusd >= 0),
    snapshot_revision   bigint NOT NULL,
    -- What each budget account paid, as three arrays of one length: unnest them to prove accounts against records.
    charge_budget_ids    uuid[] NOT NULL,
    charge_window_starts timestamptz[] NOT NULL,
    charge_amounts       bigint[] NOT NULL,
    booked_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, started_at, boot_id, sequence)
) PARTITION BY RANGE (started_at);
CREATE INDEX usage_records_request ON usage_records (organization_id, request_id);

-- Catches what lies outside every month that was made; empty in health.
CREATE TABLE usage_records_default PARTITION OF usage_records DEFAULT;

-- Makes the partition of the month that holds `moment` (UTC months). Runs as the owner of the tables, because the
-- service role may not create any; anyone may call it, and all it can do is make that partition.
CREATE FUNCTION ensure_usage_partition(moment timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
    first_moment timestamptz := first_day AT TIME ZONE 'UTC';
    end_moment timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
    partition text := 'usage_records_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF moment < now() - interval '13 months' OR moment > now() + interval '2 months' THEN
        RETURN; -- an absurd clock must not make tables: the default partition takes it
    END IF;
    IF to_regclass('public.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tollgate.ensure_usage_partition'));
    -- Asked of the table, not of the cache that to_regclass() reads, in which a name just made by another may be missing.
    IF EXISTS (SELECT FROM pg_catalog.pg_class
               WHERE relname = partition AND relnamespace = 'public'::pg_catalog.regnamespace) THEN
        RETURN;
    END IF;
    -- Filled from the default partition before it is attached: Postgres refuses a partition whose rows are there.
    EXECUTE format('CREATE TABLE %I (LIKE usage_records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    EXECUTE format('WITH moved AS (DELETE FROM usage_records_default WHERE started_at >= %L AND started_at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', first_moment, end_moment, partition);
    EXECUTE format('ALTER TABLE usage_records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, first_moment,
                   end_moment);
END
$$;

-- Sums per hour over every dimension that reports group by. The zero UUID stands for "none".
CREATE TABLE usage_rollups_hourly (
    organization_id     uuid NOT NULL,
    hour                timestamptz NOT NULL,
    team_id             uuid NOT NULL,
    project_id          uuid NOT NULL,
    application_id      uuid NOT NULL,
    api_key_id          uuid NOT NULL,
    model_id            uuid NOT NULL,
    deployment_id       uuid NOT NULL,
    outcome             text NOT NULL,
    requests            bigint NOT NULL,
    input_tokens        numeric(38, 0) NOT NULL,
    cached_input_tokens numeric(38, 0) NOT NULL,
    output_tokens       numeric(38, 0) NOT NULL,
    reasoning_tokens    numeric(38, 0) NOT NULL,
    cost_pusd           numeric(38, 0) NOT NULL,
    PRIMARY KEY (organization_id, hour, team_id, project_id, application_id, api_key_id, model_id, deployment_id, outcome)
) WITH (fillfactor = 70);

-- ---- configuration revisions and the snapshot ------------------------------------------------------------------------

-- The one row whose lock orders all configuration changes: a revision is given out under it, so that none is overtaken.
CREATE TABLE config_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch     uuid NOT NULL DEFAULT gen_random_uuid(), -- a restored or new database counts anew
    revision  bigint NOT NULL DEFAULT 0
);
INSERT INTO config_state DEFAULT VALUES;

-- Each resource as replicas receive it (a packed tollgate.v1.Resource; a credential's secret is sealed in it), written
-- in the transaction that changed it. A deleted one stays as a mark, so that a delta can say so.
CREATE TABLE snapshot_resources (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    resource_type   smallint NOT NULL,
    id              uuid NOT NULL,
    revision        bigint NOT NULL,
    is_deleted      boolean NOT NULL DEFAULT false,
    payload         bytea NOT NULL,
    sha256          bytea NOT NULL CHECK (octet_length(sha256) = 32), -- of the payload as the replica sees it, unsealed
    PRIMARY KEY (organization_id, resource_type, id)
);
-- In the order in which they are sent.
CREATE INDEX snapshot_resources_revision ON snapshot_resources (revision, resource_type, id);

-- The sum of the sha256 of an organization's live resources modulo 2^256.
CREATE TABLE snapshot_digests (
    organization_id uuid PRIMARY KEY REFERENCES organizations (id),
    digest          bytea NOT NULL CHECK (octet_length(digest) = 32),
    resource_count  bigint NOT NULL CHECK (resource_count >= 0)
);

CREATE TABLE audit_log (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    revision        bigint NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    actor           text NOT NULL,
    source_address  text NOT NULL,
    request_id      uuid NOT NULL,
    action          text NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    resource_type   text NOT NULL,
    resource_id     uuid NOT NULL,
    before          jsonb, -- as the API shows it: secrets never appear
    after           jsonb,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX audit_log_at ON audit_log (organization_id, at);

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL, -- zero for the creation of organizations
    key             text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_sha256  bytea NOT NULL,
    status          integer NOT NULL,
    resource_id     uuid NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, key)
);

-- ---- replicas --------------------------------------------------------------------------------------------------------

CREATE TABLE replicas (
    name                    text PRIMARY KEY,
    boot_id                 uuid NOT NULL,
    version                 text NOT NULL,
    address                 text NOT NULL,
    is_connected            boolean NOT NULL,
    connected_at            timestamptz NOT NULL DEFAULT now(),
    last_seen_at            timestamptz NOT NULL DEFAULT now(),
    acked_revision          bigint NOT NULL DEFAULT 0,
    refused_revision        bigint,
    refused_reason          text,
    journal_pending_records bigint NOT NULL DEFAULT 0,
    journal_pending_bytes   bigint NOT NULL DEFAULT 0,
    active_requests         bigint NOT NULL DEFAULT 0,
    resident_bytes          bigint NOT NULL DEFAULT 0
);

-- How far the records of each boot are booked: the row that makes booking exactly-once.
CREATE TABLE replica_boots (
    boot_id         uuid PRIMARY KEY,
    replica         text NOT NULL,
    booked_sequence bigint NOT NULL DEFAULT 0,
    last_sequence   bigint,      -- known once closed
    created_at      timestamptz NOT NULL DEFAULT now(),
    closed_at       timestamptz
);

-- Numbers that never arrived: visible, never papered over.
CREATE TABLE usage_gaps (
    boot_id        uuid NOT NULL REFERENCES replica_boots (boot_id),
    first_sequence bigint NOT NULL,
    last_sequence  bigint NOT NULL,
    noticed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (boot_id, first_sequence)
);

-- Records that arrived but cannot be booked as they are (an unknown budget, a negative count): kept whole with the
-- reason, so that one of them neither stops the stream nor is lost. Empty in health.
CREATE TABLE usage_rejected (
    boot_id     uuid NOT NULL REFERENCES replica_boots (boot_id),
    sequence    bigint NOT NULL,
    replica     text NOT NULL,
    reason      text NOT NULL,
    record      bytea NOT NULL, -- a packed tollgate.v1.UsageRecord
    rejected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (boot_id, sequence)
);

-- ---- who may do what -------------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA public TO tollgate_tenant, tollgate_platform;

DO $$
DECLARE
    tenant_table text;
BEGIN
    -- Configuration of a tenant: read and written by its own administrators.
    FOREACH tenant_table IN ARRAY ARRAY['teams', 'projects', 'applications', 'providers', 'credentials', 'models', 'deployments',
                                 'prices', 'access_profiles', 'access_profile_models', 'api_keys', 'budgets',
                                 'budget_accounts', 'leases', 'usage_records', 'usage_rollups_hourly',
                                 'snapshot_resources', 'snapshot_digests', 'audit_log', 'idempotency_keys']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant ON %I TO tollgate_tenant
                            USING (organization_id = current_organization_id())
                            WITH CHECK (organization_id = current_organization_id())', tenant_table);
    END LOOP;
    -- What the stream and the ledger touch, for every organization.
    FOREACH tenant_table IN ARRAY ARRAY['budgets', 'budget_accounts', 'leases', 'usage_records', 'usage_rollups_hourly',
                                 'snapshot_resources', 'snapshot_digests']
    LOOP
        EXECUTE format('CREATE POLICY platform ON %I TO tollgate_platform USING (true) WITH CHECK (true)', tenant_table);
    END LOOP;
END
$$;

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organizations TO tollgate_tenant
    USING (id = current_organization_id()) WITH CHECK (id = current_organization_id());
CREATE POLICY platform ON organizations FOR SELECT TO tollgate_platform USING (true);

GRANT SELECT, INSERT, UPDATE ON organizations, teams, projects, applications, providers, credentials, models, deployments,
    prices, access_profiles, api_keys, budgets, budget_accounts, snapshot_resources, snapshot_digests TO tollgate_tenant;
GRANT SELECT, INSERT, DELETE ON access_profile_models, idempotency_keys TO tollgate_tenant;
GRANT SELECT, INSERT ON audit_log TO tollgate_tenant; -- append-only
GRANT SELECT ON leases, usage_records, usage_rollups_hourly TO tollgate_tenant; -- the books are not edited
GRANT SELECT, UPDATE ON config_state TO tollgate_tenant;

GRANT SELECT ON organizations, budgets, snapshot_resources, snapshot_digests, config_state TO tollgate_platform;
GRANT SELECT, INSERT, UPDATE ON budget_accounts, leases, usage_rollups_hourly, replicas, replica_boots TO tollgate_platform;
GRANT SELECT, INSERT ON usage_records, usage_gaps, usage_rejected TO tollgate_platform;
GRANT SELECT ON replicas, replica_boots, usage_gaps TO tollgate_tenant;
GRANT SELECT (boot_id, sequence, replica, reason, rejected_at) ON usage_rejected TO tollgate_tenant;
REVOKE ALL ON FUNCTION ensure_usage_partition(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_usage_partition(timestamptz) TO tollgate_platform;
-- Booking gathers a batch in temporary tables: COPY does not go into tables with row-level security.
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO tollgate_platform', current_database());
END
$$;

-- migrate:down

DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM tollgate_platform', current_database());
END
$$;
DROP TABLE usage_rejected, usage_gaps, replica_boots, replicas, idempotency_keys, audit_log, snapshot_digests,
    snapshot_resources, config_state, usage_rollups_hourly, usage_records, leases, budget_accounts, budgets, api_keys,
    access_profile_models, access_profiles, prices, deployments, models, credentials, providers, applications, projects,
    teams, organizations;
DROP FUNCTION ensure_usage_partition(timestamptz);
DROP DOMAIN resource_name;
DROP FUNCTION current_organization_id();
-- The roles stay: other databases of the cluster may use them.
