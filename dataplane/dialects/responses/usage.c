#include "dataplane/dialects/responses/internal.h"

/* https://platform.openai.com/docs/api-reference/responses/object (usage): input_tokens includes cached_tokens and
 * cache_write_tokens, output_tokens includes reasoning_tokens; struct tg_usage counts each token once. A provider that
 * reports reasoning beside output_tokens is told by its total. */
struct reported {
    int64_t input, output, total, cached, written, reasoning;
    bool has_input, has_output, is_absurd;
};

static int64_t to_tokens(const struct tg_json_token *token, bool *is_absurd)
{
    int64_t tokens = 0;
    if (token->kind == TG_JSON_NULL)
        return 0;
    if (token->kind == TG_JSON_NUMBER && tg_json_to_i64(token->value, &tokens) == TG_OK && tokens >= 0 &&
        tokens <= TG_RESPONSES_MOST_TOKENS)
        return tokens;
    *is_absurd = true;
    return 0;
}

/* Of the details, what is no number of tokens counts as none, which is the dearer reading. */
static void read_details(struct tg_json_scan *scan, const struct tg_json_token *details, struct reported *reported)
{
    struct tg_json_token detail;
    bool ignored;
    while (details->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, details, &detail)) {
        if (tg_json_text_is(detail.key, "cached_tokens"))
            reported->cached = to_tokens(&detail, &ignored);
        else if (tg_json_text_is(detail.key, "cache_write_tokens"))
            reported->written = to_tokens(&detail, &ignored);
        else if (tg_json_text_is(detail.key, "reasoning_tokens"))
            reported->reasoning = to_tokens(&detail, &ignored);
    }
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

bool tg_responses_read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage)
{
    struct reported reported = {.has_input = false};
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "input_tokens")) {
            reported.has_input = member.kind == TG_JSON_NUMBER;
            reported.input = to_tokens(&member, &reported.is_absurd);
        } else if (tg_json_text_is(member.key, "output_tokens")) {
            reported.has_output = member.kind == TG_JSON_NUMBER;
            reported.output = to_tokens(&member, &reported.is_absurd);
        } else if (tg_json_text_is(member.key, "total_tokens")) {
            bool ignored;
            reported.total = to_tokens(&member, &ignored);
        } else if (tg_json_text_is(member.key, "input_tokens_details") ||
                   tg_json_text_is(member.key, "output_tokens_details")) {
            read_details(scan, &member, &reported);
        }
    }
    if (!reported.has_input || reported.is_absurd)
        return false;
    if (!reported.has_output && reported.total > reported.input)
        reported.output = reported.total - reported.input;
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_CACHED_INPUT] = at_most(reported.cached, reported.input);
    int64_t rest = reported.input - usage->of[TG_USAGE_CACHED_INPUT];
    usage->of[TG_USAGE_CACHE_WRITE_5M] = at_most(reported.written, rest);
    usage->of[TG_USAGE_INPUT] = rest - usage->of[TG_USAGE_CACHE_WRITE_5M];
    usage->of[TG_USAGE_REASONING] = reported.reasoning;
    bool is_beside =
        reported.reasoning > reported.output ||
        (reported.reasoning > 0 && reported.input + reported.output + reported.reasoning == reported.total);
    usage->of[TG_USAGE_OUTPUT] = is_beside ? reported.output : reported.output - reported.reasoning;
    return true;
}

static void write_number(struct tg_json_writer *json, const char *key, int64_t number)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, number);
}

void tg_responses_write_usage(struct tg_json_writer *json, const struct tg_usage *usage)
{
    int64_t input = tg_usage_total_input(usage), output = tg_usage_total_output(usage);
    int64_t written = usage->of[TG_USAGE_CACHE_WRITE_5M] + usage->of[TG_USAGE_CACHE_WRITE_1H];
    tg_json_write_object_begin(json);
    write_number(json, "input_tokens", input);
    tg_json_write_key(json, "input_tokens_details");
    tg_json_write_object_begin(json);
    write_number(json, "cached_tokens", usage->of[TG_USAGE_CACHED_INPUT] + usage->of[TG_USAGE_CACHED_INPUT_AUDIO]);
    write_number(json, "cache_write_tokens", written);
    tg_json_write_object_end(json);
    write_number(json, "output_tokens", output);
    tg_json_write_key(json, "output_tokens_details");
    tg_json_write_object_begin(json);
    write_number(json, "reasoning_tokens", usage->of[TG_USAGE_REASONING]);
    tg_json_write_object_end(json);
    write_number(json, "total_tokens", input + output);
    tg_json_write_object_end(json);
}

/* ---- the response object ---- */

static struct tg_json_string string_of(const struct tg_json_token *token)
{
    return tg_json_string(token->kind == TG_JSON_STRING ? token->value : tg_text(NULL, 0));
}

