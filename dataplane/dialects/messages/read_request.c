#include "dataplane/dialects/messages/messages_internal.h"

struct reader {
    struct tg_reading reading; /* the first member: what is given to the shared functions */
    enum tg_cache_mark whole_cache;
    bool has_messages;
};

/* ---- what is said ---- */

static enum tg_role role_of(struct tg_reading *reading, const struct tg_json_token *token)
{
    if (token->kind == TG_JSON_STRING && tg_json_text_is(token->value, "assistant"))
        return TG_ROLE_ASSISTANT;
    if (token->kind == TG_JSON_STRING && tg_json_text_is(token->value, "system"))
        return TG_ROLE_SYSTEM;
    if (token->kind != TG_JSON_STRING || !tg_json_text_is(token->value, "user"))
        reading->request->untranslatable = "it has a message whose role the gateway does not know";
    return TG_ROLE_USER;
}

static void read_message(struct tg_reading *reading, const struct tg_json_token *message, size_t index)
{
    struct tg_json_token member;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_USER);
    turn->path = tg_reading_path(reading, "messages", index);
    while (tg_json_scan_next_in(&reading->scan, message, &member)) {
        if (tg_json_text_is(member.key, "role"))
            turn->role = role_of(reading, &member);
        else if (tg_json_text_is(member.key, "content"))
            tg_messages_read_content(reading, &member);
    }
}

static void read_messages(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token message;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_fail_type(reading, "messages", "an array", token);
        return;
    }
    const char *begin = token->value.data;
    reader->has_messages = true;
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, token, &message); ++i) {
        if (message.kind == TG_JSON_OBJECT)
            read_message(reading, &message, i);
        else
            tg_reading_fail_type(reading, "messages[]", "an object", &message);
    }
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

/* The first turn, wherever in the body it stands. */
static void read_system(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_turn *first = reading->request->turns, *last = reading->tail.turn;
    const char *begin = token->value.data;
    if (token->kind == TG_JSON_NULL)
        return;
    reading->request->turns = NULL;
    reading->tail.turn = NULL;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_SYSTEM);
    turn->path = tg_text_of("system");
    tg_messages_read_content(reading, token);
    turn->next = first;
    if (last != NULL) {
        reading->tail.turn = last;
        reading->tail.part = NULL;
    }
    reading->request->prompt_bytes +=
        token->kind == TG_JSON_STRING ? token->value.bytes : (size_t)(reading->scan.at - begin);
}

static void read_tools(struct reader *reader, struct tg_json_token *token)
{
    tg_messages_read_tools(&reader->reading, token);
}

static void read_tool_choice(struct reader *reader, struct tg_json_token *token)
{
    tg_messages_read_tool_choice(&reader->reading, token);
}

/* ---- how the model is to go about it ---- */

static void read_thinking(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    struct tg_json_string type = {{NULL, 0}}, display = {{NULL, 0}};
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "display"))
            display = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "budget_tokens") && member.kind == TG_JSON_NUMBER &&
                 (tg_json_to_i64(member.value, &thinking->budget_tokens) != TG_OK || thinking->budget_tokens < 0))
            thinking->budget_tokens = 0; /* the provider's to refuse */
    }
    if (tg_json_string_is(type, "enabled"))
        thinking->mode = TG_THINKING_ON;
    else if (tg_json_string_is(type, "adaptive"))
        thinking->mode = TG_THINKING_ADAPTIVE;
    else if (tg_json_string_is(type, "disabled"))
        thinking->mode = TG_THINKING_OFF;
    else
        tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_OTHER, tg_text_of("thinking"),
                             tg_text(begin, (size_t)(reading->scan.at - begin)));
    /* Where `display` is not said, it depends on the model for adaptive thinking, and is "summarized" for the other. */
    thinking->wants_text = tg_json_string_is(display, "summarized") ||
                           (tg_json_string_is_empty(display) && thinking->mode == TG_THINKING_ON);
}

