#include "tests/simulator/request.h"

#include "common/codec/json_scan.h"

int64_t sim_count_words(struct tg_text text)
{
    int64_t words = 0;
    bool was_space = true;
    for (size_t i = 0; i < text.bytes; ++i) {
        bool is_space = (unsigned char)text.data[i] <= ' ';
        words += was_space && !is_space;
        was_space = is_space;
    }
    return words;
}

static struct tg_text plain_text(struct tg_arena *arena, const struct tg_json_token *token)
{
    return token->has_escapes ? tg_json_unescape(arena, token->value) : token->value;
}

static bool is_member(const struct tg_json_token *token, const char *name, enum tg_json_kind kind)
{
    return token->kind == kind && tg_json_text_is(token->key, name);
}

static bool is_true(const struct tg_json_token *token)
{
    return token->kind == TG_JSON_BOOLEAN && token->value.data[0] == 't';
}

static enum tg_status read_number(const struct tg_json_token *token, int64_t min, int64_t max, int64_t *number,
                                  struct tg_error *error)
{
    if (token->kind == TG_JSON_NULL)
        return TG_OK;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, number) != TG_OK || *number < min ||
        *number > max)
        return tg_fail(error, TG_INVALID, "'%.*s' must be a whole number from %lld to %lld", TG_TEXT_ARG(token->key),
                       (long long)min, (long long)max);
    return TG_OK;
}

/* The texts of a message's content, a string or an array of parts: counts their words; the last one is its text. */
static void read_content(struct tg_arena *arena, struct tg_json_scan *scan, const struct tg_json_token *content,
                         int64_t *words, struct tg_text *text)
{
    if (content->kind == TG_JSON_STRING) {
        *text = plain_text(arena, content);
        *words += sim_count_words(*text);
        return;
    }
    struct tg_json_token part, member;
    while (content->kind == TG_JSON_ARRAY && tg_json_scan_next_in(scan, content, &part)) {
        while (part.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &part, &member)) {
            if (!is_member(&member, "text", TG_JSON_STRING))
                continue;
            *text = plain_text(arena, &member);
            *words += sim_count_words(*text);
        }
    }
}

static void read_messages(struct tg_arena *arena, struct tg_json_scan *scan, const struct tg_json_token *messages,
                          struct sim_chat *chat)
{
    struct tg_json_token message, member;
    while (tg_json_scan_next_in(scan, messages, &message)) {
        struct tg_text role = {0}, text = {0};
        chat->prompt_tokens += 3;
        while (message.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &message, &member)) {
            if (is_member(&member, "role", TG_JSON_STRING))
                role = member.value;
            else if (tg_json_text_is(member.key, "content"))
                read_content(arena, scan, &member, &chat->prompt_tokens, &text);
        }
        chat->is_after_tool = tg_text_is(role, "tool");
        if (tg_text_is(role, "user"))
            chat->asked = text;
    }
}

static void read_stream_options(struct tg_json_scan *scan, const struct tg_json_token *options, struct sim_chat *chat)
{
    struct tg_json_token member;
    while (options->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, options, &member)) {
        if (tg_json_text_is(member.key, "include_usage"))
            chat->wants_usage = is_true(&member);
    }
}

static enum tg_status read_chat_member(struct tg_arena *arena, struct tg_json_scan *scan, struct tg_json_token *member,
                                       struct sim_chat *chat, struct tg_error *error)
{
    if (is_member(member, "model", TG_JSON_STRING)) {
        chat->model = member->value;
    } else if (is_member(member, "messages", TG_JSON_ARRAY)) {
        read_messages(arena, scan, member, chat);
    } else if (tg_json_text_is(member->key, "max_tokens") || tg_json_text_is(member->key, "max_completion_tokens")) {
        return read_number(member, 1, INT64_MAX, &chat->max_tokens, error);
    } else if (tg_json_text_is(member->key, "n")) {
        return read_number(member, 1, SIM_MAX_CHOICES, &chat->choices, error);
    } else if (tg_json_text_is(member->key, "stream")) {
        chat->is_streaming = is_true(member);
    } else if (tg_json_text_is(member->key, "stream_options")) {
        read_stream_options(scan, member, chat);
    } else if (is_member(member, "tools", TG_JSON_ARRAY) && tg_json_scan_skip(scan, member)) {
        chat->tools = member->value;
    } else if (tg_json_text_is(member->key, "tool_choice") && tg_json_scan_skip(scan, member)) {
        /* A string comes without its quotes. */
        chat->tool_choice = member->value;
    }
    return TG_OK;
}

