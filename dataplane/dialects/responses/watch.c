#include "common/codec/json_find.h"
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/responses/internal.h"

static void keep(char *at, size_t room, size_t *bytes, struct tg_json_string string)
{
    struct tg_text text = string.written;
    if (text.bytes == 0)
        return;
    *bytes = text.bytes < room ? text.bytes : room;
    memcpy(at, text.data, *bytes);
}

static void see(struct tg_seen *seen, const struct tg_responses_summary *summary)
{
    keep(seen->model, sizeof(seen->model), &seen->model_bytes, summary->model);
    keep(seen->service_tier, sizeof(seen->service_tier), &seen->service_tier_bytes, summary->service_tier);
    seen->has_error |= summary->has_error || tg_json_string_is(summary->status, "failed");
    if (tg_responses_summary_usage(summary, &seen->usage))
        seen->has_usage = true;
}

/* The string `delta`, found without a scan: escaped quotes cannot come before it, for a name in a string
 * has its quotes escaped. */
static struct tg_text delta_of(struct tg_text data)
{
    static const struct tg_text DELTA = TG_TEXT_LITERAL("\"delta\"");
    const char *end = data.data + data.bytes;
    const char *at = tg_json_find(data.data, end, DELTA);
    if (at == NULL)
        return tg_text(NULL, 0);
    at += DELTA.bytes;
    while (at < end && (*at == ' ' || *at == ':'))
        ++at;
    if (at == end || *at != '"')
        return tg_text(NULL, 0);
    const char *begin = ++at;
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return tg_text(begin, (size_t)(at - begin));
}

/* The `response` of an event. */
static void see_response(struct tg_seen *seen, struct tg_text data)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, data);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    struct tg_responses_summary summary;
    bool has_response = false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (member.kind != TG_JSON_OBJECT || !tg_json_text_is(member.key, "response"))
            continue;
        tg_responses_read_summary(&scan, &member, &summary);
        has_response = true;
    }
    if (tg_json_scan_finish(&scan, NULL) == TG_OK && has_response)
        see(seen, &summary);
}

enum tg_block_fate tg_responses_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                            struct tg_text data)
{
    (void)hides_usage; /* it is never in an event of its own */
    switch (tg_responses_event_of(name, data)) {
    case TG_RESPONSES_TEXT_DELTA:
    case TG_RESPONSES_REFUSAL_DELTA:
    case TG_RESPONSES_ARGUMENTS_DELTA:
    case TG_RESPONSES_INPUT_DELTA:
    case TG_RESPONSES_SUMMARY_DELTA:
    case TG_RESPONSES_REASONING_DELTA:
        tg_seen_add_text(seen, delta_of(data));
        break;
    case TG_RESPONSES_CREATED:
        if (seen->model_bytes == 0)
            see_response(seen, data);
        break;
    case TG_RESPONSES_FAILED:
        seen->has_error = true;
        /* fall through */
    case TG_RESPONSES_COMPLETED:
    case TG_RESPONSES_INCOMPLETE:
        see_response(seen, data);
        seen->is_done = true;
        break;
    case TG_RESPONSES_ERROR:
        seen->has_error = true;
        break;
    default:
        break;
    }
    /* What comes behind the end (some send chat's [DONE], too) must not overtake it. */
    return seen->is_done ? TG_BLOCK_HOLD : TG_BLOCK_PASS;
}

void tg_responses_watch_whole(struct tg_seen *seen, struct tg_text body)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_responses_summary summary;
    tg_json_scan_init(&scan, body);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    tg_responses_read_summary(&scan, &root, &summary);
    if (tg_json_scan_finish(&scan, NULL) != TG_OK)
        return;
    see(seen, &summary);
    seen->is_done = summary.is_response;
    seen->text_bytes = summary.text_bytes;
}

bool tg_responses_watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    struct tg_text object = tg_tail_object(tail, tg_text_of("\"usage\""));
    struct tg_json_scan scan;
    struct tg_json_token root;
    tg_json_scan_init(&scan, object);
    if (object.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return false;
    return tg_responses_read_usage(&scan, &root, usage) && tg_json_scan_finish(&scan, NULL) == TG_OK;
}
