-- migrate:up

-- Every kind of usage that has a price of its own has a column of its own, and each unit is counted in one of them: the
-- four that there were, and these.
ALTER TABLE usage_records
    ADD COLUMN cache_write_5m_tokens     bigint NOT NULL DEFAULT 0 CHECK (cache_write_5m_tokens >= 0),
    ADD COLUMN cache_write_1h_tokens     bigint NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    ADD COLUMN input_audio_tokens        bigint NOT NULL DEFAULT 0 CHECK (input_audio_tokens >= 0),
    ADD COLUMN cached_input_audio_tokens bigint NOT NULL DEFAULT 0 CHECK (cached_input_audio_tokens >= 0),
    ADD COLUMN input_image_tokens        bigint NOT NULL DEFAULT 0 CHECK (input_image_tokens >= 0),
    ADD COLUMN output_audio_tokens       bigint NOT NULL DEFAULT 0 CHECK (output_audio_tokens >= 0),
    ADD COLUMN output_image_tokens       bigint NOT NULL DEFAULT 0 CHECK (output_image_tokens >= 0),
    ADD COLUMN images                    bigint NOT NULL DEFAULT 0 CHECK (images >= 0),
    ADD COLUMN audio_ms                  bigint NOT NULL DEFAULT 0 CHECK (audio_ms >= 0),
    ADD COLUMN characters                bigint NOT NULL DEFAULT 0 CHECK (characters >= 0),
    ADD COLUMN web_searches              bigint NOT NULL DEFAULT 0 CHECK (web_searches >= 0),
    ADD COLUMN search_units              bigint NOT NULL DEFAULT 0 CHECK (search_units >= 0),
    ADD COLUMN service_tier              text NOT NULL DEFAULT '',
    -- Retries that a provider may bill are records of their own with the same request_id.
    ADD COLUMN attempt                   integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    -- Something that was used had no rate in the price, or there was no price: cost_pusd lacks it.
    ADD COLUMN is_unpriced               boolean NOT NULL DEFAULT false;

ALTER TABLE usage_rollups_hourly
    ADD COLUMN cache_write_5m_tokens     numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN cache_write_1h_tokens     numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN input_audio_tokens        numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN cached_input_audio_tokens numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN input_image_tokens        numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN output_audio_tokens       numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN output_image_tokens       numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN images                    numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN audio_ms                  numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN characters                numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN web_searches              numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN search_units              numeric(38, 0) NOT NULL DEFAULT 0,
    ADD COLUMN unpriced_requests         bigint NOT NULL DEFAULT 0;

-- migrate:down

ALTER TABLE usage_rollups_hourly
    DROP COLUMN cache_write_5m_tokens, DROP COLUMN cache_write_1h_tokens, DROP COLUMN input_audio_tokens,
    DROP COLUMN cached_input_audio_tokens, DROP COLUMN input_image_tokens, DROP COLUMN output_audio_tokens,
    DROP COLUMN output_image_tokens, DROP COLUMN images, DROP COLUMN audio_ms, DROP COLUMN characters,
    DROP COLUMN web_searches, DROP COLUMN search_units, DROP COLUMN unpriced_requests;
ALTER TABLE usage_records
    DROP COLUMN cache_write_5m_tokens, DROP COLUMN cache_write_1h_tokens, DROP COLUMN input_audio_tokens,
    DROP COLUMN cached_input_audio_tokens, DROP COLUMN input_image_tokens, DROP COLUMN output_audio_tokens,
    DROP COLUMN output_image_tokens, DROP COLUMN images, DROP COLUMN audio_ms, DROP COLUMN characters,
    DROP COLUMN web_searches, DROP COLUMN search_units, DROP COLUMN service_tier, DROP COLUMN attempt,
    DROP COLUMN is_unpriced;
