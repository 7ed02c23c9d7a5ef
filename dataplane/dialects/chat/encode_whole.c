/* A whole answer: https://platform.openai.com/docs/api-reference/chat/object. */
#include "dataplane/dialects/chat/encode_internal.h"

enum tg_status chat_whole_list(struct chat_encoder *encoder, unsigned index, enum chat_encode_list list,
                               struct tg_text elements)
{
    struct tg_growing *growing = &encoder->choices[index]->lists[list];
    enum tg_status status = growing->bytes == 0 ? TG_OK : tg_growing_append(growing, encoder->arena, tg_text_of(","));
    return status == TG_OK ? tg_growing_append(growing, encoder->arena, elements) : status;
}

static void write_field(struct tg_json_writer *writer, const struct chat_encode_choice *choice,
                        enum chat_encode_field field)
{
    tg_json_write_key(writer, chat_encode_field_name(field));
    if (choice->has[field])
        tg_json_write_quoted(writer, tg_growing_text(&choice->fields[field]));
    else
        tg_json_write_null(writer);
}

static void write_list(struct tg_json_writer *writer, const struct chat_encode_choice *choice,
                       enum chat_encode_list list, const char *name)
{
    tg_json_write_key(writer, name);
    tg_json_write_array_begin(writer);
    if (choice->lists[list].bytes != 0)
        tg_json_write_raw(writer, tg_growing_text(&choice->lists[list]));
    tg_json_write_array_end(writer);
}

/* Sound is known by an id, which its maker's format may not have had, and expires at once. */
static void write_audio(struct tg_json_writer *writer, const struct chat_encoder *encoder,
                        const struct chat_encode_choice *choice)
{
    tg_json_write_key(writer, "audio");
    tg_json_write_object_begin(writer);
    chat_write_text_member(writer, "id", encoder->id);
    tg_json_write_key(writer, "expires_at");
    tg_json_write_i64(writer, encoder->options.unix_ms / 1000);
    tg_json_write_key(writer, "data");
    tg_json_write_quoted(writer, tg_growing_text(&choice->audio));
    tg_json_write_key(writer, "transcript");
    tg_json_write_quoted(writer, tg_growing_text(&choice->fields[CHAT_FIELD_CONTENT]));
    tg_json_write_object_end(writer);
}

static void write_message(struct tg_json_writer *writer, const struct chat_encoder *encoder,
                          const struct chat_encode_choice *choice)
{
    tg_json_write_object_begin(writer);
    chat_write_text_member(writer, "role", tg_json_string_literal("assistant"));
    write_field(writer, choice, CHAT_FIELD_CONTENT);
    write_field(writer, choice, CHAT_FIELD_REFUSAL);
    if (choice->has[CHAT_FIELD_REASONING] && choice->fields[CHAT_FIELD_REASONING].bytes != 0)
        write_field(writer, choice, CHAT_FIELD_REASONING);
    for (enum chat_encode_list list = 0; list < CHAT_LIST_COUNT; ++list) {
        bool is_there = choice->lists[list].bytes != 0 || list == CHAT_LIST_ANNOTATIONS;
        if (is_there && list != CHAT_LIST_LOGPROBS)
            write_list(writer, choice, list, chat_encode_list_name(list));
    }
    if (choice->audio.bytes != 0)
        write_audio(writer, encoder, choice);
    tg_json_write_object_end(writer);
}

static void write_choice(struct tg_json_writer *writer, const struct chat_encoder *encoder, unsigned index)
{
    const struct chat_encode_choice *choice = encoder->choices[index];
    tg_json_write_object_begin(writer);
    tg_json_write_key(writer, "index");
    tg_json_write_i64(writer, index);
    tg_json_write_key(writer, "message");
    write_message(writer, encoder, choice);
    tg_json_write_key(writer, "logprobs");
    if (choice->lists[CHAT_LIST_LOGPROBS].bytes == 0) {
        tg_json_write_null(writer);
    } else {
        tg_json_write_object_begin(writer);
        write_list(writer, choice, CHAT_LIST_LOGPROBS, "content");
        tg_json_write_key(writer, "refusal");
        tg_json_write_null(writer);
        tg_json_write_object_end(writer);
    }
    chat_write_text_member(writer, "finish_reason", tg_json_string_literal(chat_finish_reason(choice, choice->finish)));
    tg_json_write_object_end(writer);
}

enum tg_status chat_whole_end(struct chat_encoder *encoder, struct tg_buf *out)
{
    struct tg_json_writer writer;
    tg_json_write_init(&writer, out);
    tg_json_write_object_begin(&writer);
    chat_write_text_member(&writer, "id", encoder->id);
    chat_write_text_member(&writer, "object", tg_json_string_literal("chat.completion"));
    tg_json_write_key(&writer, "created");
    tg_json_write_i64(&writer, encoder->options.unix_ms / 1000);
    chat_write_text_member(&writer, "model", encoder->model);
    tg_json_write_key(&writer, "choices");
    tg_json_write_array_begin(&writer);
    for (unsigned i = 0; i < encoder->choice_count; ++i)
        if (encoder->choices[i] != NULL)
            write_choice(&writer, encoder, i);
    tg_json_write_array_end(&writer);
    if (encoder->has_usage) {
        tg_json_write_key(&writer, "usage");
        chat_usage_write(&writer, &encoder->usage);
    }
    if (!tg_json_string_is_empty(encoder->service_tier))
        chat_write_text_member(&writer, "service_tier", encoder->service_tier);
    tg_json_write_object_end(&writer);
    return tg_json_write_finish(&writer);
}
