-- migrate:up

-- Client certificates of credentials: alone, or beside a key. Their keys are sealed as secrets are.
ALTER TABLE credentials
    DROP CONSTRAINT credentials_kind_check,
    ADD CONSTRAINT credentials_kind_check
        CHECK (kind IN ('api_key', 'client_certificate', 'aws_access_key', 'aws_assume_role', 'aws_web_identity',
                        'gcp_service_account', 'azure_client_credentials')),
    DROP CONSTRAINT credentials_exchanged,
    ADD CONSTRAINT credentials_exchanged
        CHECK (next_mint_at IS NOT NULL OR kind IN ('api_key', 'client_certificate', 'aws_access_key')),
    ADD COLUMN client_certificate_pem text NOT NULL DEFAULT '',
    ADD COLUMN sealed_client_key bytea,
    ADD CONSTRAINT credentials_client_certificate
        CHECK ((client_certificate_pem = '') = (sealed_client_key IS NULL)
               AND (client_certificate_pem <> '' OR kind <> 'client_certificate'));

-- Those that end soon are told about, across organizations.
CREATE INDEX credentials_certificate_end ON credentials (expires_at)
    WHERE next_mint_at IS NULL AND expires_at IS NOT NULL AND deleted_at IS NULL;
GRANT SELECT (name) ON credentials TO tollgate_platform;

-- migrate:down

REVOKE SELECT (name) ON credentials FROM tollgate_platform;
DROP INDEX credentials_certificate_end;
ALTER TABLE credentials
    DROP COLUMN client_certificate_pem,
    DROP COLUMN sealed_client_key,
    DROP CONSTRAINT credentials_kind_check,
    ADD CONSTRAINT credentials_kind_check
        CHECK (kind IN ('api_key', 'aws_access_key', 'aws_assume_role', 'aws_web_identity', 'gcp_service_account',
                        'azure_client_credentials')) NOT VALID,
    DROP CONSTRAINT credentials_exchanged,
    ADD CONSTRAINT credentials_exchanged
        CHECK (next_mint_at IS NOT NULL OR kind IN ('api_key', 'aws_access_key')) NOT VALID;
