#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/encode_internal.h"

static struct tg_json_string copy(struct tg_arena *arena, struct tg_json_string string)
{
    return tg_json_string_is_empty(string) ? string : tg_json_string(tg_arena_copy(arena, string.written));
}

static enum tg_status keep(struct encoder *encoder, struct tg_growing *growing, struct tg_text text)
{
    if (text.bytes > MAX_KEPT_BYTES - encoder->kept_bytes)
        return TG_TOO_LARGE;
    encoder->kept_bytes += text.bytes;
    return text.bytes == 0 ? TG_OK : tg_growing_append(growing, encoder->arena, text);
}

static struct encoded_item *new_item(struct encoder *encoder, const char *prefix)
{
    struct encoded_item *item = tg_arena_calloc(encoder->arena, sizeof(*item));
    item->output_index = encoder->item_count++;
    item->id = tg_json_string_of(encoder->arena,
                                 tg_arena_printf(encoder->arena, "%s_%.*s_%u", prefix,
                                                 TG_TEXT_ARG(encoder->options->request_id), item->output_index));
    if (encoder->last_item == NULL)
        encoder->items = item;
    else
        encoder->last_item->next = item;
    encoder->last_item = item;
    return item;
}

static struct encoded_part *find_part(const struct encoder *encoder, unsigned number)
{
    struct encoded_part *part = encoder->parts;
    while (part != NULL && part->number != number)
        part = part->next;
    return part;
}

static void forget_part(struct encoder *encoder, struct encoded_part *part)
{
    struct encoded_part **link = &encoder->parts;
    while (*link != part)
        link = &(*link)->next;
    *link = part->next;
}

/* ---- items ---- */

/* An item as it is announced, or done: written aside, because the response repeats it. */
static enum tg_status render(struct encoder *encoder, const struct encoded_part *part,
                             const struct encoded_item *message, const char *status, bool is_done, struct tg_text *text)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    tg_buf_init(&buf, MAX_KEPT_BYTES);
    tg_json_write_init(&json, &buf);
    if (message != NULL)
        tg_responses_write_message(&json, message, status);
    else if (part->kind == TG_PART_TOOL_CALL)
        tg_responses_write_call(&json, encoder->arena, part, is_done);
    else if (part->kind == TG_PART_IMAGE)
        tg_responses_write_image(&json, part, is_done);
    else if (part->kind == TG_PART_OTHER)
        tg_json_write_raw(&json, part->raw);
    else
        tg_responses_write_reasoning(&json, encoder->arena, part, is_done);
    enum tg_status result = tg_json_write_finish(&json);
    if (result == TG_OK && buf.bytes > MAX_KEPT_BYTES - encoder->kept_bytes)
        result = TG_TOO_LARGE;
    if (result == TG_OK) {
        encoder->kept_bytes += buf.bytes;
        *text = tg_arena_copy(encoder->arena, tg_buf_text(&buf));
    }
    tg_buf_deinit(&buf);
    return result;
}

static enum tg_status announce(struct encoder *encoder, const struct encoded_part *part,
                               const struct encoded_item *message, struct tg_buf *out)
{
    struct tg_text raw;
    if (!encoder->options->is_streaming)
        return TG_OK;
    enum tg_status status = render(encoder, part, message, "in_progress", false, &raw);
    const struct encoded_item *item = message != NULL ? message : part->item;
    return status == TG_OK ? tg_responses_say_item(encoder, out, "response.output_item.added", item, raw) : status;
}

static enum tg_status complete(struct encoder *encoder, const struct encoded_part *part, struct encoded_item *message,
                               const char *message_status, struct tg_buf *out)
{
    struct encoded_item *item = message != NULL ? message : part->item;
    enum tg_status status = render(encoder, part, message, message_status, true, &item->json);
    if (status != TG_OK || !encoder->options->is_streaming)
        return status;
    return tg_responses_say_item(encoder, out, "response.output_item.done", item, item->json);
}

enum tg_status tg_responses_close_message(struct encoder *encoder, const char *status, struct tg_buf *out)
{
    struct encoded_item *message = encoder->message;
    encoder->message = NULL;
    return message == NULL ? TG_OK : complete(encoder, NULL, message, status, out);
}

/* ---- parts begin ---- */

static enum tg_status begin_text(struct encoder *encoder, struct encoded_part *part, struct tg_buf *out)
{
    enum tg_status status = TG_OK;
    encoder->has_refusal |= part->kind == TG_PART_REFUSAL;
    if (encoder->message == NULL) {
        encoder->message = new_item(encoder, "msg");
        status = announce(encoder, NULL, encoder->message, out);
    }
    part->item = encoder->message;
    part->content_index = part->item->content_count++;
    ++part->item->open_content_count;
    if (status != TG_OK || !encoder->options->is_streaming)
        return status;
    return tg_responses_say_part(encoder, out, part, false);
}

