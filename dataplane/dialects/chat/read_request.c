/* The top level of a request: https://platform.openai.com/docs/api-reference/chat/create. */
#include "dataplane/dialects/chat/chat_internal.h"

static void read_model(struct tg_reading *reading, struct tg_json_token *token)
{
    tg_reading_model(reading, token);
}

static void read_messages(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_fail_type(reading, "messages", "an array", token);
        return;
    }
    const char *begin = token->value.data;
    struct tg_json_token message;
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, token, &message); ++i) {
        if (message.kind == TG_JSON_OBJECT)
            chat_read_message(reading, &message, tg_reading_path(reading, "messages", i), false);
        else
            tg_reading_fail_type(reading, "messages[]", "an object", &message);
    }
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

static void read_stream(struct tg_reading *reading, struct tg_json_token *token)
{
    reading->request->is_streaming = tg_reading_boolean(reading, "stream", token);
}

static void read_include_usage(struct tg_reading *reading, const struct tg_json_token *option)
{
    static const char FIELD[] = "stream_options.include_usage";
    struct tg_body_marks *marks = &reading->request->marks;
    if (marks->include_usage.bytes != 0)
        tg_reading_fail_value(reading, FIELD, "there only once");
    reading->request->wants_usage = tg_reading_boolean(reading, FIELD, option);
    if (option->event == TG_JSON_VALUE)
        marks->include_usage = tg_reading_span(reading, option->value);
}

static void read_stream_options(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_body_marks *marks = &reading->request->marks;
    if (token->kind == TG_JSON_NULL) {
        marks->stream_options = tg_reading_span(reading, token->value);
        return;
    }
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_fail_type(reading, "stream_options", "an object", token);
        return;
    }
    marks->stream_options = tg_reading_span(reading, token->value);
    struct tg_json_token option;
    while (tg_json_scan_next_in(&reading->scan, token, &option)) {
        marks->has_stream_options_members = true;
        if (tg_json_text_is(option.key, "include_usage"))
            read_include_usage(reading, &option);
    }
}

static void read_maximum(struct tg_reading *reading, const char *field, const struct tg_json_token *token,
                         struct tg_span *span)
{
    int64_t maximum = tg_reading_count(reading, field, token, INT64_MAX, "a whole number of at least 1");
    if (token->event == TG_JSON_VALUE)
        *span = tg_reading_span(reading, token->value);
    if (maximum > reading->request->max_output_tokens) /* the larger one if both fields are there */
        reading->request->max_output_tokens = maximum;
}

static void read_max_tokens(struct tg_reading *reading, struct tg_json_token *token)
{
    read_maximum(reading, "max_tokens", token, &reading->request->marks.older_maximum);
}

static void read_max_completion_tokens(struct tg_reading *reading, struct tg_json_token *token)
{
    read_maximum(reading, "max_completion_tokens", token, &reading->request->marks.maximum);
}

static void read_choices(struct tg_reading *reading, struct tg_json_token *token)
{
    int64_t choices = tg_reading_count(reading, "n", token, TG_MAX_CHOICES, "a whole number from 1 to 128");
    if (choices != 0)
        reading->request->choices = choices;
}

static void read_tools(struct tg_reading *reading, struct tg_json_token *token)
{
    const char *begin = token->value.data;
    chat_read_tools(reading, token, false);
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

static void read_functions(struct tg_reading *reading, struct tg_json_token *token)
{
    const char *begin = token->value.data;
    chat_read_tools(reading, token, true);
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

static void add_stop(struct tg_reading *reading, const struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    if (token->kind != TG_JSON_STRING || token->value.bytes == 0)
        return;
    if (request->stop_count == TG_MAX_STOPS)
        request->untranslatable = "it has more stop sequences than the gateway translates";
    else
        request->stops[request->stop_count++] = tg_json_string(token->value);
}

static void read_stop(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token stop;
    add_stop(reading, token);
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &stop))
        add_stop(reading, &stop);
}

