/* Anthropic's count_tokens: a request of its messages without an answer. */
#include "dataplane/dialects/messages/messages.h"
#include "dataplane/dialects/operations/operations_internal.h"

static bool read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error)
{
    return tg_dialect_messages.read_request(source, request, error);
}

static struct tg_text error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    return tg_dialect_messages.error_body(arena, error);
}

static struct tg_text error_event(struct tg_arena *arena, const struct tg_answer_error *error, enum tg_framing framing)
{
    return tg_dialect_messages.error_event(arena, error, framing);
}

static bool read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error)
{
    return tg_dialect_messages.read_error(arena, http_status, body, error);
}

const struct tg_dialect tg_operations_count_tokens = {
    .id = TG_DIALECT_MESSAGES,
    .name = "count_tokens",
    .read_request = read_request,
    .error_body = error_body,
    .error_event = error_event,
    .read_error = read_error,
    .edit_request = operations_edit,
    .watch_block = operations_watch_no_block,
    .watch_whole = operations_watch_free,
    .watch_tail = operations_tail_free,
};
