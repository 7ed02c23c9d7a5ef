-- migrate:up

-- Credentials of several kinds. Those that are exchanged for short-lived tokens keep the long-lived part sealed here, and
-- the token that replicas hold now beside it.
ALTER TABLE credentials
    ADD COLUMN kind text NOT NULL DEFAULT 'api_key'
        CHECK (kind IN ('api_key', 'aws_access_key', 'aws_assume_role', 'aws_web_identity', 'gcp_service_account',
                        'azure_client_credentials')),
    ADD COLUMN access_key_id text NOT NULL DEFAULT '',
    ADD COLUMN sealed_session_token bytea,
    ADD COLUMN role_arn text NOT NULL DEFAULT '',
    ADD COLUMN external_id text NOT NULL DEFAULT '',
    ADD COLUMN region text NOT NULL DEFAULT '',
    ADD COLUMN token_file text NOT NULL DEFAULT '',
    ADD COLUMN tenant_id text NOT NULL DEFAULT '',
    ADD COLUMN client_id text NOT NULL DEFAULT '',
    ADD COLUMN token_url text NOT NULL DEFAULT '' CHECK (token_url = '' OR token_url LIKE 'https://%'),
    ADD COLUMN ca_pem text NOT NULL DEFAULT '',
    ADD COLUMN session_duration_s bigint NOT NULL DEFAULT 3600 CHECK (session_duration_s BETWEEN 900 AND 43200),
    -- The token: sealed, and what of it is no secret.
    ADD COLUMN sealed_token bytea,
    ADD COLUMN token_access_key_id text NOT NULL DEFAULT '',
    ADD COLUMN sealed_token_session bytea,
    ADD COLUMN expires_at timestamptz,
    -- When an instance takes it to be minted (again): the time is moved on before the call, so that only one does.
    ADD COLUMN next_mint_at timestamptz,
    ADD COLUMN mint_failures bigint NOT NULL DEFAULT 0 CHECK (mint_failures >= 0),
    ADD COLUMN last_error text NOT NULL DEFAULT '';
ALTER TABLE credentials ADD CONSTRAINT credentials_exchanged
    CHECK (next_mint_at IS NOT NULL OR kind IN ('api_key', 'aws_access_key'));
CREATE INDEX credentials_next_mint ON credentials (next_mint_at) WHERE next_mint_at IS NOT NULL AND deleted_at IS NULL;

-- What is due is looked for across organizations; minting itself runs inside the organization.
CREATE POLICY platform ON credentials TO tollgate_platform USING (true) WITH CHECK (true);
GRANT SELECT (organization_id, id, version, expires_at, next_mint_at, mint_failures, deleted_at), UPDATE (next_mint_at)
    ON credentials TO tollgate_platform;

-- migrate:down

REVOKE ALL (organization_id, id, version, expires_at, next_mint_at, mint_failures, deleted_at) ON credentials FROM tollgate_platform;
DROP POLICY platform ON credentials;
ALTER TABLE credentials
    DROP COLUMN kind, DROP COLUMN access_key_id, DROP COLUMN sealed_session_token, DROP COLUMN role_arn,
    DROP COLUMN external_id, DROP COLUMN region, DROP COLUMN token_file, DROP COLUMN tenant_id, DROP COLUMN client_id,
    DROP COLUMN token_url, DROP COLUMN ca_pem, DROP COLUMN session_duration_s, DROP COLUMN sealed_token,
    DROP COLUMN token_access_key_id, DROP COLUMN sealed_token_session, DROP COLUMN expires_at, DROP COLUMN next_mint_at,
    DROP COLUMN mint_failures, DROP COLUMN last_error;
