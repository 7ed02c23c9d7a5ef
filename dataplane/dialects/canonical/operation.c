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
