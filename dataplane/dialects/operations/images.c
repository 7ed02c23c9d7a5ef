/* Pictures made and changed. Models that count tokens tell them; for the others it is the pictures that are counted.
 * Streams (partial_images) end with one event of the type image_generation.completed or image_edit.completed for each
 * picture, with the usage of that picture. */
#include "dataplane/dialects/operations/operations_internal.h"

static bool read_generation(const struct tg_request_source *source, struct tg_model_request *request,
                            struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, true},
        {"prompt", operations_read_prompt, false},
        {"n", operations_read_images, false},
        {"stream", operations_read_stream, false},
    };
    bool is_good = operations_read(source, request, error, TG_DIALECT_CHAT, rules, 4);
    if (request->images == 0)
        request->images = 1;
    return is_good;
}

/* A form with the pictures in it, or JSON that refers to them. */
static bool read_edit(const struct tg_request_source *source, struct tg_model_request *request,
                      struct tg_client_error *error)
{
    if (tg_multipart_is(source->content_type))
        return operations_read_form(source, request, error);
    bool is_good = read_generation(source, request, error);
    request->is_beyond_text = true;
    return is_good;
}

/* So much of the end is searched before all of an answer, which holds pictures, is parsed. */
enum { TAIL_BYTES = 4 << 10 };

static void watch_whole(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    size_t tail_bytes = body.bytes < TAIL_BYTES ? body.bytes : TAIL_BYTES;
    struct tg_text tail = tg_text(body.bytes == 0 ? NULL : body.data + body.bytes - tail_bytes, tail_bytes);
    seen->is_done = true;
    if (operations_tail_usage(tail, TG_USAGE_OUTPUT_IMAGE, &seen->usage)) {
        seen->has_usage = true;
        return;
    }
    operations_read_answer(body, &answer);
    operations_see(seen, &answer, TG_USAGE_OUTPUT_IMAGE);
    if (!seen->has_usage && answer.data_count >= 0) {
        seen->usage.of[TG_USAGE_IMAGES] = answer.data_count;
        seen->has_usage = true;
    }
}

static bool ends_with(struct tg_text text, const char *end)
{
    size_t bytes = strlen(end);
    return text.bytes >= bytes && memcmp(text.data + text.bytes - bytes, end, bytes) == 0;
}

static enum tg_block_fate watch_block(struct tg_seen *seen, bool hides_usage, struct tg_text name, struct tg_text data)
{
    struct operations_answer answer;
    struct tg_seen picture = {.has_usage = false};
    (void)hides_usage;
    if (ends_with(name, ".partial_image"))
        return TG_BLOCK_PASS;
    operations_read_answer(data, &answer);
    seen->has_error = seen->has_error || answer.has_error || tg_json_string_is(answer.type, "error");
    if (!ends_with(answer.type.written, ".completed"))
        return TG_BLOCK_PASS;
    operations_see(&picture, &answer, TG_USAGE_OUTPUT_IMAGE);
    if (!picture.has_usage)
        picture.usage.of[TG_USAGE_IMAGES] = 1;
    for (size_t i = 0; i < TG_USAGE_KIND_COUNT; ++i)
        seen->usage.of[i] += picture.usage.of[i];
    seen->has_usage = seen->is_done = true;
    return TG_BLOCK_HOLD_SO_FAR;
}

static bool watch_tail(struct tg_text tail, struct tg_usage *usage)
{
    return operations_tail_usage(tail, TG_USAGE_OUTPUT_IMAGE, usage);
}

const struct tg_dialect tg_operations_images = {
    .id = TG_DIALECT_CHAT,
    .name = "images",
    .read_request = read_generation,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit,
    .watch_block = watch_block,
    .watch_whole = watch_whole,
    .watch_tail = watch_tail,
};

const struct tg_dialect tg_operations_image_edits = {
    .id = TG_DIALECT_CHAT,
    .name = "image_edits",
    .read_request = read_edit,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit_form,
    .watch_block = watch_block,
    .watch_whole = watch_whole,
    .watch_tail = watch_tail,
};