static void take_call(struct encoder *encoder, struct encoded_part *part, const struct tg_answer_event *event)
{
    struct tg_arena *arena = encoder->arena;
    part->name = copy(arena, event->name);
    part->call_id = copy(arena, event->call_id);
    if (encoder->options->request != NULL)
        part->tool = tg_request_tool(encoder->options->request, event->name);
    if (part->tool != NULL && !tg_json_string_is_empty(part->tool->space)) {
        part->space = part->tool->space;
        part->name = part->tool->name_in_space;
    }
    part->item = new_item(encoder, tg_responses_is_freeform(part) ? "ctc" : tg_responses_is_shell(part) ? "lsh" : "fc");
    if (tg_json_string_is_empty(part->call_id)) /* some makers' calls have no id */
        part->call_id =
            tg_json_string_of(arena, tg_arena_printf(arena, "call_%.*s_%u", TG_TEXT_ARG(encoder->options->request_id),
                                                     part->item->output_index));
}

enum tg_status tg_responses_begin_part(struct encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    if (encoder->part_count == MAX_ENCODED_PARTS || find_part(encoder, event->part) != NULL)
        return TG_TOO_LARGE;
    ++encoder->part_count;
    struct encoded_part *part = tg_arena_calloc(encoder->arena, sizeof(*part));
    part->number = event->part;
    part->kind = event->part_kind;
    part->next = encoder->parts;
    encoder->parts = part;
    if (part->kind == TG_PART_TEXT || part->kind == TG_PART_REFUSAL)
        return begin_text(encoder, part, out);
    if (encoder->message != NULL && encoder->message->open_content_count == 0) {
        enum tg_status status = tg_responses_close_message(encoder, "completed", out);
        if (status != TG_OK)
            return status;
    }
    switch (part->kind) {
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
        part->item = new_item(encoder, "rs");
        break;
    case TG_PART_TOOL_CALL:
        take_call(encoder, part, event);
        break;
    case TG_PART_IMAGE:
        part->item = new_item(encoder, "ig");
        part->media_type = copy(encoder->arena, event->media_type);
        break;
    case TG_PART_OTHER:
        if (event->signature_origin != TG_DIALECT_RESPONSES || event->raw.bytes == 0)
            return TG_OK;
        part->item = new_item(encoder, "item");
        part->raw = tg_arena_copy(encoder->arena, event->raw);
        break;
    default:
        return TG_OK; /* sound, for which there is no item */
    }
    return announce(encoder, part, NULL, out);
}

/* ---- parts go on ---- */

static enum tg_status delta(struct encoder *encoder, struct encoded_part *part, struct tg_text text, struct tg_buf *out)
{
    bool is_streaming = encoder->options->is_streaming;
    enum tg_status status = keep(encoder, &part->text, text);
    if (status != TG_OK || !is_streaming || text.bytes == 0)
        return status;
    switch (part->kind) {
    case TG_PART_REFUSAL:
        return tg_responses_say_text(encoder, out, part, "response.refusal.delta", "content_index", "delta", text);
    case TG_PART_THINKING:
        if (!part->has_text)
            status = tg_responses_say_summary_part(encoder, out, part, false);
        part->has_text = true;
        if (status != TG_OK)
            return status;
        return tg_responses_say_text(encoder, out, part, "response.reasoning_summary_text.delta", "summary_index",
                                     "delta", text);
    case TG_PART_TOOL_CALL:
        if (tg_responses_is_freeform(part) || tg_responses_is_shell(part))
            return TG_OK; /* what it comes to is only known at its end */
        return tg_responses_say_text(encoder, out, part, "response.function_call_arguments.delta", NULL, "delta", text);
    default:
        return TG_OK; /* a picture comes whole */
    }
}

static enum tg_status text_delta(struct encoder *encoder, struct encoded_part *part, struct tg_text text,
                                 struct tg_text logprobs, struct tg_buf *out)
{
    enum tg_status status = keep(encoder, &part->text, text);
    if (status != TG_OK || !encoder->options->is_streaming)
        return status;
    return tg_responses_say_text_delta(encoder, out, part, text, logprobs);
}

static enum tg_status add_member(struct encoder *encoder, struct tg_growing *list, struct tg_text member)
{
    enum tg_status status = TG_OK;
    if (list->bytes != 0)
        status = keep(encoder, list, tg_text_of(","));
    return status == TG_OK ? keep(encoder, list, member) : status;
}

/* They belong to text that was said before: an empty delta brings them. */
static enum tg_status logprobs(struct encoder *encoder, struct encoded_part *part, struct tg_text list,
                               struct tg_buf *out)
{
    if (part->kind != TG_PART_TEXT || list.bytes <= 2 || list.data[0] != '[')
        return TG_OK;
    struct tg_text members = tg_text(list.data + 1, list.bytes - 2);
    enum tg_status status = add_member(encoder, &part->logprobs, members);
    if (status != TG_OK || !encoder->options->is_streaming)
        return status;
    return text_delta(encoder, part, tg_text(NULL, 0), members, out);
}

