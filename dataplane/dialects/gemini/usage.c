/* Which number means what: https://ai.google.dev/api/generate-content#UsageMetadata. The prompt is promptTokenCount,
 * which contains what came from a cache, and toolUsePromptTokenCount, which stands beside it (the results of Google's
 * own tools); the answer is candidatesTokenCount and, beside it, thoughtsTokenCount. The details tell sound and
 * pictures apart from text, which films and documents are charged like.
 *
 * https://ai.google.dev/gemini-api/docs/google-search#pricing: models before Gemini 3 are charged for each prompt that
 * was searched for, later ones for each query; empty queries and repeated ones do not count. */
#include "dataplane/dialects/gemini/gemini_internal.h"

static const int64_t BOUND = INT64_C(1000000000000);

/* Of a details array. */
struct by_modality {
    int64_t audio, image;
};

struct tally {
    int64_t prompt, cached, tool_use, candidates, thoughts;
    struct by_modality prompt_details, cache_details, tool_use_details, candidates_details;
    bool has_prompt, is_absurd;
};

static void take(struct tally *tally, const struct tg_json_token *token, int64_t *number)
{
    int64_t value;
    if (token->kind == TG_JSON_NULL)
        return;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &value) != TG_OK || value < 0 || value > BOUND)
        tally->is_absurd = true;
    else
        *number = value;
}

static void read_details(struct tally *tally, struct tg_json_scan *scan, const struct tg_json_token *array,
                         struct by_modality *details)
{
    struct tg_json_token object, member;
    if (array->kind != TG_JSON_ARRAY)
        return;
    while (tg_json_scan_next_in(scan, array, &object)) {
        struct tg_text modality = tg_text(NULL, 0);
        int64_t count = 0;
        while (object.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &object, &member)) {
            if (tg_json_text_is(member.key, "modality") && member.kind == TG_JSON_STRING)
                modality = member.value;
            else if (tg_gemini_is(member.key, "tokenCount"))
                take(tally, &member, &count);
        }
        if (tg_json_text_is(modality, "AUDIO"))
            details->audio = count;
        else if (tg_json_text_is(modality, "IMAGE"))
            details->image = count;
    }
}

/* Vertex tells the tier by what the traffic is booked as
 * (…/vertex-ai/generative-ai/docs/reference/rest/v1/TrafficType).
 */
static struct tg_text tier_of_traffic(struct tg_text type)
{
    if (tg_json_text_is(type, "ON_DEMAND_PRIORITY"))
        return tg_text_of("priority");
    if (tg_json_text_is(type, "ON_DEMAND_FLEX"))
        return tg_text_of("flex");
    return tg_text_of(tg_json_text_is(type, "PROVISIONED_THROUGHPUT") ? "provisioned" : "");
}

static void read_member(struct tally *tally, struct tg_json_scan *scan, const struct tg_json_token *member,
                        struct tg_text *tier)
{
    struct tg_text key = member->key;
    if (tg_gemini_is(key, "promptTokenCount")) {
        take(tally, member, &tally->prompt);
        tally->has_prompt = tally->has_prompt || member->kind == TG_JSON_NUMBER;
    } else if (tg_gemini_is(key, "cachedContentTokenCount")) {
        take(tally, member, &tally->cached);
    } else if (tg_gemini_is(key, "toolUsePromptTokenCount")) {
        take(tally, member, &tally->tool_use);
    } else if (tg_gemini_is(key, "candidatesTokenCount")) {
        take(tally, member, &tally->candidates);
    } else if (tg_gemini_is(key, "thoughtsTokenCount")) {
        take(tally, member, &tally->thoughts);
    } else if (tg_gemini_is(key, "promptTokensDetails") || tg_gemini_is(key, "promptTokenDetails")) {
        read_details(tally, scan, member, &tally->prompt_details);
    } else if (tg_gemini_is(key, "cacheTokensDetails")) {
        read_details(tally, scan, member, &tally->cache_details);
    } else if (tg_gemini_is(key, "toolUsePromptTokensDetails")) {
        read_details(tally, scan, member, &tally->tool_use_details);
    } else if (tg_gemini_is(key, "candidatesTokensDetails")) {
        read_details(tally, scan, member, &tally->candidates_details);
    } else if (member->kind == TG_JSON_STRING && tg_gemini_is(key, "serviceTier")) {
        *tier = tg_json_text_is(member->value, "unspecified") ? tg_text(NULL, 0) : member->value;
    } else if (member->kind == TG_JSON_STRING && tg_gemini_is(key, "trafficType") && tier->bytes == 0) {
        *tier = tier_of_traffic(member->value);
    }
}

