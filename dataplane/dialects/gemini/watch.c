#include "common/codec/json_find.h"
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

static void remember(struct tg_text text, char *place, size_t room, size_t *bytes)
{
    if (text.bytes == 0 || text.bytes > room)
        return;
    memcpy(place, text.data, text.bytes);
    *bytes = text.bytes;
}

static void take_text(struct tg_seen *seen, struct tg_text parts)
{
    struct gemini_list list;
    struct tg_json_token token;
    struct gemini_part part;
    gemini_list_begin(&list, parts);
    while (gemini_list_next(&list, &token)) {
        gemini_read_part(&list.scan, &token, &part);
        tg_seen_add_text(seen, part.text.written);
        if (part.kind == GEMINI_PART_CALL) {
            tg_seen_add_text(seen, part.name.written);
            tg_seen_add_text(seen, part.value);
        }
    }
}

/* Searches are told with a candidate and once for all chunks, usage with a chunk: each replaces its own. */
static void take_usage(struct tg_seen *seen, const struct gemini_chunk *chunk, int64_t searches)
{
    struct tg_usage usage;
    struct tg_text tier;
    int64_t before = seen->usage.of[TG_USAGE_WEB_SEARCHES];
    if (chunk->usage.bytes != 0 && gemini_read_usage(chunk->usage, &usage, &tier)) {
        seen->usage = usage;
        seen->has_usage = true;
        seen->is_usage_partial = !seen->is_done;
        remember(tier, seen->service_tier, sizeof(seen->service_tier), &seen->service_tier_bytes);
    }
    seen->usage.of[TG_USAGE_WEB_SEARCHES] = searches > before ? searches : before;
}

/* Candidates end each by itself. */
static void note_progress(struct tg_seen *seen, const struct gemini_candidate *candidate)
{
    uint64_t bit = UINT64_C(1) << (candidate->index & 63);
    if (tg_json_string_is_empty(candidate->finish_reason))
        seen->unfinished_choices |= bit;
    else
        seen->unfinished_choices &= ~bit;
}

/* Whether it may be the last. */
static bool look_at(struct tg_seen *seen, struct tg_text data, bool is_whole)
{
    struct gemini_chunk chunk;
    struct gemini_candidate candidate;
    struct gemini_list list;
    struct tg_json_token token;
    int64_t searches = 0;
    if (!gemini_read_chunk(data, &chunk))
        return false;
    if (chunk.error.bytes != 0)
        seen->has_error = true;
    gemini_list_begin(&list, chunk.candidates);
    while (gemini_list_next(&list, &token)) {
        gemini_read_candidate(&list.scan, &token, &candidate);
        take_text(seen, candidate.parts);
        if (candidate.grounding.bytes != 0)
            searches += gemini_count_searches(candidate.grounding, chunk.model);
        note_progress(seen, &candidate);
    }
    if (chunk.candidates.bytes != 0)
        seen->is_done = is_whole || seen->unfinished_choices == 0;
    else if (!tg_json_string_is_empty(chunk.block_reason))
        seen->is_done = true;
    take_usage(seen, &chunk, searches);
    if (seen->model_bytes == 0)
        remember(chunk.model.written, seen->model, sizeof(seen->model), &seen->model_bytes);
    return seen->is_done;
}

/* ---- chunks that only say more: found by search, a tenth of a parse ---- */

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        ++at;
    return at;
}

/* The value of the next member of that name, from `*at` on; NULL if there is none. */
static const char *next_value(const char **at, const char *end, struct tg_text quoted_name)
{
    while (*at < end && (*at = tg_json_find(*at, end, quoted_name)) != NULL) {
        *at = skip_space(*at + quoted_name.bytes, end);
        if (*at == end || **at != ':')
            continue;
        *at = skip_space(*at + 1, end);
        return *at < end ? *at : NULL;
    }
    return NULL;
}

/* Whether there may be more in it than another piece of the first candidate's text. */
static bool is_worth_a_parse(struct tg_text data)
{
    static const struct tg_text names[] = {
        TG_TEXT_LITERAL("\"finishReason\""), TG_TEXT_LITERAL("\"groundingMetadata\""),
        TG_TEXT_LITERAL("\"functionCall\""), TG_TEXT_LITERAL("\"promptFeedback\""), TG_TEXT_LITERAL("\"error\"")};
    static const struct tg_text INDEX = TG_TEXT_LITERAL("\"index\"");
    const char *end = data.data + data.bytes, *at = data.data;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (tg_json_find(data.data, end, names[i]) != NULL)
            return true;
    for (const char *value; (value = next_value(&at, end, INDEX)) != NULL;)
        if (*value != '0')
            return true;
    return false;
}

static void take_found_text(struct tg_seen *seen, struct tg_text data)
{
    static const struct tg_text TEXT = TG_TEXT_LITERAL("\"text\"");
    const char *end = data.data + data.bytes, *at = data.data;
    for (const char *value; (value = next_value(&at, end, TEXT)) != NULL;) {
        if (*value != '"')
            continue;
        for (at = value + 1; at < end && *at != '"'; ++at)
            at += *at == '\\';
        tg_seen_add_text(seen, tg_text(value + 1, (size_t)((at < end ? at : end) - value) - 1));
    }
}

/* So much text is let go by before the usage is looked at again: a stream that is cut off is billed by it, and what
 * came since is estimated. */
enum { STALE_BYTES = 2 << 10 };

static bool is_only_text(const struct tg_seen *seen, struct tg_text data)
{
    return seen->has_usage && seen->model_bytes != 0 && seen->unfinished_choices != 0 &&
           seen->text_bytes - seen->usage_text_bytes < STALE_BYTES && data.bytes != 0 && !is_worth_a_parse(data);
}

enum tg_block_fate gemini_watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data)
{
    (void)hides_usage; /* usage is part of chunks that every client gets */
    (void)name;
    if (is_only_text(seen, data)) {
        take_found_text(seen, data);
        return TG_BLOCK_PASS;
    }
    return look_at(seen, data, false) ? TG_BLOCK_HOLD_SO_FAR : TG_BLOCK_PASS;
}

void gemini_watch_whole(struct tg_seen *seen, struct tg_text body)
{
    look_at(seen, body, true);
}

bool gemini_watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    struct tg_text object = tg_tail_object(tail, tg_text_of("\"usageMetadata\"")), tier;
    return object.bytes != 0 && gemini_read_usage(object, usage, &tier);
}
