-- migrate:up

-- Models of every operation, and what to do with what a provider of another dialect cannot be told.
ALTER TABLE models
    DROP CONSTRAINT models_kind_check,
    DROP CONSTRAINT models_check,
    ADD CONSTRAINT models_kind_check CHECK (kind IN ('chat', 'completion', 'embedding', 'moderation', 'rerank', 'image',
                                                     'speech', 'transcription', 'native')),
    ADD CONSTRAINT models_output_check CHECK (CASE WHEN kind IN ('chat', 'completion') THEN max_output_tokens > 0
                                                   WHEN kind IN ('embedding', 'moderation', 'rerank', 'native') THEN max_output_tokens = 0
                                                   ELSE true END),
    ADD COLUMN translation_policy text NOT NULL DEFAULT 'refuse_meaning'
        CHECK (translation_policy IN ('refuse_meaning', 'refuse_all', 'drop'));

-- migrate:down

ALTER TABLE models
    DROP CONSTRAINT models_kind_check,
    DROP CONSTRAINT models_output_check,
    ADD CONSTRAINT models_kind_check CHECK (kind IN ('chat', 'embedding')) NOT VALID,
    ADD CONSTRAINT models_check CHECK ((kind = 'embedding') = (max_output_tokens = 0)) NOT VALID,
    DROP COLUMN translation_policy;
