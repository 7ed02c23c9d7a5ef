#include <assert.h>

#include "common/codec/aws_event_stream.h"
#include "dataplane/dialects/converse/converse_internal.h"

const char tg_converse_error_type_header[] = "x-amzn-errortype";

/* The errors of Converse and ConverseStream; those with an event may also end a stream. The first row of a status is
 * what is told for it. */
static const struct {
    int http_status;
    const char *type, *event;
} rows[] = {
    {400, "ValidationException", "validationException"},
    {403, "AccessDeniedException", NULL},
    {404, "ResourceNotFoundException", NULL},
    {408, "ModelTimeoutException", NULL},
    {424, "ModelStreamErrorException", "modelStreamErrorException"},
    {429, "ThrottlingException", "throttlingException"},
    {500, "InternalServerException", "internalServerException"},
    {503, "ServiceUnavailableException", "serviceUnavailableException"},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]), FRAME_BYTES = 64 };

static size_t row_of(int http_status)
{
    switch (http_status) {
    case 401:
        http_status = 403;
        break;
    case 402: /* a budget: not to be tried again */
        http_status = 403;
        break;
    case 502:
    case 504:
    case 529:
        http_status = 503;
        break;
    default:
        break;
    }
    size_t fallback = 0;
    for (size_t i = 0; i < ROW_COUNT; ++i) {
        if (rows[i].http_status == http_status)
            return i;
        if (http_status >= 500 && rows[i].http_status == 500)
            fallback = i;
    }
    return fallback;
}

const char *tg_converse_error_type(const struct tg_answer_error *error)
{
    return rows[row_of(error->http_status)].type;
}

struct tg_text tg_converse_error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    tg_buf_init(&buf, FRAME_BYTES + error->message.written.bytes);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_converse_write_member(&json, "message", error->message);
    tg_json_write_object_end(&json);
    enum tg_status status = tg_json_write_finish(&json);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text body = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return body;
}

/* This dialect streams as AWS event streams only. */
struct tg_text tg_converse_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                       enum tg_framing framing)
{
    static const char content_type[] = "application/json", message_type[] = "exception";
    const char *name = rows[row_of(error->http_status)].event;
    struct tg_text body = tg_converse_error_body(arena, error);
    struct tg_buf buf;
    (void)framing;
    if (name == NULL)
        name =
            error->http_status >= 400 && error->http_status < 500 ? "validationException" : "internalServerException";
    struct tg_aws_event_header headers[] = {
        {tg_text_of(":exception-type"), TG_AWS_EVENT_STRING, 0, tg_text_of(name)},
        {tg_text_of(":content-type"), TG_AWS_EVENT_STRING, 0, tg_text_of(content_type)},
        {tg_text_of(":message-type"), TG_AWS_EVENT_STRING, 0, tg_text_of(message_type)},
    };
    tg_buf_init(&buf, TG_AWS_EVENT_OVERHEAD_BYTES + 256 + body.bytes);
    enum tg_status status = tg_aws_event_write(&buf, headers, 3, body);
    assert(status == TG_OK);
    (void)status;
    struct tg_text event = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return event;
}

bool tg_converse_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error)
{
    struct tg_converse_event event;
    *error = (struct tg_answer_error){.http_status = http_status, .origin = TG_DIALECT_CONVERSE};
    if (!tg_converse_read_event(arena, body, &event) || tg_json_string_is_empty(event.message))
        return false;
    error->message = event.message;
    return true;
}

bool tg_converse_is_exception(struct tg_text name, int *http_status)
{
    static const struct tg_text ending = TG_TEXT_LITERAL("Exception");
    *http_status = 500;
    if (name.bytes < ending.bytes || memcmp(name.data + name.bytes - ending.bytes, ending.data, ending.bytes) != 0)
        return false;
    for (size_t i = 0; i < ROW_COUNT; ++i)
        if (tg_text_equals_nocase(name, tg_text_of(rows[i].type)))
            *http_status = rows[i].http_status;
    return true;
}
