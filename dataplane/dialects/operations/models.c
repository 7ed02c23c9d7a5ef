#include "dataplane/dialects/operations/models.h"

#include <assert.h>

#include "common/base/time.h"
#include "common/codec/json_write.h"

/* A byte takes at most six in JSON, and a name stands twice; the rest is punctuation and names. */
enum { ESCAPED_BYTES = 2 * 6, MODEL_FRAME_BYTES = 320 };

static struct tg_text take(struct tg_arena *arena, struct tg_json_writer *writer, struct tg_buf *buf)
{
    enum tg_status status = tg_json_write_finish(writer);
    assert(status == TG_OK); /* the bound was counted to suffice */
    (void)status;
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(buf));
    tg_buf_deinit(buf);
    return text;
}

static void put_text(struct tg_json_writer *writer, const char *key, struct tg_text text)
{
    tg_json_write_key(writer, key);
    tg_json_write_string(writer, text);
}

static void put_number(struct tg_json_writer *writer, const char *key, int64_t number)
{
    tg_json_write_key(writer, key);
    tg_json_write_i64(writer, number);
}

/* ---- OpenAI ---- */

static void write_openai(struct tg_json_writer *writer, const struct tg_operations_listed_model *model)
{
    tg_json_write_object_begin(writer);
    put_text(writer, "id", model->name);
    put_text(writer, "object", tg_text_of("model"));
    put_number(writer, "created", model->created_at_ms / 1000);
    put_text(writer, "owned_by", tg_text_of("tollgate"));
    tg_json_write_object_end(writer);
}

/* ---- Anthropic ---- */

static void write_anthropic(struct tg_json_writer *writer, const struct tg_operations_listed_model *model)
{
    char created_at[TG_TIME_TEXT_BYTES];
    tg_time_format(model->created_at_ms, created_at);
    tg_json_write_object_begin(writer);
    put_text(writer, "type", tg_text_of("model"));
    put_text(writer, "id", model->name);
    put_text(writer, "display_name", model->name);
    put_text(writer, "created_at", tg_text_of(created_at));
    tg_json_write_object_end(writer);
}

static void put_edge(struct tg_json_writer *writer, const char *key, const struct tg_operations_listed_model *model)
{
    tg_json_write_key(writer, key);
    if (model == NULL)
        tg_json_write_null(writer);
    else
        tg_json_write_string(writer, model->name);
}

/* ---- Google ---- */

static void write_google(struct tg_json_writer *writer, struct tg_arena *arena,
                         const struct tg_operations_listed_model *model)
{
    tg_json_write_object_begin(writer);
    put_text(writer, "name", tg_arena_printf(arena, "models/%.*s", TG_TEXT_ARG(model->name)));
    put_text(writer, "displayName", model->name);
    put_number(writer, "inputTokenLimit", model->max_input_tokens);
    put_number(writer, "outputTokenLimit", model->max_output_tokens);
    tg_json_write_key(writer, "supportedGenerationMethods");
    tg_json_write_array_begin(writer);
    if (model->kind == TG_MODEL_CHAT) {
        tg_json_write_string(writer, tg_text_of("generateContent"));
        tg_json_write_string(writer, tg_text_of("countTokens"));
    } else if (model->kind == TG_MODEL_EMBEDDING) {
        tg_json_write_string(writer, tg_text_of("embedContent"));
    }
    tg_json_write_array_end(writer);
    tg_json_write_object_end(writer);
}

/* ---- any ---- */

static void write_model(struct tg_json_writer *writer, struct tg_arena *arena, enum tg_dialect_id dialect,
                        const struct tg_operations_listed_model *model)
{
    if (dialect == TG_DIALECT_MESSAGES)
        write_anthropic(writer, model);
    else if (dialect == TG_DIALECT_GEMINI)
        write_google(writer, arena, model);
    else
        write_openai(writer, model);
}

struct tg_text tg_operations_models_body(struct tg_arena *arena, enum tg_dialect_id dialect,
                                         const struct tg_operations_listed_model *models, size_t count)
{
    struct tg_json_writer writer;
    struct tg_buf buf;
    size_t bound = 2 * MODEL_FRAME_BYTES;
    for (size_t i = 0; i < count; ++i)
        bound += MODEL_FRAME_BYTES + ESCAPED_BYTES * models[i].name.bytes;
    if (count != 0)
        bound += ESCAPED_BYTES * (models[0].name.bytes + models[count - 1].name.bytes);
    tg_buf_init(&buf, bound);
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    if (dialect != TG_DIALECT_MESSAGES && dialect != TG_DIALECT_GEMINI)
        put_text(&writer, "object", tg_text_of("list"));
    tg_json_write_key(&writer, dialect == TG_DIALECT_GEMINI ? "models" : "data");
    tg_json_write_array_begin(&writer);
    for (size_t i = 0; i < count; ++i)
        write_model(&writer, arena, dialect, &models[i]);
    tg_json_write_array_end(&writer);
    if (dialect == TG_DIALECT_MESSAGES) {
        tg_json_write_key(&writer, "has_more");
        tg_json_write_boolean(&writer, false);
        put_edge(&writer, "first_id", count == 0 ? NULL : &models[0]);
        put_edge(&writer, "last_id", count == 0 ? NULL : &models[count - 1]);
    }
    tg_json_write_object_end(&writer);
    return take(arena, &writer, &buf);
}

struct tg_text tg_operations_model_body(struct tg_arena *arena, enum tg_dialect_id dialect,
                                        const struct tg_operations_listed_model *model)
{
    struct tg_json_writer writer;
    struct tg_buf buf;
    tg_buf_init(&buf, MODEL_FRAME_BYTES + ESCAPED_BYTES * model->name.bytes);
    tg_json_write_init(&writer, &buf);
    write_model(&writer, arena, dialect, model);
    return take(arena, &writer, &buf);
}
