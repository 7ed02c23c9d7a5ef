/* https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html: inputTokens leave out what was
 * read from and written to the prompt cache (…/userguide/prompt-caching.html; the recorded exchanges agree: totalTokens
 * is the sum of all four). Should a model's total be input and output alone, its inputTokens contain the cache.
 * Thinking is part of outputTokens, and not told apart. */
#include "dataplane/dialects/converse/converse_internal.h"

static const int64_t BOUND = 1000000000000;

struct reported {
    int64_t input, output, total, cache_read, cache_write, cache_write_1h;
    bool has_input, has_output, has_total, is_absurd;
};

static void take(struct reported *reported, const struct tg_json_token *token, int64_t *number, bool *has)
{
    int64_t value;
    if (token->kind == TG_JSON_NULL)
        return;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &value) != TG_OK || value < 0 || value > BOUND) {
        reported->is_absurd = true;
        return;
    }
    *number = value;
    *has = true;
}

/* [{"ttl":"1h","inputTokens":…}, …]: what was written to the cache, by its lifetime. */
static void read_cache_details(struct tg_json_scan *scan, const struct tg_json_token *array, struct reported *reported)
{
    struct tg_json_token object, member;
    while (tg_json_scan_next_in(scan, array, &object)) {
        int64_t tokens = 0;
        bool is_hour = false, ignored;
        while (object.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &object, &member)) {
            if (tg_json_text_is(member.key, "ttl"))
                is_hour = member.kind == TG_JSON_STRING && tg_text_is(member.value, "1h");
            else if (tg_json_text_is(member.key, "inputTokens"))
                take(reported, &member, &tokens, &ignored);
        }
        if (is_hour)
            reported->cache_write_1h = tokens;
    }
}

bool tg_converse_read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage)
{
    struct reported reported = {.input = 0};
    struct tg_json_token member;
    bool ignored;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "inputTokens"))
            take(&reported, &member, &reported.input, &reported.has_input);
        else if (tg_json_text_is(member.key, "outputTokens"))
            take(&reported, &member, &reported.output, &reported.has_output);
        else if (tg_json_text_is(member.key, "totalTokens"))
            take(&reported, &member, &reported.total, &reported.has_total);
        else if (tg_json_text_is(member.key, "cacheReadInputTokens"))
            take(&reported, &member, &reported.cache_read, &ignored);
        else if (tg_json_text_is(member.key, "cacheWriteInputTokens"))
            take(&reported, &member, &reported.cache_write, &ignored);
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "cacheDetails"))
            read_cache_details(scan, &member, &reported);
    }
    if (!reported.has_input || !reported.has_output || reported.is_absurd)
        return false;
    int64_t cache = reported.cache_read + reported.cache_write;
    int64_t hour = reported.cache_write_1h < reported.cache_write ? reported.cache_write_1h : reported.cache_write;
    bool is_inside =
        reported.has_total && cache <= reported.input && reported.total == reported.input + reported.output;
    *usage = (struct tg_usage){.of = {[TG_USAGE_INPUT] = is_inside ? reported.input - cache : reported.input,
                                      [TG_USAGE_CACHED_INPUT] = reported.cache_read,
                                      [TG_USAGE_CACHE_WRITE_5M] = reported.cache_write - hour,
                                      [TG_USAGE_CACHE_WRITE_1H] = hour,
                                      [TG_USAGE_OUTPUT] = reported.output}};
    return true;
}