static void read_format(struct tg_reading *reading, const char *field, struct tg_json_token *token)
{
    struct tg_format *format = &reading->request->format;
    struct tg_json_token member;
    struct tg_json_string type = {{NULL, 0}};
    const char *begin = token->value.data;
    if (token->kind == TG_JSON_NULL)
        return;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_field(reading, TG_FIELD_OTHER, field, token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "type"))
            type = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "schema"))
            format->schema = tg_reading_raw(reading, &member);
    }
    format->raw = tg_text(begin, (size_t)(reading->scan.at - begin));
    bool is_schema = tg_json_string_is(type, "json_schema") && format->schema.bytes != 0;
    format->kind = is_schema ? TG_FORMAT_JSON_SCHEMA : TG_FORMAT_OTHER;
    if (is_schema)
        format->strict = TG_FORMAT_STRICT_YES; /* the provider always holds the model to it */
    reading->request->prompt_bytes += format->schema.bytes;
}

static void read_output_format(struct reader *reader, struct tg_json_token *token)
{
    read_format(&reader->reading, "output_format", token);
}

static void read_output_config(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "effort") && member.kind == TG_JSON_STRING)
            reading->request->thinking.effort = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "format"))
            read_format(reading, "output_config.format", &member);
        else
            tg_reading_other(reading, "output_config", &member);
    }
}

static void read_metadata(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "user_id") && member.kind == TG_JSON_STRING)
            tg_reading_field(reading, TG_FIELD_USER, "metadata.user_id", &member);
        else
            tg_reading_field(reading, TG_FIELD_METADATA, "metadata", &member);
    }
}

static void read_stops(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_model_request *request = reading->request;
    struct tg_json_token stop;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_other(reading, "", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &stop)) {
        if (request->stop_count == TG_MAX_STOPS)
            request->untranslatable = "it has more stop sequences than the gateway translates";
        else if (stop.kind == TG_JSON_STRING)
            request->stops[request->stop_count++] = tg_reading_string(&stop);
        else
            request->untranslatable = "it has a stop sequence that is no string";
    }
}

/* ---- what the gateway governs ---- */

static void read_model(struct reader *reader, struct tg_json_token *token)
{
    tg_reading_model(&reader->reading, token);
}

static void read_stream(struct reader *reader, struct tg_json_token *token)
{
    reader->reading.request->is_streaming = tg_reading_boolean(&reader->reading, "stream", token);
}

/* 0 fills the prompt cache without an answer: it stays, and is no maximum to reckon with. */
static void read_maximum(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    if (token->kind == TG_JSON_NUMBER && tg_text_is(token->value, "0"))
        return;
    reading->request->max_output_tokens =
        tg_reading_count(reading, "max_tokens", token, INT64_MAX, "a whole number that is not negative");
    if (token->event == TG_JSON_VALUE)
        reading->request->marks.maximum = tg_reading_span(reading, token->value);
}

static void read_service_tier(struct reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    if (token->kind == TG_JSON_STRING)
        reading->request->service_tier = tg_json_unescape(reading->arena, token->value);
    tg_reading_field(reading, TG_FIELD_SERVICE_TIER, "service_tier", token);
}

static void read_cache_control(struct reader *reader, struct tg_json_token *token)
{
    reader->whole_cache = tg_messages_read_cache(&reader->reading, token);
}

/* ---- all members ---- */

