#include "dataplane/dialects/responses/internal.h"

/* ---- text, reasoning, include: objects and lists of which single members matter ---- */

static void read_format(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_format *format = &reading->request->format;
    struct tg_json_token member;
    struct tg_json_string type = tg_json_string(tg_text(NULL, 0));
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "name"))
            format->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "description"))
            format->description = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "schema"))
            format->schema = tg_reading_raw(reading, &member);
        else if (tg_json_text_is(member.key, "strict") && member.kind == TG_JSON_BOOLEAN)
            format->strict = member.value.data[0] == 't' ? TG_FORMAT_STRICT_YES : TG_FORMAT_STRICT_NO;
    }
    format->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    if (tg_json_string_is(type, "text"))
        format->kind = TG_FORMAT_TEXT;
    else if (tg_json_string_is(type, "json_object"))
        format->kind = TG_FORMAT_JSON;
    else if (tg_json_string_is(type, "json_schema"))
        format->kind = TG_FORMAT_JSON_SCHEMA;
    else
        format->kind = TG_FORMAT_OTHER;
    reading->request->prompt_bytes += format->schema.bytes;
}

static void read_text(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_field(reading, TG_FIELD_OTHER, "text", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "format"))
            read_format(reading, &member);
        else if (tg_json_text_is(member.key, "verbosity"))
            tg_reading_field(reading, TG_FIELD_VERBOSITY, "text.verbosity", &member);
        else
            tg_reading_other(reading, "text", &member);
    }
}

static void read_reasoning(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_field(reading, TG_FIELD_OTHER, "reasoning", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "effort")) {
            thinking->effort = tg_reading_string(&member);
            if (tg_json_string_is(thinking->effort, "none"))
                thinking->mode = TG_THINKING_OFF;
            else if (!tg_json_string_is_empty(thinking->effort))
                thinking->mode = TG_THINKING_ON;
        } else if (tg_json_text_is(member.key, "summary") || tg_json_text_is(member.key, "generate_summary")) {
            struct tg_json_string summary = tg_reading_string(&member);
            thinking->wants_text |= !tg_json_string_is_empty(summary) && !tg_json_string_is(summary, "none");
        } else if (tg_json_text_is(member.key, "context")) {
            if (!tg_json_string_is(tg_reading_string(&member), "auto"))
                tg_reading_field(reading, TG_FIELD_REASONING_CONTEXT, "reasoning.context", &member);
        } else if (!tg_json_text_is(member.key, "mode") || !tg_json_string_is(tg_reading_string(&member), "standard")) {
            tg_reading_other(reading, "reasoning", &member);
        }
    }
}

/* Encrypted reasoning is always given where there is some, log-probabilities are a field of their own; only what else
 * is asked for is a field that others cannot serve. */
static void read_include(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token item;
    const char *begin = token->value.data;
    bool has_others = token->kind != TG_JSON_ARRAY && token->kind != TG_JSON_NULL;
    while (token->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, token, &item)) {
        struct tg_json_string what = tg_reading_string(&item);
        if (tg_json_string_is(what, "message.output_text.logprobs"))
            tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_LOGPROBS,
                                 tg_text_of("include"), tg_text_of("true"));
        else
            has_others |= !tg_json_string_is(what, "reasoning.encrypted_content");
    }
    if (!has_others)
        return;
    struct tg_text value = token->kind == TG_JSON_ARRAY ? tg_text(begin, (size_t)(reading->scan.at - begin))
                                                        : tg_reading_raw(reading, token);
    tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_INCLUDE, tg_text_of("include"),
                         value);
}

/* ---- the members of the request ---- */

static void read_stream(struct tg_reading *reading, struct tg_json_token *token)
{
    reading->request->is_streaming = tg_reading_boolean(reading, "stream", token);
}

static void read_model(struct tg_reading *reading, struct tg_json_token *token)
{
    tg_reading_model(reading, token);
}

static void read_maximum(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    request->max_output_tokens =
        tg_reading_count(reading, "max_output_tokens", token, INT64_MAX, "a whole number of at least 1");
    if (token->event == TG_JSON_VALUE && token->kind != TG_JSON_STRING)
        request->marks.maximum = tg_reading_span(reading, token->value);
}

static void read_instructions(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_STRING) {
        tg_reading_field(reading, TG_FIELD_OTHER, "instructions", token);
        return;
    }
    if (token->value.bytes == 0)
        return;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_SYSTEM);
    turn->path = tg_text_of("instructions");
    tg_request_add_part(reading->arena, reading->request, &reading->tail, TG_PART_TEXT)->text =
        tg_json_string(token->value);
    reading->request->prompt_bytes += token->value.bytes;
}

static void read_service_tier(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind == TG_JSON_STRING)
        reading->request->service_tier = tg_json_unescape(reading->arena, token->value);
    tg_reading_field(reading, TG_FIELD_SERVICE_TIER, "service_tier", token);
}

static void skip_stream_options(struct tg_reading *reading, struct tg_json_token *token)
{
    (void)tg_reading_raw(reading, token); /* only whether to pad events: nothing that an answer depends on */
}

