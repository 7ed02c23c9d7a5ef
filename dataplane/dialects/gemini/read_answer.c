#include "dataplane/dialects/gemini/gemini_internal.h"

/* ---- lists that may be one value ---- */

void gemini_list_begin(struct gemini_list *list, struct tg_text raw)
{
    tg_json_scan_init(&list->scan, raw);
    list->is_started = false;
    list->is_array = tg_json_scan_next(&list->scan, &list->root) == TG_JSON_BEGIN && list->root.kind == TG_JSON_ARRAY;
    if (raw.bytes == 0)
        list->root.event = TG_JSON_BAD;
}

bool gemini_list_next(struct gemini_list *list, struct tg_json_token *token)
{
    if (list->is_array)
        return tg_json_scan_next_in(&list->scan, &list->root, token);
    bool is_first = !list->is_started && list->root.event == TG_JSON_BEGIN;
    list->is_started = true;
    *token = list->root;
    return is_first;
}

/* ---- answers ---- */

static struct tg_text raw_of(struct tg_json_scan *scan, struct tg_json_token *token)
{
    return token->event == TG_JSON_BEGIN && tg_json_scan_skip(scan, token) ? token->value : tg_text(NULL, 0);
}

static void read_feedback(struct tg_json_scan *scan, const struct tg_json_token *object, struct gemini_chunk *chunk)
{
    struct tg_json_token member;
    chunk->has_feedback = object->kind == TG_JSON_OBJECT;
    while (chunk->has_feedback && tg_json_scan_next_in(scan, object, &member))
        if (member.kind == TG_JSON_STRING && tg_gemini_is(member.key, "blockReason"))
            chunk->block_reason = tg_json_string(member.value);
}

bool gemini_read_chunk(struct tg_text data, struct gemini_chunk *chunk)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    memset(chunk, 0, sizeof(*chunk));
    tg_json_scan_init(&scan, data);
    bool is_object = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    while (is_object && tg_json_scan_next_in(&scan, &root, &member)) {
        bool is_string = member.kind == TG_JSON_STRING;
        if (tg_json_text_is(member.key, "candidates"))
            chunk->candidates = raw_of(&scan, &member);
        else if (tg_gemini_is(member.key, "usageMetadata"))
            chunk->usage = raw_of(&scan, &member);
        else if (is_string && tg_gemini_is(member.key, "modelVersion"))
            chunk->model = tg_json_string(member.value);
        else if (is_string && tg_gemini_is(member.key, "responseId"))
            chunk->id = tg_json_string(member.value);
        else if (tg_gemini_is(member.key, "promptFeedback"))
            read_feedback(&scan, &member, chunk);
        else if (tg_json_text_is(member.key, "error"))
            chunk->error = raw_of(&scan, &member);
    }
    return tg_json_scan_finish(&scan, NULL) == TG_OK && is_object;
}

static void read_content(struct tg_json_scan *scan, const struct tg_json_token *object,
                         struct gemini_candidate *candidate)
{
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member))
        if (tg_json_text_is(member.key, "parts"))
            candidate->parts = raw_of(scan, &member);
}

void gemini_read_candidate(struct tg_json_scan *scan, const struct tg_json_token *token,
                           struct gemini_candidate *candidate)
{
    struct tg_json_token member;
    memset(candidate, 0, sizeof(*candidate));
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, token, &member)) {
        if (tg_json_text_is(member.key, "content"))
            read_content(scan, &member, candidate);
        else if (member.kind == TG_JSON_STRING && tg_gemini_is(member.key, "finishReason"))
            candidate->finish_reason = tg_json_string(member.value);
        else if (tg_gemini_is(member.key, "groundingMetadata"))
            candidate->grounding = raw_of(scan, &member);
        else if (tg_gemini_is(member.key, "logprobsResult"))
            candidate->logprobs = raw_of(scan, &member);
        else if (member.kind == TG_JSON_NUMBER && tg_json_text_is(member.key, "index") &&
                 tg_json_to_i64(member.value, &candidate->index) != TG_OK)
            candidate->index = -1;
    }
    if (tg_json_string_is(candidate->finish_reason, "FINISH_REASON_UNSPECIFIED"))
        candidate->finish_reason = GEMINI_NOTHING;
}

/* ---- why it ended ---- */

/* https://ai.google.dev/api/generate-content#FinishReason. The first row of a meaning is what is told for it. */
static const struct {
    const char *reason;
    enum tg_finish finish;
} reasons[] = {
    {"STOP", TG_FINISH_STOP},
    {"MAX_TOKENS", TG_FINISH_LENGTH},
    {"SAFETY", TG_FINISH_CONTENT_FILTER},
    {"RECITATION", TG_FINISH_CONTENT_FILTER},
    {"BLOCKLIST", TG_FINISH_CONTENT_FILTER},
    {"PROHIBITED_CONTENT", TG_FINISH_CONTENT_FILTER},
    {"SPII", TG_FINISH_CONTENT_FILTER},
    {"IMAGE_SAFETY", TG_FINISH_CONTENT_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", TG_FINISH_CONTENT_FILTER},
    {"IMAGE_RECITATION", TG_FINISH_CONTENT_FILTER},
    {"MODEL_ARMOR", TG_FINISH_CONTENT_FILTER},
    {"OTHER", TG_FINISH_OTHER},
};
enum { REASON_COUNT = sizeof(reasons) / sizeof(reasons[0]) };

enum tg_finish gemini_finish(struct tg_json_string reason)
{
    for (size_t i = 0; i < REASON_COUNT; ++i)
        if (tg_json_string_is(reason, reasons[i].reason))
            return reasons[i].finish;
    return TG_FINISH_OTHER;
}

const char *gemini_finish_reason(enum tg_finish finish)
{
    switch (finish) {
    case TG_FINISH_STOP:
    case TG_FINISH_STOP_SEQUENCE:
    case TG_FINISH_TOOL_CALLS:
        return "STOP";
    case TG_FINISH_CONTEXT_FULL:
        return "MAX_TOKENS";
    case TG_FINISH_REFUSAL:
        return "SAFETY";
    default:
        break;
    }
    for (size_t i = 0; i < REASON_COUNT; ++i)
        if (reasons[i].finish == finish)
            return reasons[i].reason;
    return "OTHER";
}
