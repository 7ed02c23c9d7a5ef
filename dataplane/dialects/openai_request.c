#include "dataplane/dialects/openai_request.h"

#include "common/codec/json_scan.h"

struct reader {
    struct tg_json_scan scan;
    struct tg_arena *arena;
    struct tg_text body;
    struct tg_openai_request *request;
    struct tg_client_error *error; /* the first trouble with a field; reported once the document proved to be JSON */
};

static struct tg_body_span span_of(const struct reader *reader, struct tg_text value)
{
    return (struct tg_body_span){(size_t)(value.data - reader->body.data), value.bytes};
}

/* The first trouble is the one that is told. */
static void fail_type(struct reader *reader, const char *field, const char *wanted, const struct tg_json_token *token)
{
    if (reader->error->code != TG_ERROR_NONE)
        return;
    *reader->error = (struct tg_client_error){
        .code = TG_ERROR_INVALID_TYPE,
        .param = tg_text_of(field),
        .words = {tg_text_of(field), tg_text_of(wanted), tg_text_of(tg_json_kind_name(token->kind))},
    };
}

static void fail_value(struct reader *reader, const char *field, const char *wanted)
{
    if (reader->error->code != TG_ERROR_NONE)
        return;
    *reader->error = (struct tg_client_error){
        .code = TG_ERROR_INVALID_VALUE,
        .param = tg_text_of(field),
        .words = {tg_text_of(field), tg_text_of(wanted)},
    };
}

/* A whole number from 1 to `most`; null and what is refused are 0. */
static int64_t read_count(struct reader *reader, const char *field, const struct tg_json_token *token, int64_t most,
                          const char *wanted)
{
    int64_t number = 0;
    if (token->kind == TG_JSON_NULL)
        return 0;
    if (token->kind != TG_JSON_NUMBER) {
        fail_type(reader, field, "an integer", token);
        return 0;
    }
    if (tg_json_to_i64(token->value, &number) != TG_OK || number < 1 || number > most) {
        fail_value(reader, field, wanted);
        return 0;
    }
    return number;
}

static void read_model(struct reader *reader, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_STRING) {
        fail_type(reader, "model", "a string", token);
        return;
    }
    if (token->value.bytes == 0 || token->value.bytes > TG_OPENAI_MAX_MODEL_NAME_BYTES) {
        fail_value(reader, "model", "the name of a model, with at most 256 bytes");
        return;
    }
    struct tg_openai_request *request = reader->request;
    request->model = token->has_escapes ? tg_json_unescape(reader->arena, token->value) : token->value;
    request->model_span = span_of(reader, token->value);
}

static void read_stream(struct reader *reader, struct tg_json_token *token)
{
    if (token->kind == TG_JSON_BOOLEAN)
        reader->request->is_streaming = token->value.data[0] == 't';
    else if (token->kind != TG_JSON_NULL)
        fail_type(reader, "stream", "a boolean", token);
}

static void read_stream_options(struct reader *reader, struct tg_json_token *token)
{
    struct tg_openai_request *request = reader->request;
    if (token->kind == TG_JSON_NULL) {
        request->stream_options_span = span_of(reader, token->value);
        return;
    }
    if (token->kind != TG_JSON_OBJECT) {
        fail_type(reader, "stream_options", "an object", token);
        return;
    }
    request->stream_options = TG_STREAM_OPTIONS_EMPTY;
    request->stream_options_span = span_of(reader, token->value);
    struct tg_json_token option;
    while (tg_json_scan_next_in(&reader->scan, token, &option)) {
        request->stream_options = TG_STREAM_OPTIONS_FILLED;
        if (!tg_json_text_is(option.key, "include_usage"))
            continue;
        if (request->include_usage_span.bytes != 0)
            fail_value(reader, "stream_options.include_usage", "there only once");
        if (option.kind != TG_JSON_BOOLEAN && option.kind != TG_JSON_NULL) {
            fail_type(reader, "stream_options.include_usage", "a boolean", &option);
            continue;
        }
        request->include_usage_span = span_of(reader, option.value);
        request->wants_usage = option.value.data[0] == 't';
    }
}