static const struct rule {
    struct tg_text name;
    void (*read)(struct reader *reader, struct tg_json_token *token); /* NULL: a field */
    enum tg_field_id field;
    bool is_beyond_text;
} rules[] = {
    {TG_TEXT_LITERAL("model"), read_model, 0, false},
    {TG_TEXT_LITERAL("messages"), read_messages, 0, false},
    {TG_TEXT_LITERAL("system"), read_system, 0, false},
    {TG_TEXT_LITERAL("max_tokens"), read_maximum, 0, false},
    {TG_TEXT_LITERAL("stream"), read_stream, 0, false},
    {TG_TEXT_LITERAL("tools"), read_tools, 0, false},
    {TG_TEXT_LITERAL("tool_choice"), read_tool_choice, 0, false},
    {TG_TEXT_LITERAL("thinking"), read_thinking, 0, false},
    {TG_TEXT_LITERAL("output_config"), read_output_config, 0, false},
    {TG_TEXT_LITERAL("output_format"), read_output_format, 0, false},
    {TG_TEXT_LITERAL("metadata"), read_metadata, 0, false},
    {TG_TEXT_LITERAL("stop_sequences"), read_stops, 0, false},
    {TG_TEXT_LITERAL("service_tier"), read_service_tier, 0, false},
    {TG_TEXT_LITERAL("cache_control"), read_cache_control, 0, false},
    {TG_TEXT_LITERAL("temperature"), NULL, TG_FIELD_TEMPERATURE, false},
    {TG_TEXT_LITERAL("top_p"), NULL, TG_FIELD_TOP_P, false},
    {TG_TEXT_LITERAL("top_k"), NULL, TG_FIELD_TOP_K, false},
    {TG_TEXT_LITERAL("context_management"), NULL, TG_FIELD_CONTEXT_MANAGEMENT, false},
    {TG_TEXT_LITERAL("container"), NULL, TG_FIELD_CONTAINER, true},
    {TG_TEXT_LITERAL("mcp_servers"), NULL, TG_FIELD_MCP_SERVERS, true},
    {TG_TEXT_LITERAL("speed"), NULL, TG_FIELD_HINT, false},
    {TG_TEXT_LITERAL("diagnostics"), NULL, TG_FIELD_HINT, false},
    {TG_TEXT_LITERAL("anthropic_version"), NULL, TG_FIELD_HINT, false}, /* Bedrock, Vertex: a header elsewhere */
    {TG_TEXT_LITERAL("anthropic_beta"), NULL, TG_FIELD_HINT, false},    /* likewise */
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static void read_member(struct reader *reader, struct tg_json_token *member)
{
    bool has_escapes = memchr(member->key.data, '\\', member->key.bytes) != NULL;
    for (size_t i = 0; i < RULE_COUNT; ++i) {
        const struct rule *rule = &rules[i];
        if (!(has_escapes ? tg_json_text_is(member->key, rule->name.data) : tg_text_equals(member->key, rule->name)))
            continue;
        if (rule->read != NULL) {
            rule->read(reader, member);
            return;
        }
        if (rule->is_beyond_text && member->kind != TG_JSON_NULL)
            reader->reading.request->is_beyond_text = true;
        tg_reading_field(&reader->reading, rule->field, rule->name.data, member);
        return;
    }
    tg_reading_other(&reader->reading, "", member);
}

/* `cache_control` of the request marks its last block. */
static void mark_last_part(struct reader *reader)
{
    struct tg_part *last = NULL;
    for (struct tg_turn *turn = reader->reading.request->turns; turn != NULL; turn = turn->next)
        if (turn->next == NULL)
            last = turn->parts;
    while (last != NULL && last->next != NULL)
        last = last->next;
    if (last != NULL && last->cache == TG_CACHE_NO_MARK)
        last->cache = reader->whole_cache;
}

bool tg_messages_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                              struct tg_client_error *error)
{
    struct reader reader = {.has_messages = false};
    struct tg_reading *reading = &reader.reading;
    struct tg_json_token root, member;
    if (tg_reading_begin(reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_MESSAGES;
        while (tg_reading_next_member(reading, &root, &member))
            read_member(&reader, &member);
        if (request->model.bytes == 0)
            request->model = source->path_model;
        request->is_streaming = request->is_streaming || source->is_streaming_path;
        if (request->model.bytes == 0)
            tg_reading_fail_missing(reading, "model");
        if (!reader.has_messages)
            tg_reading_fail_missing(reading, "messages");
        mark_last_part(&reader);
    }
    return tg_reading_finish(reading);
}