/* Text of a prediction that is rejected is billed as output. */
static void read_prediction(struct tg_reading *reading, struct tg_json_token *token)
{
    tg_reading_field(reading, TG_FIELD_PREDICTION, "prediction", token);
    if (token->kind != TG_JSON_NULL)
        reading->request->extra_output_bytes = (int64_t)token->value.bytes;
}

static void read_service_tier(struct tg_reading *reading, struct tg_json_token *token)
{
    tg_reading_field(reading, TG_FIELD_SERVICE_TIER, "service_tier", token);
    if (token->kind == TG_JSON_STRING)
        reading->request->service_tier =
            token->has_escapes ? tg_json_unescape(reading->arena, token->value) : token->value;
}

static void read_web_search(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_text raw = tg_reading_raw(reading, token);
    if (raw.bytes == 0)
        return;
    reading->request->is_beyond_text = true;
    struct tg_tool *tool = tg_request_add_tool(reading->arena, reading->request, &reading->tail, TG_TOOL_WEB_SEARCH);
    tool->path = tg_text_of("web_search_options");
    tool->raw = raw;
}

static void read_reasoning_effort(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_thinking *thinking = &reading->request->thinking;
    if (token->kind != TG_JSON_STRING)
        return;
    thinking->effort = tg_json_string(token->value);
    bool is_off = tg_json_text_is(token->value, "none");
    thinking->mode = is_off ? TG_THINKING_OFF : TG_THINKING_ON;
    thinking->wants_text = !is_off;
}

/* OpenRouter's and Groq's older way to ask for the text. */
static void read_include_reasoning(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind == TG_JSON_BOOLEAN)
        reading->request->thinking.wants_text = token->value.data[0] == 't';
}