/* The members with a reader of their own, then those that pass raw. */
static const struct rule {
    struct tg_text name;
    void (*read)(struct tg_reading *reading, struct tg_json_token *token);
    enum tg_field_id field;
    bool refers_beyond; /* to what is stored elsewhere: its size is not known */
} rules[] = {
    {TG_TEXT_LITERAL("model"), read_model, 0, false},
    {TG_TEXT_LITERAL("input"), tg_responses_read_input, 0, false},
    {TG_TEXT_LITERAL("instructions"), read_instructions, 0, false},
    {TG_TEXT_LITERAL("tools"), tg_responses_read_tools, 0, false},
    {TG_TEXT_LITERAL("tool_choice"), tg_responses_read_tool_choice, 0, false},
    {TG_TEXT_LITERAL("stream"), read_stream, 0, false},
    {TG_TEXT_LITERAL("stream_options"), skip_stream_options, 0, false},
    {TG_TEXT_LITERAL("max_output_tokens"), read_maximum, 0, false},
    {TG_TEXT_LITERAL("text"), read_text, 0, false},
    {TG_TEXT_LITERAL("reasoning"), read_reasoning, 0, false},
    {TG_TEXT_LITERAL("include"), read_include, 0, false},
    {TG_TEXT_LITERAL("service_tier"), read_service_tier, 0, false},
    {TG_TEXT_LITERAL("temperature"), NULL, TG_FIELD_TEMPERATURE, false},
    {TG_TEXT_LITERAL("top_p"), NULL, TG_FIELD_TOP_P, false},
    {TG_TEXT_LITERAL("top_logprobs"), NULL, TG_FIELD_TOP_LOGPROBS, false},
    {TG_TEXT_LITERAL("parallel_tool_calls"), NULL, TG_FIELD_PARALLEL_TOOL_CALLS, false},
    {TG_TEXT_LITERAL("store"), NULL, TG_FIELD_STORE, false},
    {TG_TEXT_LITERAL("metadata"), NULL, TG_FIELD_METADATA, false},
    {TG_TEXT_LITERAL("client_metadata"), NULL, TG_FIELD_CLIENT_METADATA, false},
    {TG_TEXT_LITERAL("user"), NULL, TG_FIELD_USER, false},
    {TG_TEXT_LITERAL("safety_identifier"), NULL, TG_FIELD_SAFETY_IDENTIFIER, false},
    {TG_TEXT_LITERAL("prompt_cache_key"), NULL, TG_FIELD_PROMPT_CACHE_KEY, false},
    {TG_TEXT_LITERAL("prompt_cache_retention"), NULL, TG_FIELD_PROMPT_CACHE_RETENTION, false},
    {TG_TEXT_LITERAL("prompt_cache_options"), NULL, TG_FIELD_PROMPT_CACHE_OPTIONS, false},
    {TG_TEXT_LITERAL("previous_response_id"), NULL, TG_FIELD_PREVIOUS_RESPONSE_ID, true},
    {TG_TEXT_LITERAL("conversation"), NULL, TG_FIELD_CONVERSATION, true},
    {TG_TEXT_LITERAL("prompt"), NULL, TG_FIELD_OTHER, true},
    {TG_TEXT_LITERAL("truncation"), NULL, TG_FIELD_TRUNCATION, false},
    {TG_TEXT_LITERAL("background"), NULL, TG_FIELD_BACKGROUND, false},
    {TG_TEXT_LITERAL("max_tool_calls"), NULL, TG_FIELD_MAX_TOOL_CALLS, false},
    {TG_TEXT_LITERAL("context_management"), NULL, TG_FIELD_CONTEXT_MANAGEMENT, false},
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static const struct rule *find_rule(struct tg_text key)
{
    bool has_escapes = memchr(key.data, '\\', key.bytes) != NULL;
    for (size_t i = 0; i < RULE_COUNT; ++i)
        if (has_escapes ? tg_json_text_is(key, rules[i].name.data) : tg_text_equals(key, rules[i].name))
            return &rules[i];
    return NULL;
}

/* `instructions` come before all else, wherever they stand. */
static void move_instructions_to_front(struct tg_model_request *request)
{
    struct tg_turn **link = &request->turns;
    while (*link != NULL && !tg_text_is((*link)->path, "instructions"))
        link = &(*link)->next;
    struct tg_turn *turn = *link;
    if (turn == NULL)
        return;
    *link = turn->next;
    turn->next = request->turns;
    request->turns = turn;
}

bool tg_responses_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                               struct tg_client_error *error)
{
    struct tg_reading reading;
    struct tg_json_token root, member;
    bool has_model = false;
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        while (tg_reading_next_member(&reading, &root, &member)) {
            const struct rule *rule = find_rule(member.key);
            if (rule == NULL) {
                tg_reading_other(&reading, "", &member);
                continue;
            }
            has_model |= rule->read == read_model;
            request->is_beyond_text |= rule->refers_beyond && member.kind != TG_JSON_NULL;
            if (rule->read != NULL)
                rule->read(&reading, &member);
            else
                tg_reading_field(&reading, rule->field, rule->name.data, &member);
        }
        if (!has_model)
            tg_reading_fail_missing(&reading, "model");
    }
    request->dialect = TG_DIALECT_RESPONSES;
    if (!tg_reading_finish(&reading))
        return false;
    request->dialect = TG_DIALECT_RESPONSES;
    move_instructions_to_front(request);
    tg_responses_drop_repeated_tools(request);
    tg_responses_keep_allowed_tools(&reading);
    return true;
}
