#include "dataplane/dialects/canonical/loss.h"

/* What a model would answer does not depend on these. All others change what is asked, or what the client may count
 * on. */
static const bool is_harmless[TG_FIELD_COUNT] = {
    [TG_FIELD_METADATA] = true,
    [TG_FIELD_CLIENT_METADATA] = true,
    [TG_FIELD_USER] = true,
    [TG_FIELD_SAFETY_IDENTIFIER] = true,
    [TG_FIELD_PROMPT_CACHE_KEY] = true,
    [TG_FIELD_PROMPT_CACHE_RETENTION] = true,
    [TG_FIELD_PROMPT_CACHE_OPTIONS] = true,
    [TG_FIELD_SERVICE_TIER] = true,
    [TG_FIELD_SEED] = true, /* best effort where it exists */
    [TG_FIELD_PREDICTION] = true,
    [TG_FIELD_VERBOSITY] = true,
    [TG_FIELD_INCLUDE] = true,
    [TG_FIELD_CONTEXT_MANAGEMENT] = true,
    [TG_FIELD_HINT] = true,
    [TG_FIELD_REASONING_CONTEXT] = true,
};

/* Values that say no more than their absence does. */
static bool is_default(const struct tg_field *field)
{
    switch (field->id) {
    case TG_FIELD_STORE:
    case TG_FIELD_BACKGROUND:
    case TG_FIELD_LOGPROBS:
        return tg_text_is(field->value, "false");
    case TG_FIELD_PARALLEL_TOOL_CALLS:
        return tg_text_is(field->value, "true");
    case TG_FIELD_FREQUENCY_PENALTY:
    case TG_FIELD_PRESENCE_PENALTY:
    case TG_FIELD_TOP_LOGPROBS:
        return tg_text_is(field->value, "0") || tg_text_is(field->value, "0.0");
    case TG_FIELD_TRUNCATION:
        return tg_text_is(field->value, "\"disabled\"");
    case TG_FIELD_MODALITIES:
        return tg_text_is(field->value, "[\"text\"]");
    default:
        return tg_text_is(field->value, "[]") || tg_text_is(field->value, "{}");
    }
}

void tg_loss_add(struct tg_loss *loss, struct tg_text path, enum tg_loss_weight weight)
{
    bool is_refused =
        loss->policy == TG_LOSS_REFUSE_ALL || (loss->policy == TG_LOSS_REFUSE_MEANING && weight == TG_LOSS_MEANING);
    if (is_refused) {
        if (loss->refused.bytes == 0)
            loss->refused = path;
        return;
    }
    if (loss->dropped_count < TG_LOSS_MAX_DROPPED)
        loss->dropped[loss->dropped_count] = path;
    ++loss->dropped_count;
}

void tg_loss_add_field(struct tg_loss *loss, const struct tg_field *field)
{
    if (!is_default(field))
        tg_loss_add(loss, field->path, is_harmless[field->id] ? TG_LOSS_HARMLESS : TG_LOSS_MEANING);
}

struct tg_text tg_loss_header(struct tg_arena *arena, const struct tg_loss *loss)
{
    struct tg_text header = tg_text(NULL, 0);
    size_t named = loss->dropped_count < TG_LOSS_MAX_DROPPED ? loss->dropped_count : TG_LOSS_MAX_DROPPED;
    for (size_t i = 0; i < named; ++i)
        header = i == 0 ? loss->dropped[0]
                        : tg_arena_printf(arena, "%.*s, %.*s", TG_TEXT_ARG(header), TG_TEXT_ARG(loss->dropped[i]));
    if (loss->dropped_count > named)
        header = tg_arena_printf(arena, "%.*s, and %zu more", TG_TEXT_ARG(header), loss->dropped_count - named);
    return header;
}
