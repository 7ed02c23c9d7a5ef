#include "dataplane/dialects/responses/encode_internal.h"

/* One event, from its name to its blank line, on its way to `out`. */
struct saying {
    struct encoder *encoder;
    struct tg_buf *out;
    struct tg_json_writer json;
    enum tg_status status;
};

static struct tg_json_writer *begin_event(struct saying *saying, struct encoder *encoder, struct tg_buf *out,
                                          const char *name)
{
    saying->encoder = encoder;
    saying->out = out;
    saying->status = tg_buf_append(out, tg_text_of("event: "));
    if (saying->status == TG_OK)
        saying->status = tg_buf_append(out, tg_text_of(name));
    if (saying->status == TG_OK)
        saying->status = tg_buf_append(out, tg_text_of("\ndata: "));
    tg_json_write_init(&saying->json, out);
    tg_json_write_object_begin(&saying->json);
    tg_json_write_key(&saying->json, "type");
    tg_json_write_string(&saying->json, tg_text_of(name));
    return &saying->json;
}

static enum tg_status end_event(struct saying *saying)
{
    tg_json_write_key(&saying->json, "sequence_number");
    tg_json_write_i64(&saying->json, saying->encoder->sequence++);
    tg_json_write_object_end(&saying->json);
    enum tg_status status = tg_json_write_finish(&saying->json);
    if (saying->status == TG_OK)
        saying->status = status;
    return saying->status == TG_OK ? tg_buf_append(saying->out, tg_text_of("\n\n")) : saying->status;
}

static void write_index(struct tg_json_writer *json, const char *key, unsigned index)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, index);
}

static void write_place(struct tg_json_writer *json, const struct encoded_item *item)
{
    tg_json_write_key(json, "item_id");
    tg_json_write_written(json, item->id);
    write_index(json, "output_index", item->output_index);
}

enum tg_status tg_responses_say_response(struct encoder *encoder, struct tg_buf *out, const char *name,
                                         const char *status, const struct tg_answer_error *error)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, name);
    tg_json_write_key(json, "response");
    tg_responses_write_response(json, encoder, status, error);
    return end_event(&saying);
}

enum tg_status tg_responses_say_item(struct encoder *encoder, struct tg_buf *out, const char *name,
                                     const struct encoded_item *item, struct tg_text raw)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, name);
    write_index(json, "output_index", item->output_index);
    tg_json_write_key(json, "item");
    tg_json_write_raw(json, raw);
    return end_event(&saying);
}

enum tg_status tg_responses_say_text(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                     const char *name, const char *index, const char *key, struct tg_text written)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, name);
    if (index != NULL)
        write_index(json, index, part->content_index);
    write_place(json, part->item);
    tg_json_write_key(json, key);
    tg_json_write_quoted(json, written);
    return end_event(&saying);
}

enum tg_status tg_responses_say_text_delta(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                           struct tg_text written, struct tg_text logprobs)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, "response.output_text.delta");
    write_index(json, "content_index", part->content_index);
    tg_json_write_key(json, "delta");
    tg_json_write_quoted(json, written);
    write_place(json, part->item);
    tg_json_write_key(json, "logprobs");
    tg_json_write_array_begin(json);
    if (logprobs.bytes != 0)
        tg_json_write_raw(json, logprobs);
    tg_json_write_array_end(json);
    return end_event(&saying);
}

enum tg_status tg_responses_say_part(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                     bool is_done)
{
    struct saying saying;
    struct tg_json_writer *json =
        begin_event(&saying, encoder, out, is_done ? "response.content_part.done" : "response.content_part.added");
    write_index(json, "content_index", part->content_index);
    write_place(json, part->item);
    tg_json_write_key(json, "part");
    tg_responses_write_text_part(json, part, is_done);
    return end_event(&saying);
}

enum tg_status tg_responses_say_summary_part(struct encoder *encoder, struct tg_buf *out,
                                             const struct encoded_part *part, bool is_done)
{
    struct saying saying;
    struct tg_json_writer *json =
        begin_event(&saying, encoder, out,
                    is_done ? "response.reasoning_summary_part.done" : "response.reasoning_summary_part.added");
    write_index(json, "summary_index", 0);
    write_place(json, part->item);
    tg_json_write_key(json, "part");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of("summary_text"));
    tg_json_write_key(json, "text");
    tg_json_write_quoted(json, is_done ? tg_growing_text(&part->text) : tg_text(NULL, 0));
    tg_json_write_object_end(json);
    return end_event(&saying);
}

enum tg_status tg_responses_say_annotation(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part,
                                           struct tg_text annotation)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, "response.output_text.annotation.added");
    write_index(json, "annotation_index", part->annotation_count);
    write_index(json, "content_index", part->content_index);
    write_place(json, part->item);
    tg_json_write_key(json, "annotation");
    tg_json_write_raw(json, annotation);
    return end_event(&saying);
}

enum tg_status tg_responses_say_text_done(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part)
{
    struct saying saying;
    bool is_refusal = part->kind == TG_PART_REFUSAL;
    struct tg_json_writer *json =
        begin_event(&saying, encoder, out, is_refusal ? "response.refusal.done" : "response.output_text.done");
    write_index(json, "content_index", part->content_index);
    write_place(json, part->item);
    if (!is_refusal) {
        tg_json_write_key(json, "logprobs");
        tg_json_write_array_begin(json);
        if (part->logprobs.bytes != 0)
            tg_json_write_raw(json, tg_growing_text(&part->logprobs));
        tg_json_write_array_end(json);
    }
    tg_json_write_key(json, is_refusal ? "refusal" : "text");
    tg_json_write_quoted(json, tg_growing_text(&part->text));
    enum tg_status status = end_event(&saying);
    return status == TG_OK ? tg_responses_say_part(encoder, out, part, true) : status;
}

enum tg_status tg_responses_say_arguments(struct encoder *encoder, struct tg_buf *out, const struct encoded_part *part)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, "response.function_call_arguments.done");
    write_place(json, part->item);
    tg_json_write_key(json, "name");
    tg_json_write_written(json, part->name);
    tg_json_write_key(json, "arguments");
    tg_json_write_quoted(json, tg_growing_text(&part->text));
    return end_event(&saying);
}

enum tg_status tg_responses_say_error(struct encoder *encoder, struct tg_buf *out, const struct tg_answer_error *error)
{
    struct saying saying;
    struct tg_json_writer *json = begin_event(&saying, encoder, out, "error");
    tg_responses_write_error_members(json, error);
    return end_event(&saying);
}