static void read_maximum(struct reader *reader, const char *field, const struct tg_json_token *token,
                         struct tg_body_span *span)
{
    int64_t maximum = read_count(reader, field, token, INT64_MAX, "a whole number of at least 1");
    if (token->event == TG_JSON_VALUE)
        *span = span_of(reader, token->value);
    if (maximum > reader->request->max_output_tokens)
        reader->request->max_output_tokens = maximum;
}

static void read_max_tokens(struct reader *reader, struct tg_json_token *token)
{
    read_maximum(reader, "max_tokens", token, &reader->request->max_tokens_span);
}

static void read_max_completion_tokens(struct reader *reader, struct tg_json_token *token)
{
    read_maximum(reader, "max_completion_tokens", token, &reader->request->max_completion_tokens_span);
}

static void read_choices(struct reader *reader, struct tg_json_token *token)
{
    int64_t choices = read_count(reader, "n", token, TG_OPENAI_MAX_CHOICES, "a whole number from 1 to 128");
    if (choices != 0)
        reader->request->choices = choices;
}

/* A part of a message's content: anything but plain text may cost tokens that its bytes do not bound. */
static void read_part(struct reader *reader, const struct tg_json_token *part)
{
    struct tg_json_token member;
    bool is_text = false, is_other = part->kind != TG_JSON_OBJECT;
    while (part->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reader->scan, part, &member)) {
        if (!tg_json_text_is(member.key, "type"))
            continue;
        if (member.kind == TG_JSON_STRING && (tg_text_is(member.value, "text") || tg_text_is(member.value, "refusal")))
            is_text = true;
        else
            is_other = true;
    }
    if (!is_text || is_other)
        reader->request->is_beyond_text = true;
}

static void read_message(struct reader *reader, const struct tg_json_token *message)
{
    struct tg_json_token member, part;
    while (tg_json_scan_next_in(&reader->scan, message, &member)) {
        if (tg_json_text_is(member.key, "audio") && member.kind != TG_JSON_NULL)
            reader->request->is_beyond_text = true; /* refers to an earlier answer's sound */
        if (member.event != TG_JSON_BEGIN || !tg_json_text_is(member.key, "content"))
            continue;
        while (tg_json_scan_next_in(&reader->scan, &member, &part))
            read_part(reader, &part);
    }
}

static void read_messages(struct reader *reader, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_ARRAY) {
        fail_type(reader, "messages", "an array", token);
        return;
    }
    const char *begin = token->value.data;
    struct tg_json_token message;
    while (tg_json_scan_next_in(&reader->scan, token, &message)) {
        if (message.kind == TG_JSON_OBJECT)
            read_message(reader, &message);
        else
            fail_type(reader, "messages[]", "an object", &message);
    }
    reader->request->prompt_bytes += (size_t)(reader->scan.at - begin);
}

static void read_input(struct reader *reader, struct tg_json_token *token)
{
    struct tg_openai_request *request = reader->request;
    const char *begin = token->value.data;
    request->inputs = 1;
    if (token->kind == TG_JSON_ARRAY) {
        struct tg_json_token input;
        int64_t texts = 0;
        while (tg_json_scan_next_in(&reader->scan, token, &input))
            texts += input.kind != TG_JSON_NUMBER; /* an array of numbers is one text, in tokens */
        if (texts > 1)
            request->inputs = texts;
        request->prompt_bytes += (size_t)(reader->scan.at - begin);
    } else if (token->kind == TG_JSON_STRING) {
        request->prompt_bytes += token->value.bytes;
    } else {
        fail_type(reader, "input", "a string or an array", token);
    }
}

static void read_tools(struct reader *reader, struct tg_json_token *token)
{
    if (tg_json_scan_skip(&reader->scan, token))
        reader->request->prompt_bytes += token->value.bytes;
}

static void read_prediction(struct reader *reader, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_NULL && tg_json_scan_skip(&reader->scan, token))
        reader->request->prediction_bytes = (int64_t)token->value.bytes;
}

static void read_web_search(struct reader *reader, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_NULL)
        reader->request->is_beyond_text = true;
}

