/* Which number means what: https://platform.claude.com/docs/en/api/messages (Usage) and
 * …/build-with-claude/prompt-caching ("Tracking cache performance"): the prompt is input_tokens and
 * cache_read_input_tokens and cache_creation_input_tokens together; output_tokens contain the thinking, of which
 * output_tokens_details.thinking_tokens is a part.
 *
 * …/build-with-claude/compaction and the advisor tool: what an iteration of the type "compaction" or "advisor_message"
 * used is billed, and is not in the sums above. It is added here, the advisor's too, although another model served it:
 * tokens that are billed are never left out. */
#include "dataplane/dialects/messages/messages_internal.h"

static const int64_t BOUND = (int64_t)TG_MESSAGES_TOKEN_BOUND_BILLIONS * 1000000000;

static void take(struct tg_messages_tally *tally, const struct tg_json_token *token, int64_t *number)
{
    int64_t value;
    if (token->kind == TG_JSON_NULL)
        return;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &value) != TG_OK || value < 0 || value > BOUND)
        tally->is_absurd = true;
    else
        *number = value;
}

/* `cache_creation`, `output_tokens_details`, `server_tool_use`: what stands one level deeper. */
static void read_details(struct tg_messages_tally *tally, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "ephemeral_1h_input_tokens"))
            take(tally, &member, &tally->cache_write_1h);
        else if (tg_json_text_is(member.key, "thinking_tokens"))
            take(tally, &member, &tally->thinking);
        else if (tg_json_text_is(member.key, "web_search_requests"))
            take(tally, &member, &tally->web_searches);
    }
}

static void read_iterations(struct tg_messages_tally *tally, struct tg_json_scan *scan,
                            const struct tg_json_token *array);

static void read_member(struct tg_messages_tally *tally, struct tg_json_scan *scan, struct tg_json_token *member,
                        bool is_iteration)
{
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "input_tokens")) {
        take(tally, member, &tally->input);
        tally->has_input = tally->has_input || member->kind == TG_JSON_NUMBER;
    } else if (tg_json_text_is(key, "output_tokens")) {
        take(tally, member, &tally->output);
        tally->has_output = tally->has_output || member->kind == TG_JSON_NUMBER;
    } else if (tg_json_text_is(key, "cache_read_input_tokens")) {
        take(tally, member, &tally->cache_read);
    } else if (tg_json_text_is(key, "cache_creation_input_tokens")) {
        take(tally, member, &tally->cache_write);
    } else if (tg_json_text_is(key, "service_tier") && member->kind == TG_JSON_STRING) {
        tally->service_tier = member->value;
    } else if (member->kind == TG_JSON_OBJECT &&
               (tg_json_text_is(key, "cache_creation") || tg_json_text_is(key, "output_tokens_details") ||
                tg_json_text_is(key, "server_tool_use"))) {
        read_details(tally, scan, member);
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(key, "iterations") && !is_iteration) {
        read_iterations(tally, scan, member);
    }
}

static void read_iterations(struct tg_messages_tally *tally, struct tg_json_scan *scan,
                            const struct tg_json_token *array)
{
    struct tg_json_token object, member;
    memset(&tally->besides, 0, sizeof(tally->besides)); /* told anew each time */
    while (tg_json_scan_next_in(scan, array, &object)) {
        struct tg_messages_tally one = {.input = 0};
        struct tg_usage usage;
        bool is_beside = false;
        while (object.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &object, &member)) {
            if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "type"))
                is_beside =
                    tg_json_text_is(member.value, "compaction") || tg_json_text_is(member.value, "advisor_message");
            else
                read_member(&one, scan, &member, true);
        }
        if (!is_beside || !tg_messages_tally_usage(&one, &usage))
            continue;
        for (size_t i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
            tally->besides.of[i] += usage.of[i];
            tally->is_absurd = tally->is_absurd || tally->besides.of[i] > BOUND;
            if (tally->is_absurd)
                return;
        }
    }
}

void tg_messages_tally_read(struct tg_messages_tally *tally, struct tg_json_scan *scan,
                            const struct tg_json_token *object)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member))
        read_member(tally, scan, &member, false);
}

bool tg_messages_tally_usage(const struct tg_messages_tally *tally, struct tg_usage *usage)
{
    if (!tally->has_input || !tally->has_output || tally->is_absurd)
        return false;
    int64_t hour = tally->cache_write_1h < tally->cache_write ? tally->cache_write_1h : tally->cache_write;
    int64_t thinking = tally->thinking < tally->output ? tally->thinking : tally->output;
    *usage = tally->besides;
    usage->of[TG_USAGE_INPUT] += tally->input;
    usage->of[TG_USAGE_CACHED_INPUT] += tally->cache_read;
    usage->of[TG_USAGE_CACHE_WRITE_5M] += tally->cache_write - hour;
    usage->of[TG_USAGE_CACHE_WRITE_1H] += hour;
    usage->of[TG_USAGE_OUTPUT] += tally->output - thinking;
    usage->of[TG_USAGE_REASONING] += thinking;
    usage->of[TG_USAGE_WEB_SEARCHES] += tally->web_searches;
    return true;
}