static void read_error(struct tg_json_scan *scan, const struct tg_json_token *object,
                       struct tg_responses_summary *summary)
{
    struct tg_json_token member;
    summary->has_error = true;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "code"))
            summary->error_code = string_of(&member);
        else if (tg_json_text_is(member.key, "message"))
            summary->error_message = string_of(&member);
        else if (tg_json_text_is(member.key, "type"))
            summary->error_type = string_of(&member);
        else if (tg_json_text_is(member.key, "param"))
            summary->error_param = string_of(&member);
    }
}

static void read_incomplete(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_responses_summary *summary)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member))
        if (tg_json_text_is(member.key, "reason"))
            summary->incomplete_reason = string_of(&member);
}

/* {"web_search":{"num_requests":1}} */
static void read_tool_usage(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_responses_summary *summary)
{
    struct tg_json_token tool, member;
    while (tg_json_scan_next_in(scan, object, &tool)) {
        if (tool.kind != TG_JSON_OBJECT || !tg_json_text_is(tool.key, "web_search"))
            continue;
        while (tg_json_scan_next_in(scan, &tool, &member)) {
            bool is_absurd = false;
            if (member.kind != TG_JSON_NUMBER || !tg_json_text_is(member.key, "num_requests"))
                continue;
            summary->search_count = to_tokens(&member, &is_absurd);
            summary->has_search_count = !is_absurd;
        }
    }
}

/* Whether a key holds what the model wrote: "text", "arguments", "input", "refusal", "code". */
static bool is_written_by_model(struct tg_text key)
{
    return tg_text_is(key, "text") || tg_text_is(key, "arguments") || tg_text_is(key, "input") ||
           tg_text_is(key, "refusal") || tg_text_is(key, "code");
}

/* Searches that were made: web_search_call items that completed. Opening or searching a page that was found is no
 * search of its own (https://platform.openai.com/docs/pricing#built-in-tools). */
static void read_output_item(struct tg_json_scan *scan, const struct tg_json_token *item,
                             struct tg_responses_summary *summary)
{
    struct tg_json_token token;
    bool is_search = false, is_completed = false, is_other_action = false;
    while (tg_json_scan_next(scan, &token) != TG_JSON_BAD && token.event != TG_JSON_DONE) {
        if (token.event == TG_JSON_END && token.depth == item->depth)
            break;
        if (token.event != TG_JSON_VALUE || token.kind != TG_JSON_STRING || token.key.data == NULL)
            continue;
        bool is_type = tg_text_is(token.key, "type");
        if (is_type && token.depth == item->depth + 1)
            is_search = tg_text_is(token.value, "web_search_call");
        else if (is_type && token.depth == item->depth + 2)
            is_other_action = tg_text_is(token.value, "open_page") || tg_text_starts_with(token.value, "find");
        else if (tg_text_is(token.key, "status"))
            is_completed = tg_text_is(token.value, "completed");
        else if (is_written_by_model(token.key))
            summary->text_bytes += token.value.bytes;
    }
    summary->searches += is_search && is_completed && !is_other_action;
}

static void read_output(struct tg_json_scan *scan, const struct tg_json_token *list,
                        struct tg_responses_summary *summary)
{
    struct tg_json_token item;
    const char *begin = list->value.data;
    while (tg_json_scan_next_in(scan, list, &item))
        if (item.kind == TG_JSON_OBJECT)
            read_output_item(scan, &item, summary);
    summary->output = tg_text(begin, (size_t)(scan->at - begin));
}

void tg_responses_read_summary(struct tg_json_scan *scan, const struct tg_json_token *object,
                               struct tg_responses_summary *summary)
{
    struct tg_json_token member;
    memset(summary, 0, sizeof(*summary));
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "id"))
            summary->id = string_of(&member);
        else if (tg_json_text_is(member.key, "model"))
            summary->model = string_of(&member);
        else if (tg_json_text_is(member.key, "status"))
            summary->status = string_of(&member);
        else if (tg_json_text_is(member.key, "service_tier"))
            summary->service_tier = string_of(&member);
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "output"))
            read_output(scan, &member, summary);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "usage"))
            summary->has_usage = tg_responses_read_usage(scan, &member, &summary->usage);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "error"))
            read_error(scan, &member, summary);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "incomplete_details"))
            read_incomplete(scan, &member, summary);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "tool_usage"))
            read_tool_usage(scan, &member, summary);
    }
    summary->is_response = summary->output.bytes != 0 || !tg_json_string_is_empty(summary->status);
}

bool tg_responses_summary_usage(const struct tg_responses_summary *summary, struct tg_usage *usage)
{
    if (!summary->has_usage)
        return false;
    bool says_count = summary->has_search_count && summary->search_count > 0;
    *usage = summary->usage;
    usage->of[TG_USAGE_WEB_SEARCHES] = says_count ? summary->search_count : summary->searches;
    return true;
}
