#include <assert.h>

#include "dataplane/dialects/messages/messages_internal.h"

/* https://platform.claude.com/docs/en/api/errors. The first row of a status is the type that is told for it. */
static const struct {
    int http_status;
    const char *type;
} rows[] = {
    {400, "invalid_request_error"}, {401, "authentication_error"}, {402, "billing_error"},    {403, "permission_error"},
    {404, "not_found_error"},       {413, "request_too_large"},    {429, "rate_limit_error"}, {500, "api_error"},
    {504, "timeout_error"},         {529, "overloaded_error"},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

int tg_messages_error_status(struct tg_json_string type)
{
    for (size_t i = 0; i < ROW_COUNT; ++i)
        if (tg_json_string_is(type, rows[i].type))
            return rows[i].http_status;
    return 500;
}

static const char *type_of(int http_status)
{
    for (size_t i = 0; i < ROW_COUNT; ++i)
        if (rows[i].http_status == http_status)
            return rows[i].type;
    if (http_status == 503)
        return "overloaded_error";
    return http_status >= 400 && http_status < 500 ? "invalid_request_error" : "api_error";
}

enum { FRAME_BYTES = 128 };

struct tg_text tg_messages_error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    struct tg_json_string type = tg_json_string_literal(type_of(error->http_status));
    struct tg_json_writer json;
    struct tg_buf buf;
    if (error->origin == TG_DIALECT_MESSAGES && !tg_json_string_is_empty(error->type))
        type = error->type;
    tg_buf_init(&buf, FRAME_BYTES + type.written.bytes + error->message.written.bytes);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "type");
    tg_json_write_string(&json, tg_text_of("error"));
    tg_json_write_key(&json, "error");
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "type");
    tg_json_write_written(&json, type);
    tg_json_write_key(&json, "message");
    tg_json_write_written(&json, error->message);
    tg_json_write_object_end(&json);
    tg_json_write_object_end(&json);
    enum tg_status status = tg_json_write_finish(&json);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text body = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return body;
}

/* This dialect streams as events of SSE only. */
struct tg_text tg_messages_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                       enum tg_framing framing)
{
    (void)framing;
    struct tg_text body = tg_messages_error_body(arena, error);
    return tg_arena_printf(arena, "event: error\ndata: %.*s\n\n", TG_TEXT_ARG(body));
}

bool tg_messages_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error)
{
    struct tg_messages_event event;
    struct tg_messages_tally ignored = {.input = 0};
    (void)arena;
    *error = (struct tg_answer_error){.http_status = http_status, .origin = TG_DIALECT_MESSAGES};
    if (!tg_messages_read_event(body, &event, &ignored) ||
        (tg_json_string_is_empty(event.error_type) && tg_json_string_is_empty(event.error_message)))
        return false;
    error->message = event.error_message;
    error->type = event.error_type;
    return true;
}
