#include "dataplane/dialects/operations/models.h"

#include <assert.h>

#include "common/codec/json_write.h"

/* A byte takes at most six in JSON; the rest is punctuation and names. */
enum { ESCAPED_BYTES = 6, MODEL_FRAME_BYTES = 128 };

static struct tg_text take(struct tg_arena *arena, struct tg_json_writer *writer, struct tg_buf *buf)
{
    enum tg_status status = tg_json_write_finish(writer);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(buf));
    tg_buf_deinit(buf);
    return text;
}

static void write_model(struct tg_json_writer *writer, const struct tg_operations_listed_model *model)
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

struct tg_text tg_operations_models_body(struct tg_arena *arena, const struct tg_operations_listed_model *models,
                                         size_t count)
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

struct tg_text tg_operations_model_body(struct tg_arena *arena, const struct tg_operations_listed_model *model)
{
    struct tg_json_writer writer;
    struct tg_buf buf;
    tg_buf_init(&buf, MODEL_FRAME_BYTES + ESCAPED_BYTES * model->name.bytes);
    tg_json_write_init(&writer, &buf);
    write_model(&writer, model);
    return take(arena, &writer, &buf);
}
