#include "dataplane/dialects/canonical/operation.h"

static const char *const operations[TG_OPERATION_COUNT] = {
    [TG_OPERATION_GENERATE] = "generate", [TG_OPERATION_COUNT_TOKENS] = "count_tokens",
    [TG_OPERATION_COMPLETE] = "complete", [TG_OPERATION_EMBED] = "embed",
    [TG_OPERATION_MODERATE] = "moderate", [TG_OPERATION_RERANK] = "rerank",
    [TG_OPERATION_IMAGE] = "image",       [TG_OPERATION_IMAGE_EDIT] = "image_edit",
    [TG_OPERATION_SPEECH] = "speech",     [TG_OPERATION_TRANSCRIBE] = "transcribe",
    [TG_OPERATION_NATIVE] = "native",
};

static const char *const dialects[TG_DIALECT_COUNT] = {
    [TG_DIALECT_CHAT] = "chat",     [TG_DIALECT_RESPONSES] = "responses", [TG_DIALECT_MESSAGES] = "messages",
    [TG_DIALECT_GEMINI] = "gemini", [TG_DIALECT_CONVERSE] = "converse",
};

static bool find(const char *const *names, unsigned count, struct tg_text name, unsigned *index)
{
    for (*index = 0; *index < count; ++*index)
        if (tg_text_is(name, names[*index]))
            return true;
    return false;
}

const char *tg_operation_name(enum tg_operation operation)
{
    return (unsigned)operation < TG_OPERATION_COUNT ? operations[operation] : "";
}

bool tg_operation_named(struct tg_text name, enum tg_operation *operation)
{
    unsigned index;
    bool is_known = find(operations, TG_OPERATION_COUNT, name, &index);
    if (is_known)
        *operation = (enum tg_operation)index;
    return is_known;
}

static const struct {
    const char *name;
    const char *place;
    unsigned operations; /* a bit for each */
} kinds[TG_MODEL_KIND_COUNT] = {
    [TG_MODEL_CHAT] = {"chat", "POST /v1/chat/completions",
                       1u << TG_OPERATION_GENERATE | 1u << TG_OPERATION_COUNT_TOKENS},
    [TG_MODEL_COMPLETION] = {"completion", "POST /v1/completions", 1u << TG_OPERATION_COMPLETE},
    [TG_MODEL_EMBEDDING] = {"embedding", "POST /v1/embeddings", 1u << TG_OPERATION_EMBED},
    [TG_MODEL_MODERATION] = {"moderation", "POST /v1/moderations", 1u << TG_OPERATION_MODERATE},
    [TG_MODEL_RERANK] = {"rerank", "POST /v1/rerank", 1u << TG_OPERATION_RERANK},
    [TG_MODEL_IMAGE] = {"image", "POST /v1/images/generations",
                        1u << TG_OPERATION_IMAGE | 1u << TG_OPERATION_IMAGE_EDIT},
    [TG_MODEL_SPEECH] = {"speech", "POST /v1/audio/speech", 1u << TG_OPERATION_SPEECH},
    [TG_MODEL_TRANSCRIPTION] = {"transcription", "POST /v1/audio/transcriptions", 1u << TG_OPERATION_TRANSCRIBE},
    [TG_MODEL_NATIVE] = {"native", "the paths behind the provider's name", 1u << TG_OPERATION_NATIVE},
};

const char *tg_model_kind_name(enum tg_model_kind kind)
{
    return (unsigned)kind < TG_MODEL_KIND_COUNT ? kinds[kind].name : "";
}

bool tg_model_kind_named(struct tg_text name, enum tg_model_kind *kind)
{
    for (unsigned i = 0; i < TG_MODEL_KIND_COUNT; ++i) {
        if (tg_text_is(name, kinds[i].name)) {
            *kind = (enum tg_model_kind)i;
            return true;
        }
    }
    return false;
}

bool tg_model_kind_does(enum tg_model_kind kind, enum tg_operation operation)
{
    return (kinds[kind].operations & 1u << operation) != 0;
}

const char *tg_model_kind_place(enum tg_model_kind kind)
{
    return (unsigned)kind < TG_MODEL_KIND_COUNT ? kinds[kind].place : "";
}

const char *tg_dialect_id_name(enum tg_dialect_id dialect)
{
    return (unsigned)dialect < TG_DIALECT_COUNT ? dialects[dialect] : "";
}

bool tg_dialect_id_named(struct tg_text name, enum tg_dialect_id *dialect)
{
    unsigned index;
    bool is_known = find(dialects, TG_DIALECT_COUNT, name, &index);
    if (is_known)
        *dialect = (enum tg_dialect_id)index;
    return is_known;
}
