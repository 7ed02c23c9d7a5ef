#include "dataplane/dialects/canonical/reading.h"

bool tg_reading_begin(struct tg_reading *reading, const struct tg_request_source *source,
                      struct tg_model_request *request, struct tg_client_error *error, struct tg_json_token *root)
{
    memset(request, 0, sizeof(*request));
    request->choices = 1;
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    reading->source = source;
    reading->arena = source->arena;
    reading->request = request;
    reading->error = error;
    reading->tail = (struct tg_request_tail){.turn = NULL};
    reading->members = NULL;
    reading->member_room = 0;
    tg_json_scan_init(&reading->scan, source->body);
    reading->is_object = tg_json_scan_next(&reading->scan, root) == TG_JSON_BEGIN && root->kind == TG_JSON_OBJECT;
    if (reading->is_object) {
        request->marks.first_member_at = tg_reading_span(reading, root->value).at + 1;
    }
    return reading->is_object;
}

/* Where the value that was read last ends: the scan stands behind it, or behind white space and a comma. */
static size_t end_of_last_value(const struct tg_reading *reading, size_t begin, const char *before)
{
    const char *text = reading->source->body.data;
    const char *at = before;
    while (at > text + begin && (at[-1] == ' ' || at[-1] == '\t' || at[-1] == '\n' || at[-1] == '\r' || at[-1] == ','))
        --at;
    return (size_t)(at - text);
}

static void end_last_member(struct tg_reading *reading, const char *before)
{
    struct tg_body_marks *marks = &reading->request->marks;
    if (marks->member_count == 0)
        return;
    struct tg_body_member *last = &reading->members[marks->member_count - 1];
    size_t end = end_of_last_value(reading, last->value.at, before);
    last->value.bytes = end - last->value.at;
    last->whole.bytes = end - last->whole.at;
}

enum { FIRST_MEMBERS = 16 }; /* most requests have no more; all may have TG_JSON_MAX_MEMBERS */

static void make_room_for_member(struct tg_reading *reading)
{
    struct tg_body_marks *marks = &reading->request->marks;
    if (marks->member_count < reading->member_room)
        return;
    reading->member_room = reading->member_room == 0 ? FIRST_MEMBERS : reading->member_room * 2;
    struct tg_body_member *members = tg_arena_alloc(reading->arena, reading->member_room * sizeof(*members));
    if (marks->member_count != 0)
        memcpy(members, reading->members, marks->member_count * sizeof(*members));
    marks->members = reading->members = members;
}

bool tg_reading_next_member(struct tg_reading *reading, const struct tg_json_token *root, struct tg_json_token *member)
{
    struct tg_body_marks *marks = &reading->request->marks;
    if (!tg_json_scan_next_in(&reading->scan, root, member)) {
        if (reading->scan.problem == NULL)
            end_last_member(reading, reading->scan.at - 1); /* behind the brace */
        return false;
    }
    const char *key = member->key.data - 1; /* its quote */
    end_last_member(reading, key);
    if (marks->member_count == TG_JSON_MAX_MEMBERS)
        return false; /* the scan has told of it already */
    size_t value_at = tg_reading_span(reading, member->value).at - (member->kind == TG_JSON_STRING);
    make_room_for_member(reading);
    reading->members[marks->member_count++] = (struct tg_body_member){
        .key = member->key,
        .whole = {(size_t)(key - reading->source->body.data), 0},
        .value = {value_at, 0},
    };
    return true;
}

bool tg_reading_finish(struct tg_reading *reading)
{
    struct tg_error problem;
    if (tg_json_scan_finish(&reading->scan, &problem) != TG_OK) {
        memset(reading->request, 0, sizeof(*reading->request)); /* nothing in it may be believed */
        reading->request->choices = 1;
        *reading->error = (struct tg_client_error){
            .code = TG_ERROR_INVALID_JSON,
            .words = {tg_arena_copy(reading->arena, tg_text_of(problem.message))},
        };
        return false;
    }
    if (!reading->is_object)
        *reading->error =
            (struct tg_client_error){.code = TG_ERROR_INVALID_JSON, .words = {tg_text_of("it must be a JSON object")}};
    return reading->error->code == TG_ERROR_NONE;
}

struct tg_text tg_reading_raw(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind == TG_JSON_NULL || !tg_json_scan_skip(&reading->scan, token))
        return tg_text(NULL, 0);
    return token->kind == TG_JSON_STRING ? tg_text(token->value.data - 1, token->value.bytes + 2) : token->value;
}

