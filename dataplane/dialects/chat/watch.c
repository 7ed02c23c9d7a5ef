/* Watches answers go by. Ordinary chunks are not parsed: they are searched for "usage" with a value other than null,
 * and for the length of the text in them. */
#include "common/codec/json_find.h"
#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/chat/walk_internal.h"
#include "dataplane/dialects/chat/watch_internal.h"

/* Whether a key "usage" has a value other than null somewhere: only then is the chunk worth a parse. */
static bool may_have_usage(struct tg_text data)
{
    static const struct tg_text KEY = TG_TEXT_LITERAL("\"usage\"");
    const char *end = data.data + data.bytes;
    const char *at = data.data;
    while ((at = tg_json_find(at, end, KEY)) != NULL) {
        at = chat_skip_space(at + KEY.bytes, end);
        if (at < end && *at == ':' && (at = chat_skip_space(at + 1, end)) < end && *at == '{')
            return true;
    }
    return false;
}

/* Errors come as objects of that one member. */
static bool may_have_error(struct tg_text data)
{
    const char *end = data.data + data.bytes;
    const char *at = chat_skip_space(data.data, end);
    if (at == end || *at != '{')
        return false;
    at = chat_skip_space(at + 1, end);
    return tg_text_starts_with(tg_text(at, (size_t)(end - at)), "\"error\"");
}

static void remember(char *memory, size_t room, size_t *bytes, struct tg_text text)
{
    if (text.bytes == 0 || text.bytes > room)
        return;
    memcpy(memory, text.data, text.bytes);
    *bytes = text.bytes;
}

/* The first model is the one that answers; the last tier is the one that is billed. */
static void remember_names(struct tg_seen *seen, struct tg_text model, struct tg_text service_tier)
{
    if (seen->model_bytes == 0)
        remember(seen->model, sizeof(seen->model), &seen->model_bytes, model);
    remember(seen->service_tier, sizeof(seen->service_tier), &seen->service_tier_bytes, service_tier);
}

static void take_glance(struct tg_seen *seen, const struct chat_glance *glance)
{
    remember_names(seen, glance->model, glance->service_tier);
    if (glance->has_usage) {
        seen->has_usage = true;
        seen->usage = glance->usage;
    }
    if (glance->has_error)
        seen->has_error = true;
}

enum tg_block_fate tg_chat_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data)
{
    struct chat_glance chunk;
    (void)name;
    if (data.bytes != 0 && data.data[0] != '{' && tg_text_is(tg_text_trim(data), "[DONE]")) {
        seen->is_done = true;
        return TG_BLOCK_HOLD;
    }
    chat_take_chunk_text(data, seen);
    bool has_error = may_have_error(data);
    bool may_end = may_have_usage(data);
    if (seen->model_bytes != 0 && !has_error && !may_end)
        return TG_BLOCK_PASS;
    chat_glance_read(data, &chunk);
    take_glance(seen, &chunk);
    bool is_for_the_gateway = chunk.names_usage && !chunk.has_choices && !chunk.has_error && hides_usage;
    return is_for_the_gateway ? TG_BLOCK_HIDE : TG_BLOCK_PASS;
}

/* So much of the end is searched before all of an answer is parsed. */
enum { TAIL_BYTES = 8 << 10 };

void tg_chat_watch_whole(struct tg_seen *seen, struct tg_text body)
{
    static const struct tg_text TIER = TG_TEXT_LITERAL("\"service_tier\"");
    struct chat_glance glance;
    size_t tail_bytes = body.bytes < TAIL_BYTES ? body.bytes : TAIL_BYTES;
    struct tg_text tail = tg_text(body.data + body.bytes - tail_bytes, tail_bytes);
    seen->is_done = true;
    if (body.bytes != 0 && chat_tail_usage(tail, &seen->usage)) {
        seen->has_usage = true;
        remember_names(seen, chat_answer_model(body), chat_tail_string(tail, TIER));
        return;
    }
    chat_glance_read(body, &glance);
    take_glance(seen, &glance);
    seen->text_bytes = glance.is_object ? glance.text_bytes : body.bytes;
}

bool tg_chat_watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    return tail.bytes != 0 && chat_tail_usage(tail, usage);
}