/* At most what is left of `*rest`, which it is taken from. */
static int64_t part_of(int64_t *rest, int64_t part)
{
    int64_t taken = part < 0 ? 0 : part < *rest ? part : *rest;
    *rest -= taken;
    return taken;
}

static void settle(const struct tally *tally, struct tg_usage *usage)
{
    int64_t prompt = tally->prompt, candidates = tally->candidates, tool_use = tally->tool_use;
    int64_t cached = part_of(&prompt, tally->cached);
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_CACHED_INPUT_AUDIO] = part_of(&cached, tally->cache_details.audio);
    usage->of[TG_USAGE_CACHED_INPUT] = cached;
    usage->of[TG_USAGE_INPUT_AUDIO] = part_of(&prompt, tally->prompt_details.audio - tally->cache_details.audio) +
                                      part_of(&tool_use, tally->tool_use_details.audio);
    usage->of[TG_USAGE_INPUT_IMAGE] = part_of(&prompt, tally->prompt_details.image - tally->cache_details.image) +
                                      part_of(&tool_use, tally->tool_use_details.image);
    usage->of[TG_USAGE_INPUT] = prompt + tool_use;
    usage->of[TG_USAGE_OUTPUT_AUDIO] = part_of(&candidates, tally->candidates_details.audio);
    usage->of[TG_USAGE_OUTPUT_IMAGE] = part_of(&candidates, tally->candidates_details.image);
    usage->of[TG_USAGE_OUTPUT] = candidates;
    usage->of[TG_USAGE_REASONING] = tally->thoughts;
}

bool gemini_read_usage(struct tg_text usage_metadata, struct tg_usage *usage, struct tg_text *tier)
{
    struct tally tally = {.prompt = 0};
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    *tier = tg_text(NULL, 0);
    tg_json_scan_init(&scan, usage_metadata);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member))
        read_member(&tally, &scan, &member, tier);
    /* The first chunks of Vertex tell the traffic's type alone. */
    if (tg_json_scan_finish(&scan, NULL) != TG_OK || !tally.has_prompt || tally.is_absurd)
        return false;
    settle(&tally, usage);
    return true;
}

bool tg_gemini_usage(struct tg_text usage_metadata, struct tg_usage *usage)
{
    struct tg_text ignored;
    return gemini_read_usage(usage_metadata, usage, &ignored);
}

/* ---- searches ---- */

enum { MAX_QUERIES = 64 };

static int64_t count_distinct(struct tg_json_scan *scan, const struct tg_json_token *array)
{
    struct tg_text queries[MAX_QUERIES];
    struct tg_json_token query;
    int64_t count = 0;
    while (tg_json_scan_next_in(scan, array, &query)) {
        int64_t i = 0;
        if (query.kind != TG_JSON_STRING || query.value.bytes == 0)
            continue;
        while (i < count && i < MAX_QUERIES && !tg_text_equals(queries[i], query.value))
            ++i;
        if (i < count && i < MAX_QUERIES)
            continue;
        if (count < MAX_QUERIES)
            queries[count] = query.value;
        ++count;
    }
    return count;
}

int64_t gemini_count_searches(struct tg_text grounding, struct tg_json_string model)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    int64_t count = 0;
    tg_json_scan_init(&scan, grounding);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return 0;
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (member.kind == TG_JSON_ARRAY && tg_gemini_is(member.key, "webSearchQueries"))
            count = count_distinct(&scan, &member);
    bool is_by_prompt =
        tg_text_starts_with(model.written, "gemini-1") || tg_text_starts_with(model.written, "gemini-2");
    return is_by_prompt && count > 1 ? 1 : count;
}
