#include "common/codec/json_find.h"
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/messages/messages_internal.h"

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        ++at;
    return at;
}

/* The inside of the string that begins at `at`, behind its quote; its data is NULL if it does not end. */
static struct tg_text string_at(const char *at, const char *end)
{
    for (const char *from = at; from < end;) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        if (quote == NULL)
            break;
        const char *backslash = quote;
        while (backslash > at && backslash[-1] == '\\')
            --backslash;
        if ((quote - backslash) % 2 == 0)
            return tg_text(at, (size_t)(quote - at));
        from = quote + 1;
    }
    return tg_text(NULL, 0);
}

/* The next member with a string for its value, wherever it stands; false if there is none. */
static bool next_string_member(const char **at, const char *end, struct tg_text *key, struct tg_text *value)
{
    while (*at < end) {
        const char *quote = memchr(*at, '"', (size_t)(end - *at));
        if (quote == NULL)
            return false;
        *key = string_at(quote + 1, end);
        if (key->data == NULL)
            return false;
        *at = skip_space(key->data + key->bytes + 1, end);
        if (*at == end || **at != ':')
            continue;
        *at = skip_space(*at + 1, end);
        if (*at == end || **at != '"')
            continue;
        *value = string_at(*at + 1, end);
        if (value->data == NULL)
            return false;
        *at = value->data + value->bytes + 1;
        return true;
    }
    return false;
}

/* What the model wrote, without a parse: this is done for every chunk. */
static void take_text(struct tg_seen *seen, struct tg_text data)
{
    static const struct tg_text DELTA = TG_TEXT_LITERAL("\"delta\"");
    const char *end = data.data + data.bytes;
    const char *at = data.bytes == 0 ? NULL : tg_json_find(data.data, end, DELTA);
    struct tg_text key, value;
    if (at == NULL)
        return;
    at += DELTA.bytes;
    while (next_string_member(&at, end, &key, &value))
        if (tg_text_is(key, "text") || tg_text_is(key, "thinking") || tg_text_is(key, "partial_json"))
            tg_seen_add_text(seen, value);
}

/* The event's name, which providers that only speak like Anthropic leave out at times: then its `type`. */
static struct tg_text name_of(struct tg_text name, struct tg_text data)
{
    const char *at = data.data;
    struct tg_text key, value;
    if (name.bytes != 0 || data.bytes == 0)
        return name;
    while (next_string_member(&at, data.data + data.bytes, &key, &value))
        if (tg_text_is(key, "type"))
            return value;
    return name;
}

static void remember(struct tg_text text, char *place, size_t room, size_t *bytes)
{
    if (text.bytes == 0 || text.bytes > room)
        return;
    memcpy(place, text.data, text.bytes);
    *bytes = text.bytes;
}

/* What was told before, as a start for what is told now: figures that are left out did not change. */
static struct tg_messages_tally tally_of(const struct tg_seen *seen)
{
    const int64_t *of = seen->usage.of;
    return (struct tg_messages_tally){
        .input = of[TG_USAGE_INPUT],
        .cache_read = of[TG_USAGE_CACHED_INPUT],
        .cache_write = of[TG_USAGE_CACHE_WRITE_5M] + of[TG_USAGE_CACHE_WRITE_1H],
        .cache_write_1h = of[TG_USAGE_CACHE_WRITE_1H],
        .output = of[TG_USAGE_OUTPUT] + of[TG_USAGE_REASONING],
        .thinking = of[TG_USAGE_REASONING],
        .web_searches = of[TG_USAGE_WEB_SEARCHES],
        .has_input = seen->has_usage,
        .has_output = seen->has_usage,
    };
}

static void look_at(struct tg_seen *seen, struct tg_text data, struct tg_messages_event *event, bool is_partial)
{
    struct tg_messages_tally tally = tally_of(seen);
    if (!tg_messages_read_event(data, event, &tally))
        return;
    if (event->has_usage) {
        seen->has_usage = tg_messages_tally_usage(&tally, &seen->usage);
        seen->is_usage_partial = is_partial;
    }
    if (seen->model_bytes == 0)
        remember(event->model.written, seen->model, sizeof(seen->model), &seen->model_bytes);
    remember(tally.service_tier, seen->service_tier, sizeof(seen->service_tier), &seen->service_tier_bytes);
}

enum tg_block_fate tg_messages_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                           struct tg_text data)
{
    struct tg_messages_event event;
    (void)hides_usage; /* usage is part of events that every client gets */
    name = name_of(name, data);
    if (tg_text_is(name, "content_block_delta")) {
        take_text(seen, data);
    } else if (tg_text_is(name, "message_start")) {
        look_at(seen, data, &event, true);
    } else if (tg_text_is(name, "message_delta")) {
        look_at(seen, data, &event, false);
    } else if (tg_text_is(name, "error")) {
        seen->has_error = true;
    } else if (tg_text_is(name, "message_stop")) {
        seen->is_done = true;
        return TG_BLOCK_HOLD;
    }
    return TG_BLOCK_PASS;
}

void tg_messages_watch_whole(struct tg_seen *seen, struct tg_text body)
{
    struct tg_messages_event event = {.index = -1};
    look_at(seen, body, &event, false);
    seen->is_done = event.blocks.bytes != 0;
    seen->text_bytes += event.blocks.bytes;
    seen->has_error = seen->has_error || tg_text_is(event.type, "error");
}

bool tg_messages_watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    struct tg_messages_tally tally = {.input = 0};
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_text object = tg_tail_object(tail, tg_text_of("\"usage\""));
    if (object.bytes == 0)
        return false;
    tg_json_scan_init(&scan, object);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return false;
    tg_messages_tally_read(&tally, &scan, &root);
    return tg_json_scan_finish(&scan, NULL) == TG_OK && tg_messages_tally_usage(&tally, usage);
}
