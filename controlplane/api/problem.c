#include "controlplane/api/problem.h"

#include <assert.h>
#include <stdio.h>

#include "common/codec/json_write.h"

static const struct problem_row {
    int status;
    const char *title;
} rows[] = {
    [TG_REFUSAL_NONE] = {500, "Internal error"},
    [TG_REFUSAL_MALFORMED] = {400, "Malformed request"},
    [TG_REFUSAL_INVALID] = {422, "Invalid request"},
    [TG_REFUSAL_UNAUTHORIZED] = {401, "Not authenticated"},
    [TG_REFUSAL_NOT_FOUND] = {404, "Not found"},
    [TG_REFUSAL_METHOD] = {405, "Method not allowed"},
    [TG_REFUSAL_CONFLICT] = {409, "Conflict"},
    [TG_REFUSAL_CHANGED] = {412, "Precondition failed"},
    [TG_REFUSAL_KEY_REUSED] = {422, "Idempotency-Key used before"},
    [TG_REFUSAL_TOO_LARGE] = {413, "Body too large"},
    [TG_REFUSAL_MEDIA_TYPE] = {415, "Unsupported media type"},
    [TG_REFUSAL_HEAD_TOO_LARGE] = {431, "Header fields too large"},
    [TG_REFUSAL_SLOW] = {408, "Request timeout"},
    [TG_REFUSAL_LENGTH] = {411, "Length required"},
    [TG_REFUSAL_BUSY] = {503, "Busy"},
    [TG_REFUSAL_UNAVAILABLE] = {503, "Unavailable"},
    [TG_REFUSAL_INTERNAL] = {500, "Internal error"},
};

int tg_problem_status(enum tg_refusal_kind kind)
{
    return rows[kind].status;
}

static void write_string(struct tg_json_writer *writer, const char *key, const char *value)
{
    tg_json_write_key(writer, key);
    tg_json_write_string(writer, tg_text_of(value));
}

void tg_problem_render(const struct tg_refusal *refusal, struct tg_id request_id, struct tg_buf *out)
{
    char type[64];
    char instance[sizeof("urn:uuid:") + TG_ID_TEXT_BYTES] = "urn:uuid:";
    snprintf(type, sizeof(type), "urn:tollgate:problem:%s", tg_refusal_kind_name(refusal->kind));
    tg_id_format(request_id, instance + strlen(instance));
    struct tg_json_writer writer;
    tg_json_write_init(&writer, out);
    tg_json_write_object_begin(&writer);
    write_string(&writer, "type", type);
    write_string(&writer, "title", rows[refusal->kind].title);
    tg_json_write_key(&writer, "status");
    tg_json_write_i64(&writer, rows[refusal->kind].status);
    write_string(&writer, "detail", refusal->detail);
    write_string(&writer, "instance", instance);
    if (refusal->error_count > 0) {
        tg_json_write_key(&writer, "errors");
        tg_json_write_array_begin(&writer);
        for (size_t i = 0; i < refusal->error_count; ++i) {
            tg_json_write_object_begin(&writer);
            write_string(&writer, "field", refusal->errors[i].field);
            write_string(&writer, "detail", refusal->errors[i].detail);
            tg_json_write_object_end(&writer);
        }
        tg_json_write_array_end(&writer);
    }
    tg_json_write_object_end(&writer);
    enum tg_status status = tg_json_write_finish(&writer);
    assert(status == TG_OK); /* the refusal is bounded */
    (void)status;
}
