/* An answer or a chunk read in one strict pass, for what it says about itself; and what can be had for less. */
#include "common/codec/json_find.h"
#include "dataplane/dialects/chat/walk_internal.h"
#include "dataplane/dialects/chat/watch_internal.h"

bool chat_is_written_by_model(struct tg_text key)
{
    static const struct tg_text endings[] = {
        TG_TEXT_LITERAL("content"), TG_TEXT_LITERAL("arguments"), TG_TEXT_LITERAL("reasoning"),
        TG_TEXT_LITERAL("refusal"), TG_TEXT_LITERAL("thinking"),  TG_TEXT_LITERAL("text"),
    };
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); ++i)
        if (key.bytes >= endings[i].bytes &&
            memcmp(key.data + key.bytes - endings[i].bytes, endings[i].data, endings[i].bytes) == 0)
            return true;
    return false;
}

static void read_choices(struct tg_json_scan *scan, const struct tg_json_token *choices, struct chat_glance *glance)
{
    struct tg_json_token token;
    while (tg_json_scan_next(scan, &token) != TG_JSON_BAD && token.event != TG_JSON_DONE) {
        if (token.event == TG_JSON_END && token.depth == choices->depth)
            return;
        glance->has_choices = true;
        if (token.event == TG_JSON_VALUE && token.kind == TG_JSON_STRING && token.key.data != NULL &&
            chat_is_written_by_model(token.key))
            glance->text_bytes += token.value.bytes;
    }
}

/* Groq puts a stream's usage there, too: https://console.groq.com/docs/api-reference#chat-create */
static void read_x_groq(struct tg_json_scan *scan, const struct tg_json_token *object, struct chat_glance *glance)
{
    struct tg_json_token member;
    struct tg_usage usage;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind != TG_JSON_OBJECT || !tg_json_text_is(member.key, "usage"))
            continue;
        if (chat_usage_read(scan, &member, &usage) && !glance->has_usage) {
            glance->usage = usage;
            glance->has_usage = true;
        }
    }
}

static void read_member(struct tg_json_scan *scan, const struct tg_json_token *member, struct chat_glance *glance)
{
    struct tg_usage usage;
    if (member->kind == TG_JSON_OBJECT && tg_json_text_is(member->key, "usage")) {
        glance->names_usage = true;
        if (chat_usage_read(scan, member, &usage)) {
            glance->usage = usage;
            glance->has_usage = true;
        }
    } else if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, "model")) {
        glance->model = member->value;
    } else if (member->kind == TG_JSON_STRING && tg_json_text_is(member->key, "service_tier")) {
        glance->service_tier = member->value;
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(member->key, "choices")) {
        read_choices(scan, member, glance);
    } else if (member->kind == TG_JSON_OBJECT && tg_json_text_is(member->key, "error")) {
        glance->has_error = true;
    } else if (member->kind == TG_JSON_OBJECT && tg_json_text_is(member->key, "x_groq")) {
        read_x_groq(scan, member, glance);
    }
}

void chat_glance_read(struct tg_text document, struct chat_glance *glance)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    memset(glance, 0, sizeof(*glance));
    tg_json_scan_init(&scan, document);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&scan, &root, &member))
        read_member(&scan, &member, glance);
    glance->is_object = tg_json_scan_finish(&scan, NULL) == TG_OK;
    if (!glance->is_object)
        memset(glance, 0, sizeof(*glance)); /* nothing in it may be believed */
}

struct tg_text chat_answer_model(struct tg_text document)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, document);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return tg_text(NULL, 0);
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (member.kind == TG_JSON_STRING && tg_text_is(member.key, "model"))
            return member.value;
    return tg_text(NULL, 0);
}

void chat_take_chunk_text(struct tg_text chunk, struct tg_seen *seen)
{
    static const struct tg_text DELTA = TG_TEXT_LITERAL("\"delta\"");
    if (chunk.bytes == 0)
        return;
    const char *end = chunk.data + chunk.bytes;
    const char *at = tg_json_find(chunk.data, end, DELTA);
    at = at == NULL ? end : at + DELTA.bytes;
    while (at < end) { /* a string: a key if a colon follows, else a value that nobody asked for */
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL)
            break;
        const char *key_end = chat_string_end(quote + 1, end);
        if (key_end == end)
            break;
        struct tg_text key = tg_text(quote + 1, (size_t)(key_end - quote - 1));
        at = chat_skip_space(key_end + 1, end);
        if (at == end || *at != ':')
            continue;
        at = chat_skip_space(at + 1, end);
        if (at == end || *at != '"')
            continue;
        const char *value_end = chat_string_end(at + 1, end);
        if (chat_is_written_by_model(key))
            tg_seen_add_text(seen, tg_text(at + 1, (size_t)(value_end - at - 1)));
        at = value_end == end ? end : value_end + 1;
    }
}
