#include <assert.h>

#include "dataplane/dialects/gemini/gemini_internal.h"

/* https://cloud.google.com/apis/design/errors#handling_errors: the names of google.rpc.Code by HTTP status. The first
 * row of a status is what is told for it. */
static const struct {
    int http_status;
    const char *status;
} rows[] = {
    {400, "INVALID_ARGUMENT"},    {401, "UNAUTHENTICATED"},   {403, "PERMISSION_DENIED"},
    {404, "NOT_FOUND"},           {408, "DEADLINE_EXCEEDED"}, {409, "ABORTED"},
    {429, "RESOURCE_EXHAUSTED"},  {499, "CANCELLED"},         {500, "INTERNAL"},
    {501, "UNIMPLEMENTED"},       {503, "UNAVAILABLE"},       {504, "DEADLINE_EXCEEDED"},
    {400, "FAILED_PRECONDITION"}, {400, "OUT_OF_RANGE"},      {409, "ALREADY_EXISTS"},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static const char *status_of(int http_status)
{
    for (size_t i = 0; i < ROW_COUNT; ++i)
        if (rows[i].http_status == http_status)
            return rows[i].status;
    return http_status >= 400 && http_status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
}

static int http_status_of(struct tg_json_string status)
{
    for (size_t i = 0; i < ROW_COUNT; ++i)
        if (tg_json_string_is(status, rows[i].status))
            return rows[i].http_status;
    return 500;
}

/* ---- telling ---- */

static void write_reason(struct tg_json_writer *json, const struct tg_answer_error *error)
{
    if (tg_json_string_is_empty(error->code))
        return;
    tg_json_write_key(json, "details");
    tg_json_write_array_begin(json);
    tg_json_write_object_begin(json);
    gemini_write_member(json, "@type", tg_json_string_literal("type.googleapis.com/google.rpc.ErrorInfo"));
    gemini_write_member(json, "reason", error->code);
    if (!tg_json_string_is_empty(error->param)) {
        tg_json_write_key(json, "metadata");
        tg_json_write_object_begin(json);
        gemini_write_member(json, "field", error->param);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
    tg_json_write_array_end(json);
}

enum { FRAME_BYTES = 256 };

struct tg_text tg_gemini_error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    bool is_own = error->origin == TG_DIALECT_GEMINI && !tg_json_string_is_empty(error->type);
    struct tg_json_string status = is_own ? error->type : tg_json_string_literal(status_of(error->http_status));
    struct tg_json_writer json;
    struct tg_buf buf;
    tg_buf_init(&buf, FRAME_BYTES + error->message.written.bytes + status.written.bytes + error->code.written.bytes +
                          error->param.written.bytes);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "error");
    tg_json_write_object_begin(&json);
    gemini_write_count(&json, "code", error->http_status);
    gemini_write_member(&json, "message", error->message);
    gemini_write_member(&json, "status", status);
    write_reason(&json, error);
    tg_json_write_object_end(&json);
    tg_json_write_object_end(&json);
    enum tg_status finished = tg_json_write_finish(&json);
    assert(finished == TG_OK); /* the bound was counted to suffice */
    (void)finished;
    struct tg_text body = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return body;
}

struct tg_text tg_gemini_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                     enum tg_framing framing)
{
    struct tg_text body = tg_gemini_error_body(arena, error);
    if (framing != TG_FRAMING_SSE)
        return body;
    return tg_arena_printf(arena, "data: %.*s\r\n\r\n", TG_TEXT_ARG(body));
}

/* ---- reading ---- */

/* The reason in the first google.rpc.ErrorInfo: "API_KEY_INVALID". */
static void read_details(struct tg_json_scan *scan, const struct tg_json_token *array, struct tg_answer_error *error)
{
    struct tg_json_token object, member;
    while (array->kind == TG_JSON_ARRAY && tg_json_scan_next_in(scan, array, &object))
        while (object.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &object, &member))
            if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "reason") &&
                tg_json_string_is_empty(error->code))
                error->code = tg_json_string(member.value);
}

bool gemini_read_error_object(struct tg_arena *arena, struct tg_text object, struct tg_answer_error *error)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    int64_t code = 0;
    (void)arena;
    tg_json_scan_init(&scan, object);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "message"))
            error->message = tg_json_string(member.value);
        else if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "status"))
            error->type = tg_json_string(member.value);
        else if (member.kind == TG_JSON_NUMBER && tg_json_text_is(member.key, "code") &&
                 tg_json_to_i64(member.value, &code) != TG_OK)
            code = 0;
        else if (tg_json_text_is(member.key, "details"))
            read_details(&scan, &member, error);
    }
    if (error->http_status == 0)
        error->http_status = code >= 400 && code < 600 ? (int)code : http_status_of(error->type);
    return !tg_json_string_is_empty(error->message) || !tg_json_string_is_empty(error->type);
}

bool tg_gemini_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error)
{
    struct gemini_list list; /* a stream that failed at once is an array of the one error */
    struct tg_json_token token, member;
    struct tg_text object = tg_text(NULL, 0);
    *error = (struct tg_answer_error){.http_status = http_status, .origin = TG_DIALECT_GEMINI};
    gemini_list_begin(&list, body);
    while (gemini_list_next(&list, &token))
        while (token.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&list.scan, &token, &member))
            if (tg_json_text_is(member.key, "error") && tg_json_scan_skip(&list.scan, &member))
                object = member.value;
    return tg_json_scan_finish(&list.scan, NULL) == TG_OK && gemini_read_error_object(arena, object, error);
}
