/* Errors: https://platform.openai.com/docs/guides/error-codes, and the shapes that other servers give theirs:
 *
 *   {"error":{"message":…,"type":…,"param":…,"code":…}}     OpenAI, Groq, DeepSeek, OpenRouter (code is a number)
 *   [{"error":{"code":…,"message":…,"status":…}}]           Gemini's OpenAI endpoint
 *   {"error":"text"}                                        Ollama, TGI, Together
 *   {"object":"error","message":…,"type":…,"code":…}        vLLM, Mistral
 *   {"detail":"text"}, {"detail":[{"msg":…}]}               servers built with FastAPI
 *   {"message":"text"}                                      Mistral, Cohere */
#include <assert.h>

#include "dataplane/dialects/chat/answer_internal.h"
#include "dataplane/dialects/chat/chat_internal.h"

/* ---- as the client sees them ---- */

/* Beside the four strings. */
enum { ERROR_FRAME_BYTES = 256 };

static const char *type_of_status(int http_status)
{
    switch (http_status) {
    case 401:
        return "authentication_error";
    case 403:
        return "permission_error";
    case 429:
        return "rate_limit_exceeded";
    default:
        return http_status >= 400 && http_status < 500 ? "invalid_request_error" : "server_error";
    }
}

static void write_or_null(struct tg_json_writer *writer, const char *key, struct tg_json_string string)
{
    tg_json_write_key(writer, key);
    if (tg_json_string_is_empty(string))
        tg_json_write_null(writer);
    else
        tg_json_write_written(writer, string);
}

struct tg_text tg_chat_error_body(struct tg_arena *arena, const struct tg_answer_error *error)
{
    bool has_own_type = (error->origin == TG_DIALECT_CHAT || error->origin == TG_DIALECT_RESPONSES) &&
                        !tg_json_string_is_empty(error->type);
    struct tg_json_string type =
        has_own_type ? error->type : tg_json_string_literal(type_of_status(error->http_status));
    struct tg_json_writer writer;
    struct tg_buf buf;
    tg_buf_init(&buf, ERROR_FRAME_BYTES + error->message.written.bytes + type.written.bytes +
                          error->param.written.bytes + error->code.written.bytes);
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "error");
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "message");
    tg_json_write_written(&writer, error->message);
    write_or_null(&writer, "type", type);
    write_or_null(&writer, "param", error->param);
    write_or_null(&writer, "code", error->code);
    tg_json_write_object_end(&writer);
    tg_json_write_object_end(&writer);
    enum tg_status status = tg_json_write_finish(&writer);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text body = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return body;
}

struct tg_text tg_chat_error_event(struct tg_arena *arena, const struct tg_answer_error *error, enum tg_framing framing)
{
    struct tg_text body = tg_chat_error_body(arena, error);
    (void)framing; /* this dialect knows one */
    return tg_arena_printf(arena, "data: %.*s\n\n", TG_TEXT_ARG(body));
}

/* ---- as providers send them ---- */

/* A status that a number in an error names; 0 if it names none. */
static int status_of_number(const struct tg_json_token *token)
{
    int64_t number = 0;
    bool is_status = token->kind == TG_JSON_NUMBER && tg_json_to_i64(token->value, &number) == TG_OK && number >= 400 &&
                     number <= 599;
    return is_status ? (int)number : 0;
}

/* The first complaint of a list. */
static void read_detail(struct tg_json_scan *scan, const struct tg_json_token *detail, struct tg_answer_error *error)
{
    struct tg_json_token entry, member;
    if (detail->kind == TG_JSON_STRING)
        error->message = tg_json_string(detail->value);
    while (detail->kind == TG_JSON_ARRAY && tg_json_scan_next_in(scan, detail, &entry))
        while (entry.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &entry, &member))
            if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "msg") &&
                tg_json_string_is_empty(error->message))
                error->message = tg_json_string(member.value);
}

static void read_message(struct tg_json_scan *scan, const struct tg_json_token *token, struct tg_answer_error *error)
{
    struct tg_json_token member;
    if (token->kind == TG_JSON_STRING)
        error->message = tg_json_string(token->value);
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, token, &member))
        if (tg_json_text_is(member.key, "detail"))
            read_detail(scan, &member, error);
}

static void read_code(const struct tg_json_token *token, struct tg_answer_error *error)
{
    int status = status_of_number(token);
    if (token->kind == TG_JSON_STRING || token->kind == TG_JSON_NUMBER)
        error->code = tg_json_string(token->value);
    if (status != 0 && error->http_status < 400)
        error->http_status = status;
}

static void read_member(struct tg_json_scan *scan, const struct tg_json_token *member, struct tg_answer_error *error)
{
    bool is_string = member->kind == TG_JSON_STRING;
    if (tg_json_text_is(member->key, "message"))
        read_message(scan, member, error);
    else if (tg_json_text_is(member->key, "detail"))
        read_detail(scan, member, error);
    else if (tg_json_text_is(member->key, "type") && is_string)
        error->type = tg_json_string(member->value);
    else if (tg_json_text_is(member->key, "param") && is_string)
        error->param = tg_json_string(member->value);
    else if (tg_json_text_is(member->key, "code"))
        read_code(member, error);
    else if (tg_json_text_is(member->key, "status_code") && status_of_number(member) != 0 && error->http_status < 400)
        error->http_status = status_of_number(member);
}

void chat_error_read_object(struct tg_json_scan *scan, const struct tg_json_token *object,
                            struct tg_answer_error *error)
{
    struct tg_json_token member;
    if (object->kind == TG_JSON_STRING)
        error->message = tg_json_string(object->value);
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member))
        read_member(scan, &member, error);
}

/* The whole document, or the one element of a list. */
static void read_root(struct tg_json_scan *scan, const struct tg_json_token *root, struct tg_answer_error *error)
{
    struct tg_json_token member;
    struct tg_answer_error outer = *error;
    bool has_error = false;
    while (tg_json_scan_next_in(scan, root, &member)) {
        bool is_error =
            tg_json_text_is(member.key, "error") && (member.kind == TG_JSON_OBJECT || member.kind == TG_JSON_STRING);
        if (is_error)
            chat_error_read_object(scan, &member, error);
        else
            read_member(scan, &member, &outer);
        has_error |= is_error;
    }
    if (!has_error)
        *error = outer;
}

static void keep(struct tg_arena *arena, struct tg_json_string *string)
{
    *string = tg_json_string(tg_arena_copy(arena, string->written));
}

bool tg_chat_read_error(struct tg_arena *arena, int http_status, struct tg_text body, struct tg_answer_error *error)
{
    const struct tg_answer_error bare = {.http_status = http_status, .origin = TG_DIALECT_CHAT};
    struct tg_json_scan scan;
    struct tg_json_token root, element;
    *error = bare;
    tg_json_scan_init(&scan, body);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN) {
        if (root.kind == TG_JSON_OBJECT)
            read_root(&scan, &root, error);
        else if (tg_json_scan_next_in(&scan, &root, &element) && element.kind == TG_JSON_OBJECT)
            read_root(&scan, &element, error);
    }
    bool is_good = tg_json_scan_finish(&scan, NULL) == TG_OK && !tg_json_string_is_empty(error->message);
    if (!is_good) {
        *error = bare;
        return false;
    }
    keep(arena, &error->message); /* the body goes before the answer */
    keep(arena, &error->code);
    keep(arena, &error->type);
    keep(arena, &error->param);
    return true;
}
