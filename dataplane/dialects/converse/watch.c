#include "common/codec/json_find.h"
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/converse/converse_internal.h"

/* What the model wrote, as it is written: deltas are small, and their only long member is the text. */
static struct tg_text text_of(struct tg_text data)
{
    static const struct tg_text names[] = {TG_TEXT_LITERAL("\"text\":\""), TG_TEXT_LITERAL("\"input\":\"")};
    const char *end = data.data + data.bytes;
    for (size_t i = 0; data.bytes != 0 && i < sizeof(names) / sizeof(names[0]); ++i) {
        const char *at = tg_json_find(data.data, end, names[i]);
        if (at == NULL)
            continue;
        at += names[i].bytes;
        for (const char *from = at; from < end;) {
            const char *quote = memchr(from, '"', (size_t)(end - from));
            const char *backslash = quote;
            if (quote == NULL)
                break;
            while (backslash > at && backslash[-1] == '\\')
                --backslash;
            if ((quote - backslash) % 2 == 0)
                return tg_text(at, (size_t)(quote - at));
            from = quote + 1;
        }
    }
    return tg_text(NULL, 0);
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
        tg_seen_add_text(seen, text_of(data));
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
