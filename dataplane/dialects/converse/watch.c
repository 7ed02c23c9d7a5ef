#include "common/codec/json_find.h"
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/converse/converse_internal.h"

/* The string that is the value of a member of that name, as it is written; a name in a string has its quotes escaped.
 */
static bool find_string(struct tg_text data, struct tg_text quoted_name, struct tg_text *value)
{
    const char *end = data.data + data.bytes;
    const char *at = tg_json_find(data.data, end, quoted_name);
    if (at == NULL)
        return false;
    at += quoted_name.bytes;
    while (at < end && (*at == ' ' || *at == ':'))
        ++at;
    if (at == end || *at != '"')
        return false;
    const char *begin = ++at;
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    *value = tg_text(begin, (size_t)(at - begin));
    return true;
}

/* What the model wrote: deltas are small, and their only long member is the text. */
static void take_text(struct tg_seen *seen, struct tg_text data)
{
    static const struct tg_text names[] = {TG_TEXT_LITERAL("\"text\""), TG_TEXT_LITERAL("\"input\"")};
    struct tg_text value;
    for (size_t i = 0; data.bytes != 0 && i < sizeof(names) / sizeof(names[0]); ++i) {
        if (!find_string(data, names[i], &value))
            continue;
        tg_seen_add_text(seen, value);
        return;
    }
}

static void look_at(struct tg_seen *seen, struct tg_text data, struct tg_converse_event *event)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    if (tg_converse_read_event(&arena, data, event)) {
        if (event->names_usage) {
            seen->has_usage = event->has_usage;
            seen->usage = event->usage;
        }
        if (event->service_tier.bytes != 0 && event->service_tier.bytes <= sizeof(seen->service_tier)) {
            memcpy(seen->service_tier, event->service_tier.data, event->service_tier.bytes);
            seen->service_tier_bytes = event->service_tier.bytes;
        }
    } else {
        *event = (struct tg_converse_event){.index = -1};
    }
    tg_arena_deinit(&arena); /* what the event refers to there is not used */
}

/* `metadata`, with the usage, is the end. */
enum tg_block_fate tg_converse_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                           struct tg_text data)
{
    struct tg_converse_event event;
    int http_status;
    (void)hides_usage; /* every client gets it */
    if (tg_text_is(name, "contentBlockDelta")) {
        take_text(seen, data);
    } else if (tg_text_is(name, "metadata")) {
        look_at(seen, data, &event);
        seen->is_done = true;
        return TG_BLOCK_HOLD;
    } else if (tg_converse_is_exception(name, &http_status)) {
        seen->has_error = true;
    }
    return TG_BLOCK_PASS;
}

void tg_converse_watch_whole(struct tg_seen *seen, struct tg_text body)
{
    struct tg_converse_event event;
    look_at(seen, body, &event);
    seen->is_done = event.blocks.bytes != 0;
    seen->text_bytes += event.blocks.bytes;
}

bool tg_converse_watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_text object = tg_tail_object(tail, tg_text_of("\"usage\""));
    if (object.bytes == 0)
        return false;
    tg_json_scan_init(&scan, object);
    return tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && tg_converse_read_usage(&scan, &root, usage) &&
           tg_json_scan_finish(&scan, NULL) == TG_OK;
}