enum tg_status sim_chat_read(struct tg_arena *arena, struct tg_text body, struct sim_chat *chat, struct tg_error *error)
{
    *chat = (struct sim_chat){.max_tokens = -1, .choices = 1};
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    enum tg_status status = TG_OK;
    tg_json_scan_init(&scan, body);
    bool is_object = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    while (status == TG_OK && is_object && tg_json_scan_next_in(&scan, &root, &member))
        status = read_chat_member(arena, &scan, &member, chat, error);
    if (status != TG_OK)
        return status;
    if ((status = tg_json_scan_finish(&scan, error)) != TG_OK)
        return status;
    if (chat->model.bytes == 0)
        return tg_fail(error, TG_INVALID, "you must provide a model parameter");
    if (chat->prompt_tokens == 0)
        return tg_fail(error, TG_INVALID, "'messages' must be an array with at least one message");
    return sim_directive_find(chat->asked, &chat->directive, error);
}

static enum tg_status add_input(struct sim_embeddings *embeddings, struct tg_text content, int64_t tokens,
                                struct tg_error *error)
{
    if (embeddings->input_count == SIM_MAX_INPUTS)
        return tg_fail(error, TG_INVALID, "'input' must not have more than %d elements", SIM_MAX_INPUTS);
    embeddings->seeds[embeddings->input_count++] = tg_text_hash(content, 1);
    embeddings->prompt_tokens += tokens < 1 ? 1 : tokens;
    return TG_OK;
}

static enum tg_status add_text(struct tg_arena *arena, struct sim_embeddings *embeddings,
                               const struct tg_json_token *token, struct tg_error *error)
{
    struct tg_text text = plain_text(arena, token);
    enum tg_status status = TG_OK;
    if (embeddings->input_count == 0)
        status = sim_directive_find(text, &embeddings->directive, error);
    return status != TG_OK ? status : add_input(embeddings, text, sim_count_words(text), error);
}

/* A string, an array of strings, of token numbers, or of arrays of token numbers. */
static enum tg_status read_input(struct tg_arena *arena, struct tg_json_scan *scan, struct tg_json_token *input,
                                 struct sim_embeddings *embeddings, struct tg_error *error)
{
    if (input->kind == TG_JSON_STRING)
        return add_text(arena, embeddings, input, error);
    struct tg_json_token element, number;
    int64_t loose_numbers = 0;
    enum tg_status status = TG_OK;
    while (status == TG_OK && input->kind == TG_JSON_ARRAY && tg_json_scan_next_in(scan, input, &element)) {
        if (element.kind == TG_JSON_STRING) {
            status = add_text(arena, embeddings, &element, error);
        } else if (element.kind == TG_JSON_NUMBER) {
            ++loose_numbers;
        } else if (element.kind == TG_JSON_ARRAY) {
            int64_t numbers = 0;
            const char *begin = element.value.data;
            while (tg_json_scan_next_in(scan, &element, &number))
                ++numbers;
            status = add_input(embeddings, tg_text(begin, (size_t)(scan->at - begin)), numbers, error);
        }
    }
    if (status == TG_OK && loose_numbers != 0)
        status = add_input(embeddings, tg_text(input->value.data, (size_t)(scan->at - input->value.data)),
                           loose_numbers, error);
    return status;
}

enum tg_status sim_embeddings_read(struct tg_arena *arena, struct tg_text body, struct sim_embeddings *embeddings,
                                   struct tg_error *error)
{
    embeddings->input_count = embeddings->prompt_tokens = 0;
    embeddings->model = (struct tg_text){0};
    embeddings->dimensions = SIM_DEFAULT_DIMENSIONS;
    embeddings->is_base64 = false;
    enum tg_status status = sim_directive_find((struct tg_text){0}, &embeddings->directive, error);
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, body);
    bool is_object = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    while (status == TG_OK && is_object && tg_json_scan_next_in(&scan, &root, &member)) {
        if (is_member(&member, "model", TG_JSON_STRING))
            embeddings->model = member.value;
        else if (tg_json_text_is(member.key, "input"))
            status = read_input(arena, &scan, &member, embeddings, error);
        else if (tg_json_text_is(member.key, "dimensions"))
            status = read_number(&member, 1, SIM_MAX_DIMENSIONS, &embeddings->dimensions, error);
        else if (is_member(&member, "encoding_format", TG_JSON_STRING))
            embeddings->is_base64 = tg_json_text_is(member.value, "base64");
    }
    if (status != TG_OK || (status = tg_json_scan_finish(&scan, error)) != TG_OK)
        return status;
    if (embeddings->model.bytes == 0)
        return tg_fail(error, TG_INVALID, "you must provide a model parameter");
    if (embeddings->input_count == 0)
        return tg_fail(error, TG_INVALID, "'input' must be a string or an array with at least one element");
    return TG_OK;
}