struct tg_span tg_reading_span(const struct tg_reading *reading, struct tg_text value)
{
    return (struct tg_span){(size_t)(value.data - reading->source->body.data), value.bytes};
}

struct tg_text tg_reading_path(struct tg_reading *reading, const char *list, size_t index)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    size_t list_bytes = strlen(list);
    *--at = ']';
    do {
        *--at = (char)('0' + index % 10);
        index /= 10;
    } while (index != 0);
    *--at = '[';
    size_t digit_bytes = (size_t)(digits + sizeof(digits) - at);
    char *path = tg_arena_alloc(reading->arena, list_bytes + digit_bytes);
    memcpy(path, list, list_bytes);
    memcpy(path + list_bytes, at, digit_bytes);
    return tg_text(path, list_bytes + digit_bytes);
}

/* ---- trouble ---- */

static void fail(struct tg_reading *reading, struct tg_client_error error)
{
    if (reading->error->code == TG_ERROR_NONE)
        *reading->error = error;
}

void tg_reading_fail_type(struct tg_reading *reading, const char *field, const char *wanted,
                          const struct tg_json_token *token)
{
    fail(reading, (struct tg_client_error){
                      .code = TG_ERROR_INVALID_TYPE,
                      .param = tg_text_of(field),
                      .words = {tg_text_of(field), tg_text_of(wanted), tg_text_of(tg_json_kind_name(token->kind))},
                  });
}

void tg_reading_fail_value(struct tg_reading *reading, const char *field, const char *wanted)
{
    fail(reading, (struct tg_client_error){
                      .code = TG_ERROR_INVALID_VALUE,
                      .param = tg_text_of(field),
                      .words = {tg_text_of(field), tg_text_of(wanted)},
                  });
}

void tg_reading_fail_missing(struct tg_reading *reading, const char *field)
{
    fail(reading, (struct tg_client_error){
                      .code = TG_ERROR_MISSING_PARAMETER, .param = tg_text_of(field), .words = {tg_text_of(field)}});
}

/* ---- fields that the gateway governs ---- */

void tg_reading_model(struct tg_reading *reading, const struct tg_json_token *token)
{
    if (token->kind != TG_JSON_STRING) {
        tg_reading_fail_type(reading, "model", "a string", token);
        return;
    }
    if (token->value.bytes == 0 || token->value.bytes > TG_MAX_MODEL_NAME_BYTES) {
        tg_reading_fail_value(reading, "model", "the name of a model, with at most 256 bytes");
        return;
    }
    struct tg_model_request *request = reading->request;
    request->model = token->has_escapes ? tg_json_unescape(reading->arena, token->value) : token->value;
    request->marks.model = tg_reading_span(reading, token->value);
}

bool tg_reading_boolean(struct tg_reading *reading, const char *field, const struct tg_json_token *token)
{
    if (token->kind != TG_JSON_BOOLEAN && token->kind != TG_JSON_NULL)
        tg_reading_fail_type(reading, field, "a boolean", token);
    return token->kind == TG_JSON_BOOLEAN && token->value.data[0] == 't';
}

int64_t tg_reading_count(struct tg_reading *reading, const char *field, const struct tg_json_token *token, int64_t most,
                         const char *wanted)
{
    int64_t number = 0;
    if (token->kind == TG_JSON_NULL)
        return 0;
    if (token->kind != TG_JSON_NUMBER) {
        tg_reading_fail_type(reading, field, "an integer", token);
        return 0;
    }
    if (tg_json_to_i64(token->value, &number) != TG_OK || number < 1 || number > most) {
        tg_reading_fail_value(reading, field, wanted);
        return 0;
    }
    return number;
}

void tg_reading_field(struct tg_reading *reading, enum tg_field_id id, const char *path, struct tg_json_token *token)
{
    struct tg_text value = tg_reading_raw(reading, token);
    if (value.bytes != 0)
        tg_request_add_field(reading->arena, reading->request, &reading->tail, id, tg_text_of(path), value);
}

void tg_reading_other(struct tg_reading *reading, const char *prefix, struct tg_json_token *token)
{
    struct tg_text key = token->key;
    struct tg_text value = tg_reading_raw(reading, token);
    if (value.bytes == 0)
        return;
    struct tg_text path =
        prefix[0] == '\0' ? key : tg_arena_printf(reading->arena, "%s.%.*s", prefix, TG_TEXT_ARG(key));
    tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_OTHER, path, value);
}
