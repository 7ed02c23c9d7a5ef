#include "dataplane/dialects/responses/internal.h"

int tg_responses_status_of(struct tg_json_string code, struct tg_json_string type)
{
    if (tg_json_string_is(code, "rate_limit_exceeded") || tg_json_string_is(code, "insufficient_quota"))
        return 429;
    bool is_server = tg_json_string_is(code, "server_error") || tg_json_string_is(code, "vector_store_timeout") ||
                     tg_json_string_is(type, "server_error");
    return is_server || (tg_json_string_is_empty(code) && !tg_json_string_is(type, "invalid_request_error")) ? 500
                                                                                                             : 400;
}

static enum tg_status take(const struct tg_answer_sink *sink, const struct tg_answer_event *event)
{
    return sink->take(sink->user, event);
}

static enum tg_finish finish_of(const struct tg_responses_summary *summary, const struct tg_responses_made *made)
{
    if (tg_json_string_is(summary->status, "incomplete")) {
        if (tg_json_string_is(summary->incomplete_reason, "max_output_tokens"))
            return TG_FINISH_LENGTH;
        return tg_json_string_is(summary->incomplete_reason, "content_filter") ? TG_FINISH_CONTENT_FILTER
                                                                               : TG_FINISH_OTHER;
    }
    if (tg_json_string_is(summary->status, "queued") || tg_json_string_is(summary->status, "in_progress") ||
        tg_json_string_is(summary->status, "cancelled"))
        return TG_FINISH_OTHER;
    if (made->has_calls)
        return TG_FINISH_TOOL_CALLS;
    return made->has_refusal && !made->has_text ? TG_FINISH_REFUSAL : TG_FINISH_STOP;
}

enum tg_status tg_responses_decode_finish(const struct tg_responses_summary *summary,
                                          const struct tg_responses_made *made, const struct tg_answer_sink *sink,
                                          bool *has_failed)
{
    struct tg_usage usage;
    struct tg_answer_event finish = {.kind = TG_ANSWER_FINISH, .finish = finish_of(summary, made)};
    enum tg_status status = TG_OK;
    *has_failed = summary->has_error || tg_json_string_is(summary->status, "failed");
    if (!*has_failed)
        status = take(sink, &finish);
    if (status == TG_OK && tg_responses_summary_usage(summary, &usage)) {
        struct tg_text tier = summary->service_tier.written;
        bool is_plain = tier.bytes == 0 || memchr(tier.data, '\\', tier.bytes) == NULL;
        struct tg_answer_event event = {
            .kind = TG_ANSWER_USAGE, .usage = &usage, .service_tier = is_plain ? tier : tg_text(NULL, 0)};
        status = take(sink, &event);
    }
    if (status != TG_OK || !*has_failed)
        return status;
    struct tg_answer_error error = {
        .http_status = tg_responses_status_of(summary->error_code, summary->error_type),
        .message = tg_json_string_is_empty(summary->error_message)
                       ? tg_json_string_literal("The provider's answer failed, and it does not say why.")
                       : summary->error_message,
        .code = summary->error_code,
        .type = summary->error_type,
        .param = summary->error_param,
        .origin = TG_DIALECT_RESPONSES,
    };
    struct tg_answer_event event = {.kind = TG_ANSWER_ERROR, .error = &error};
    return take(sink, &event);
}

enum tg_status tg_responses_decode_whole(struct tg_arena *scratch, struct tg_text body,
                                         const struct tg_answer_sink *sink)
{
    struct tg_json_scan scan;
    struct tg_json_token root;
    struct tg_responses_summary summary;
    struct tg_responses_made made = {.parts = 0};
    bool has_failed = false;
    tg_json_scan_init(&scan, body);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return TG_INVALID;
    tg_responses_read_summary(&scan, &root, &summary);
    if (tg_json_scan_finish(&scan, NULL) != TG_OK || !summary.is_response)
        return TG_INVALID;
    struct tg_answer_event start = {.kind = TG_ANSWER_START, .id = summary.id, .model = summary.model};
    enum tg_status status = take(sink, &start);
    if (status == TG_OK)
        status = tg_responses_decode_items(scratch, summary.output, &made, sink);
    if (status == TG_OK)
        status = tg_responses_decode_finish(&summary, &made, sink, &has_failed);
    struct tg_answer_event end = {.kind = TG_ANSWER_END};
    return status == TG_OK && !has_failed ? take(sink, &end) : status;
}
