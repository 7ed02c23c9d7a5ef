#include "dataplane/dialects/responses/internal.h"

/* https://platform.openai.com/docs/guides/error-codes; the shape is that of all of OpenAI's endpoints. */

static struct tg_json_string type_of(const struct tg_answer_error *error)
{
    bool is_openai = error->origin == TG_DIALECT_RESPONSES || error->origin == TG_DIALECT_CHAT;
    if (is_openai && !tg_json_string_is_empty(error->type))
        return error->type;
    switch (error->http_status) {
    case 401:
        return tg_json_string_literal("authentication_error");
    case 403:
        return tg_json_string_literal("permission_error");
    case 429:
        return tg_json_string_literal("rate_limit_exceeded");
    default:
        return tg_json_string_literal(error->http_status >= 500 ? "server_error" : "invalid_request_error");
    }
}

struct tg_json_string tg_responses_error_code(const struct tg_answer_error *error)
{
    if (!tg_json_string_is_empty(error->code))
        return error->code;
    if (error->http_status == 429)
        return tg_json_string_literal("rate_limit_exceeded");
    return tg_json_string_literal(error->http_status >= 500 ? "server_error" : "invalid_prompt");
}

static void write_or_null(struct tg_json_writer *json, const char *key, struct tg_json_string string)
{
    tg_json_write_key(json, key);
    if (tg_json_string_is_empty(string))
        tg_json_write_null(json);
    else
        tg_json_write_written(json, string);
}

static void write_message(struct tg_json_writer *json, const struct tg_answer_error *error)
{
    tg_json_write_key(json, "message");
    tg_json_write_written(json, tg_json_string_is_empty(error->message)
                                    ? tg_json_string_literal("The provider gave no reason.")
                                    : error->message);
}

/* "error":{…} */
static void write_error(struct tg_json_writer *json, const struct tg_answer_error *error)
{
    tg_json_write_key(json, "error");
    tg_json_write_object_begin(json);
    write_message(json, error);
    tg_json_write_key(json, "type");
    tg_json_write_written(json, type_of(error));
    write_or_null(json, "param", error->param);
    write_or_null(json, "code", error->code);
    tg_json_write_object_end(json);
}

void tg_responses_write_error_members(struct tg_json_writer *json, const struct tg_answer_error *error)
{
    write_or_null(json, "code", error->code);
    write_message(json, error);
    write_or_null(json, "param", error->param);
    write_error(json, error);
}

/* Room for an error: its texts twice or three times, and names. */
static void init_buf(struct tg_buf *buf, const struct tg_answer_error *error)
{
    size_t bytes = error->message.written.bytes + error->code.written.bytes + error->type.written.bytes +
                   error->param.written.bytes;
    tg_buf_init(buf, 4 * bytes + 2048);
}

static struct tg_text finish(struct tg_arena *arena, struct tg_json_writer *json, struct tg_buf *buf)
{
    struct tg_text text = tg_text(NULL, 0);
    if (tg_json_write_finish(json) == TG_OK) /* always: the bound was counted to suffice */
        text = tg_arena_copy(arena, tg_buf_text(buf));
    tg_buf_deinit(buf);
    return text;
}

struct tg_text tg_responses_error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    init_buf(&buf, error);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    write_error(&json, error);
    tg_json_write_object_end(&json);
    return finish(arena, &json, &buf);
}

/* Two events: SDKs raise the first for its member `error`; Codex, for one, looks for response.failed. Without the
 * encoder nothing is known of the response and of the sequence. */
struct tg_text tg_responses_error_event(struct tg_arena *arena, const struct tg_answer_error *error,
                                        enum tg_framing framing)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    init_buf(&buf, error);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "type");
    tg_json_write_string(&json, tg_text_of("error"));
    tg_responses_write_error_members(&json, error);
    tg_json_write_key(&json, "sequence_number");
    tg_json_write_i64(&json, 0);
    tg_json_write_object_end(&json);
    struct tg_text first = finish(arena, &json, &buf);

    init_buf(&buf, error);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "code");
    tg_json_write_written(&json, tg_responses_error_code(error));
    write_message(&json, error);
    tg_json_write_object_end(&json);
    struct tg_text inner = finish(arena, &json, &buf);
    return tg_arena_printf(arena,
                           "event: error\ndata: %.*s\n\n"
                           "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":1,"
                           "\"response\":{\"id\":\"\",\"object\":\"response\",\"status\":\"failed\",\"output\":[],"
                           "\"usage\":null,\"error\":%.*s}}\n\n",
                           TG_TEXT_ARG(first), TG_TEXT_ARG(inner));
}

/* ---- what a provider says ---- */

static struct tg_json_string string_of(const struct tg_json_token *token)
{
    return tg_json_string(token->kind == TG_JSON_STRING || token->kind == TG_JSON_NUMBER ? token->value
                                                                                         : tg_text(NULL, 0));
}

static void read_members(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_answer_error *error)
{
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "message"))
            error->message = string_of(&member);
        else if (tg_json_text_is(member.key, "type"))
            error->type = string_of(&member);
        else if (tg_json_text_is(member.key, "param"))
            error->param = string_of(&member);
        else if (tg_json_text_is(member.key, "code"))
            error->code = string_of(&member);
    }
}

static void copy(struct tg_arena *arena, struct tg_json_string *string)
{
    if (!tg_json_string_is_empty(*string))
        string->written = tg_arena_copy(arena, string->written);
}

/* {"error":{"message":…,"type":…,"param":…,"code":…}}; xAI says {"code":…,"error":"…"}. */
bool tg_responses_read_error(struct tg_arena *arena, int http_status, struct tg_text body,
                             struct tg_answer_error *error)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    struct tg_answer_error read = {.http_status = http_status, .origin = TG_DIALECT_RESPONSES};
    *error = read;
    tg_json_scan_init(&scan, body);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (tg_json_text_is(member.key, "error") && member.kind == TG_JSON_OBJECT)
            read_members(&scan, &member, &read);
        else if (tg_json_text_is(member.key, "error") && member.kind == TG_JSON_STRING)
            read.message = tg_json_string(member.value);
        else if (tg_json_text_is(member.key, "code") && tg_json_string_is_empty(read.code))
            read.code = string_of(&member);
    }
    if (tg_json_scan_finish(&scan, NULL) != TG_OK || tg_json_string_is_empty(read.message))
        return false;
    copy(arena, &read.message);
    copy(arena, &read.type);
    copy(arena, &read.param);
    copy(arena, &read.code);
    *error = read;
    return true;
}