static enum tg_status citations(struct encoder *encoder, struct encoded_part *part, const struct tg_answer_event *event,
                                struct tg_buf *out)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < event->citation_count && status == TG_OK && part->kind == TG_PART_TEXT; ++i) {
        struct tg_json_writer json;
        struct tg_buf buf;
        tg_buf_init(&buf, MAX_KEPT_BYTES);
        tg_json_write_init(&json, &buf);
        tg_responses_write_annotation(&json, part, &event->citations[i]);
        status = tg_json_write_finish(&json);
        if (status == TG_OK)
            status = add_member(encoder, &part->annotations, tg_buf_text(&buf));
        if (status == TG_OK && encoder->options->is_streaming)
            status = tg_responses_say_annotation(encoder, out, part, tg_buf_text(&buf));
        ++part->annotation_count;
        tg_buf_deinit(&buf);
    }
    return status;
}

/* ---- parts end ---- */

static enum tg_status end_text(struct encoder *encoder, const struct encoded_part *part, struct tg_buf *out)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    tg_buf_init(&buf, MAX_KEPT_BYTES);
    tg_json_write_init(&json, &buf);
    tg_responses_write_text_part(&json, part, true);
    enum tg_status status = tg_json_write_finish(&json);
    if (status == TG_OK)
        status = add_member(encoder, &part->item->content, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    --part->item->open_content_count;
    if (status != TG_OK || !encoder->options->is_streaming)
        return status;
    return tg_responses_say_text_done(encoder, out, part);
}

static enum tg_status end_thinking(struct encoder *encoder, const struct encoded_part *part, struct tg_buf *out)
{
    enum tg_status status = TG_OK;
    if (encoder->options->is_streaming && part->has_text) {
        status = tg_responses_say_text(encoder, out, part, "response.reasoning_summary_text.done", "summary_index",
                                       "text", tg_growing_text(&part->text));
        if (status == TG_OK)
            status = tg_responses_say_summary_part(encoder, out, part, true);
    }
    return status == TG_OK ? complete(encoder, part, NULL, NULL, out) : status;
}

static enum tg_status end_call(struct encoder *encoder, struct encoded_part *part, struct tg_buf *out)
{
    bool is_streaming = encoder->options->is_streaming;
    enum tg_status status = TG_OK;
    if (tg_responses_is_freeform(part)) {
        struct tg_arguments arguments = {.is_string = true, .raw = tg_growing_text(&part->text)};
        struct tg_text input = tg_freeform_unwrap(encoder->arena, &arguments).written;
        part->text = (struct tg_growing){.data = NULL};
        status = keep(encoder, &part->text, input);
        if (status == TG_OK && is_streaming && input.bytes != 0)
            status = tg_responses_say_text(encoder, out, part, "response.custom_tool_call_input.delta", NULL, "delta",
                                           input);
        if (status == TG_OK && is_streaming)
            status =
                tg_responses_say_text(encoder, out, part, "response.custom_tool_call_input.done", NULL, "input", input);
    } else if (!tg_responses_is_shell(part)) {
        if (part->text.bytes == 0)
            status = delta(encoder, part, tg_text_of("{}"), out);
        if (status == TG_OK && is_streaming)
            status = tg_responses_say_arguments(encoder, out, part);
    }
    return status == TG_OK ? complete(encoder, part, NULL, NULL, out) : status;
}

enum tg_status tg_responses_end_part(struct encoder *encoder, unsigned number, struct tg_buf *out)
{
    struct encoded_part *part = find_part(encoder, number);
    if (part == NULL)
        return TG_OK;
    forget_part(encoder, part);
    if (part->item == NULL)
        return TG_OK;
    switch (part->kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
        return end_text(encoder, part, out);
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
        return end_thinking(encoder, part, out);
    case TG_PART_TOOL_CALL:
        return end_call(encoder, part, out);
    default:
        return complete(encoder, part, NULL, NULL, out);
    }
}

enum tg_status tg_responses_go_on(struct encoder *encoder, const struct tg_answer_event *event, struct tg_buf *out)
{
    struct encoded_part *part = find_part(encoder, event->part);
    if (part == NULL || part->item == NULL)
        return TG_OK;
    switch (event->kind) {
    case TG_ANSWER_DELTA:
        if (part->kind == TG_PART_TEXT)
            return text_delta(encoder, part, event->text.written, tg_text(NULL, 0), out);
        return delta(encoder, part, event->text.written, out);
    case TG_ANSWER_SIGNATURE:
        part->signature_origin = event->signature_origin;
        return keep(encoder, &part->signature, event->text.written);
    case TG_ANSWER_CITATIONS:
        return citations(encoder, part, event, out);
    default:
        return logprobs(encoder, part, event->raw, out);
    }
}
