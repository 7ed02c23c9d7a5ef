#include "dataplane/dialects/openai_answer.h"

#include <assert.h>

#include "common/codec/json_write.h"

/* A byte takes at most six in JSON; the rest is punctuation and names. */
enum { ESCAPED_BYTES = 6, MODEL_FRAME_BYTES = 128, ERROR_FRAME_BYTES = 256 };

static struct tg_text take(struct tg_arena *arena, struct tg_json_writer *writer, struct tg_buf *buf)
{
    enum tg_status status = tg_json_write_finish(writer);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(buf));
    tg_buf_deinit(buf);
    return text;
}

static void write_text_or_null(struct tg_json_writer *writer, const char *key, struct tg_text text)
{
    tg_json_write_key(writer, key);
    if (text.bytes == 0)
        tg_json_write_null(writer);
    else
        tg_json_write_string(writer, text);
}

struct tg_text tg_openai_error_body(struct tg_arena *arena, const struct tg_client_error *error)
{
    const struct tg_client_error_row *row = tg_client_error_row(error->code);
    struct tg_text message = tg_client_error_sentence(arena, error);
    struct tg_json_writer writer;
    struct tg_buf buf;
    tg_buf_init(&buf, ERROR_FRAME_BYTES + ESCAPED_BYTES * (message.bytes + error->param.bytes));
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "error");
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "message");
    tg_json_write_string(&writer, message);
    write_text_or_null(&writer, "type", tg_text_of(row->type));
    write_text_or_null(&writer, "param", error->param);
    write_text_or_null(&writer, "code", tg_text_of(row->code));
    tg_json_write_object_end(&writer);
    tg_json_write_object_end(&writer);
    return take(arena, &writer, &buf);
}

struct tg_text tg_openai_error_event(struct tg_arena *arena, const struct tg_client_error *error)
{
    struct tg_text body = tg_openai_error_body(arena, error);
    return tg_arena_printf(arena, "data: %.*s\n\n", TG_TEXT_ARG(body));
}

static void write_model(struct tg_json_writer *writer, const struct tg_openai_listed_model *model)
{
    tg_json_write_object_begin(writer);
    tg_json_write_key(writer, "id");
    tg_json_write_string(writer, model->name);
    tg_json_write_key(writer, "object");
    tg_json_write_string(writer, tg_text_of("model"));
    tg_json_write_key(writer, "created");
    tg_json_write_i64(writer, model->created_at_ms / 1000);
    tg_json_write_key(writer, "owned_by");
    tg_json_write_string(writer, tg_text_of("tollgate"));
    tg_json_write_object_end(writer);
}

struct tg_text tg_openai_models_body(struct tg_arena *arena, const struct tg_openai_listed_model *models, size_t count)
{
    struct tg_json_writer writer;
    struct tg_buf buf;
    size_t bound = MODEL_FRAME_BYTES;
    for (size_t i = 0; i < count; ++i)
        bound += MODEL_FRAME_BYTES + ESCAPED_BYTES * models[i].name.bytes;
    tg_buf_init(&buf, bound);
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "object");
    tg_json_write_string(&writer, tg_text_of("list"));
    tg_json_write_key(&writer, "data");
    tg_json_write_array_begin(&writer);
    for (size_t i = 0; i < count; ++i)
        write_model(&writer, &models[i]);
    tg_json_write_array_end(&writer);
    tg_json_write_object_end(&writer);
    return take(arena, &writer, &buf);
}

struct tg_text tg_openai_model_body(struct tg_arena *arena, const struct tg_openai_listed_model *model)
{
    struct tg_json_writer writer;
    struct tg_buf buf;
    tg_buf_init(&buf, MODEL_FRAME_BYTES + ESCAPED_BYTES * model->name.bytes);
    tg_json_write_init(&writer, &buf);
    write_model(&writer, model);
    return take(arena, &writer, &buf);
}