/* A member has a function of its own, or passes as a field. The most frequent come first. */
static const struct rule {
    struct tg_text name;
    void (*read)(struct tg_reading *reading, struct tg_json_token *token);
    enum tg_field_id field;
} rules[] = {
    {TG_TEXT_LITERAL("model"), read_model, 0},
    {TG_TEXT_LITERAL("messages"), read_messages, 0},
    {TG_TEXT_LITERAL("stream"), read_stream, 0},
    {TG_TEXT_LITERAL("stream_options"), read_stream_options, 0},
    {TG_TEXT_LITERAL("max_tokens"), read_max_tokens, 0},
    {TG_TEXT_LITERAL("max_completion_tokens"), read_max_completion_tokens, 0},
    {TG_TEXT_LITERAL("temperature"), NULL, TG_FIELD_TEMPERATURE},
    {TG_TEXT_LITERAL("tools"), read_tools, 0},
    {TG_TEXT_LITERAL("tool_choice"), chat_read_tool_choice, 0},
    {TG_TEXT_LITERAL("top_p"), NULL, TG_FIELD_TOP_P},
    {TG_TEXT_LITERAL("n"), read_choices, 0},
    {TG_TEXT_LITERAL("stop"), read_stop, 0},
    {TG_TEXT_LITERAL("response_format"), chat_read_format, 0},
    {TG_TEXT_LITERAL("reasoning_effort"), read_reasoning_effort, 0},
    {TG_TEXT_LITERAL("parallel_tool_calls"), NULL, TG_FIELD_PARALLEL_TOOL_CALLS},
    {TG_TEXT_LITERAL("presence_penalty"), NULL, TG_FIELD_PRESENCE_PENALTY},
    {TG_TEXT_LITERAL("frequency_penalty"), NULL, TG_FIELD_FREQUENCY_PENALTY},
    {TG_TEXT_LITERAL("user"), NULL, TG_FIELD_USER},
    {TG_TEXT_LITERAL("seed"), NULL, TG_FIELD_SEED},
    {TG_TEXT_LITERAL("metadata"), NULL, TG_FIELD_METADATA},
    {TG_TEXT_LITERAL("store"), NULL, TG_FIELD_STORE},
    {TG_TEXT_LITERAL("logprobs"), NULL, TG_FIELD_LOGPROBS},
    {TG_TEXT_LITERAL("top_logprobs"), NULL, TG_FIELD_TOP_LOGPROBS},
    {TG_TEXT_LITERAL("logit_bias"), NULL, TG_FIELD_LOGIT_BIAS},
    {TG_TEXT_LITERAL("service_tier"), read_service_tier, 0},
    {TG_TEXT_LITERAL("prediction"), read_prediction, 0},
    {TG_TEXT_LITERAL("web_search_options"), read_web_search, 0},
    {TG_TEXT_LITERAL("modalities"), NULL, TG_FIELD_MODALITIES},
    {TG_TEXT_LITERAL("audio"), NULL, TG_FIELD_AUDIO},
    {TG_TEXT_LITERAL("verbosity"), NULL, TG_FIELD_VERBOSITY},
    {TG_TEXT_LITERAL("safety_identifier"), NULL, TG_FIELD_SAFETY_IDENTIFIER},
    {TG_TEXT_LITERAL("prompt_cache_key"), NULL, TG_FIELD_PROMPT_CACHE_KEY},
    {TG_TEXT_LITERAL("prompt_cache_retention"), NULL, TG_FIELD_PROMPT_CACHE_RETENTION},
    {TG_TEXT_LITERAL("prompt_cache_options"), NULL, TG_FIELD_PROMPT_CACHE_OPTIONS},
    {TG_TEXT_LITERAL("functions"), read_functions, 0},
    {TG_TEXT_LITERAL("function_call"), chat_read_tool_choice, 0},
    /* other makers' */
    {TG_TEXT_LITERAL("reasoning"), chat_read_reasoning_setting, 0},
    {TG_TEXT_LITERAL("thinking"), chat_read_thinking_setting, 0},
    {TG_TEXT_LITERAL("include_reasoning"), read_include_reasoning, 0},
    {TG_TEXT_LITERAL("top_k"), NULL, TG_FIELD_TOP_K},
    {TG_TEXT_LITERAL("random_seed"), NULL, TG_FIELD_SEED},
    {TG_TEXT_LITERAL("safety_settings"), NULL, TG_FIELD_SAFETY_SETTINGS},
    {TG_TEXT_LITERAL("provider"), NULL, TG_FIELD_HINT},
    {TG_TEXT_LITERAL("transforms"), NULL, TG_FIELD_HINT},
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]), RULE_MODEL = 0, RULE_MESSAGES = 1 };

static size_t find_rule(struct tg_text key)
{
    bool has_escapes = memchr(key.data, '\\', key.bytes) != NULL;
    for (size_t i = 0; i < RULE_COUNT; ++i)
        if (has_escapes ? tg_json_text_is(key, rules[i].name.data) : tg_text_equals(key, rules[i].name))
            return i;
    return RULE_COUNT;
}

bool chat_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                       struct tg_client_error *error)
{
    struct tg_reading reading;
    struct tg_json_token root, member;
    bool has_model = false, has_messages = false;
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_CHAT;
        while (tg_reading_next_member(&reading, &root, &member)) {
            size_t i = find_rule(member.key);
            has_model |= i == RULE_MODEL;
            has_messages |= i == RULE_MESSAGES;
            if (i == RULE_COUNT)
                tg_reading_other(&reading, "", &member);
            else if (rules[i].read != NULL)
                rules[i].read(&reading, &member);
            else
                tg_reading_field(&reading, rules[i].field, rules[i].name.data, &member);
        }
        if (!has_model && source->path_model.bytes != 0) /* as Azure's paths have it */
            request->model = source->path_model;
        else if (!has_model)
            tg_reading_fail_missing(&reading, "model");
        if (!has_messages)
            tg_reading_fail_missing(&reading, "messages");
    }
    return tg_reading_finish(&reading);
}