/* The members that the gateway reads. `is_required` for the endpoints named. */
static const struct rule {
    struct tg_text name;
    void (*read)(struct reader *reader, struct tg_json_token *token);
    bool is_for_chat, is_for_embeddings, is_required;
} rules[] = {
    {TG_TEXT_LITERAL("model"), read_model, true, true, true},
    {TG_TEXT_LITERAL("messages"), read_messages, true, false, true},
    {TG_TEXT_LITERAL("input"), read_input, false, true, true},
    {TG_TEXT_LITERAL("stream"), read_stream, true, false, false},
    {TG_TEXT_LITERAL("stream_options"), read_stream_options, true, false, false},
    {TG_TEXT_LITERAL("max_tokens"), read_max_tokens, true, false, false},
    {TG_TEXT_LITERAL("max_completion_tokens"), read_max_completion_tokens, true, false, false},
    {TG_TEXT_LITERAL("n"), read_choices, true, false, false},
    {TG_TEXT_LITERAL("tools"), read_tools, true, false, false},
    {TG_TEXT_LITERAL("functions"), read_tools, true, false, false},
    {TG_TEXT_LITERAL("prediction"), read_prediction, true, false, false},
    {TG_TEXT_LITERAL("web_search_options"), read_web_search, true, false, false},
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static bool applies(const struct rule *rule, enum tg_endpoint endpoint)
{
    return endpoint == TG_ENDPOINT_EMBEDDINGS ? rule->is_for_embeddings : rule->is_for_chat;
}

static size_t find_rule(struct tg_text key)
{
    bool has_escapes = memchr(key.data, '\\', key.bytes) != NULL;
    for (size_t i = 0; i < RULE_COUNT; ++i)
        if (has_escapes ? tg_json_text_is(key, rules[i].name.data) : tg_text_equals(key, rules[i].name))
            return i;
    return RULE_COUNT;
}

/* Reads all members of the root; returns a bit for each rule whose member is there. */
static unsigned read_members(struct reader *reader, enum tg_endpoint endpoint, const struct tg_json_token *root)
{
    unsigned seen = 0;
    struct tg_json_token member;
    while (tg_json_scan_next_in(&reader->scan, root, &member)) {
        size_t i = find_rule(member.key);
        if (i == RULE_COUNT || !applies(&rules[i], endpoint))
            continue;
        seen |= 1u << i;
        rules[i].read(reader, &member);
    }
    return seen;
}

static void fail_missing(struct reader *reader, enum tg_endpoint endpoint, unsigned seen)
{
    for (size_t i = 0; i < RULE_COUNT && reader->error->code == TG_ERROR_NONE; ++i) {
        if (!rules[i].is_required || !applies(&rules[i], endpoint) || (seen & (1u << i)) != 0)
            continue;
        *reader->error = (struct tg_client_error){
            .code = TG_ERROR_MISSING_PARAMETER, .param = rules[i].name, .words = {rules[i].name}};
    }
}

bool tg_openai_request_read(struct tg_arena *arena, enum tg_endpoint endpoint, struct tg_text body,
                            struct tg_openai_request *request, struct tg_client_error *error)
{
    struct reader reader;
    struct tg_json_token root;
    struct tg_error problem;
    unsigned seen = 0;
    *request = (struct tg_openai_request){.choices = 1};
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    reader.arena = arena;
    reader.body = body;
    reader.request = request;
    reader.error = error;

    tg_json_scan_init(&reader.scan, body);
    bool is_object = tg_json_scan_next(&reader.scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT;
    if (is_object) {
        request->first_member_at = span_of(&reader, root.value).at + 1;
        seen = read_members(&reader, endpoint, &root);
    }
    if (tg_json_scan_finish(&reader.scan, &problem) != TG_OK) {
        *request = (struct tg_openai_request){.choices = 1}; /* nothing in it may be believed */
        *error = (struct tg_client_error){
            .code = TG_ERROR_INVALID_JSON,
            .words = {tg_arena_copy(arena, tg_text_of(problem.message))},
        };
        return false;
    }
    if (!is_object) {
        *error =
            (struct tg_client_error){.code = TG_ERROR_INVALID_JSON, .words = {tg_text_of("it must be a JSON object")}};
        return false;
    }
    fail_missing(&reader, endpoint, seen);
    return error->code == TG_ERROR_NONE;
}
