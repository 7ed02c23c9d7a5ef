-- migrate:up

-- A provider is of a kind of the provider registry, which says what it speaks; what only its administrator knows fills
-- the blanks of that row.
ALTER TABLE providers
    ADD COLUMN kind        text NOT NULL DEFAULT 'openai_compatible' CHECK (kind <> ''),
    ADD COLUMN region      text NOT NULL DEFAULT '',
    ADD COLUMN project     text NOT NULL DEFAULT '',
    ADD COLUMN account     text NOT NULL DEFAULT '',
    ADD COLUMN api_version text NOT NULL DEFAULT '',
    DROP COLUMN dialect,
    DROP CONSTRAINT providers_base_url_check,
    ADD CONSTRAINT providers_base_url_check CHECK (base_url = '' OR base_url ~ '^https?://[^/]+');
ALTER TABLE providers ALTER COLUMN kind DROP DEFAULT;

-- migrate:down

ALTER TABLE providers
    ADD COLUMN dialect text NOT NULL DEFAULT 'openai' CHECK (dialect IN ('openai')),
    DROP COLUMN kind,
    DROP COLUMN region,
    DROP COLUMN project,
    DROP COLUMN account,
    DROP COLUMN api_version,
    DROP CONSTRAINT providers_base_url_check,
    ADD CONSTRAINT providers_base_url_check CHECK (base_url ~ '^https?://[^/]+') NOT VALID;
ALTER TABLE providers ALTER COLUMN dialect DROP DEFAULT;
