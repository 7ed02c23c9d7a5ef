#include "dataplane/dialects/converse/converse_internal.h"

/* ---- what is said ---- */

static void read_message(struct tg_reading *reading, const struct tg_json_token *message, size_t index)
{
    struct tg_json_token member;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_USER);
    turn->path = tg_reading_path(reading, "messages", index);
    while (tg_json_scan_next_in(&reading->scan, message, &member)) {
        if (tg_json_text_is(member.key, "content")) {
            tg_converse_read_content(reading, &member);
        } else if (tg_json_text_is(member.key, "role")) {
            struct tg_json_string role = tg_reading_string(&member);
            turn->role = tg_json_string_is(role, "assistant") ? TG_ROLE_ASSISTANT : TG_ROLE_USER;
            if (turn->role == TG_ROLE_USER && !tg_json_string_is(role, "user"))
                reading->request->untranslatable = "it has a message whose role the gateway does not know";
        }
    }
}

static void read_messages(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token message;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_fail_type(reading, "messages", "an array", token);
        return;
    }
    for (size_t i = 0; tg_json_scan_next_in(&reading->scan, token, &message); ++i) {
        if (message.kind == TG_JSON_OBJECT)
            read_message(reading, &message, i);
        else
            tg_reading_fail_type(reading, "messages[]", "an object", &message);
    }
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

/* The first turn, wherever in the body it stands. */
static void read_system(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_turn *first = reading->request->turns, *last = reading->tail.turn;
    const char *begin = token->value.data;
    if (token->kind == TG_JSON_NULL)
        return;
    reading->request->turns = NULL;
    reading->tail.turn = NULL;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_SYSTEM);
    turn->path = tg_text_of("system");
    tg_converse_read_content(reading, token);
    turn->next = first;
    if (last != NULL) {
        reading->tail.turn = last;
        reading->tail.part = NULL;
    }
    if (token->kind == TG_JSON_ARRAY)
        reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

/* ---- settings ---- */

static void read_stops(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    struct tg_json_token stop;
    while (token->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, token, &stop)) {
        if (request->stop_count == TG_MAX_STOPS)
            request->untranslatable = "it has more stop sequences than the gateway translates";
        else if (stop.kind == TG_JSON_STRING)
            request->stops[request->stop_count++] = tg_reading_string(&stop);
        else
            request->untranslatable = "it has a stop sequence that is no string";
    }
}

static void read_inference_config(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_body_marks *marks = &reading->request->marks;
    struct tg_json_token member;
    if (token->kind != TG_JSON_OBJECT && token->kind != TG_JSON_NULL) {
        tg_reading_fail_type(reading, "inferenceConfig", "an object", token);
        return;
    }
    marks->config = tg_reading_span(reading, token->value);
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member)) {
        marks->has_config_members = true;
        if (tg_json_text_is(member.key, "maxTokens")) {
            if (marks->maximum.bytes != 0)
                tg_reading_fail_value(reading, "inferenceConfig.maxTokens", "there only once");
            reading->request->max_output_tokens = tg_reading_count(reading, "inferenceConfig.maxTokens", &member,
                                                                   INT64_MAX, "a whole number of at least 1");
            if (member.event == TG_JSON_VALUE)
                marks->maximum = tg_reading_span(reading, member.value);
        } else if (tg_json_text_is(member.key, "temperature")) {
            tg_reading_field(reading, TG_FIELD_TEMPERATURE, "inferenceConfig.temperature", &member);
        } else if (tg_json_text_is(member.key, "topP")) {
            tg_reading_field(reading, TG_FIELD_TOP_P, "inferenceConfig.topP", &member);
        } else if (tg_json_text_is(member.key, "stopSequences")) {
            read_stops(reading, &member);
        } else {
            tg_reading_other(reading, "inferenceConfig", &member);
        }
    }
}

static bool is_json(struct tg_text text)
{
    struct tg_json_scan scan;
    tg_json_scan_init(&scan, text);
    return tg_json_scan_finish(&scan, NULL) == TG_OK;
}

/* The schema is a string with JSON in it. */
static void read_json_schema(struct tg_reading *reading, struct tg_json_token *object)
{
    struct tg_format *format = &reading->request->format;
    struct tg_json_token member;
    while (object->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (member.kind != TG_JSON_STRING)
            continue;
        if (tg_json_text_is(member.key, "name"))
            format->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "description"))
            format->description = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "schema"))
            format->schema = tg_json_unescape(reading->arena, member.value);
    }
    if (format->schema.bytes == 0 || !is_json(format->schema))
        return;
    format->kind = TG_FORMAT_JSON_SCHEMA;
    format->strict = TG_FORMAT_STRICT_YES; /* the provider always holds the model to it */
    reading->request->prompt_bytes += format->schema.bytes;
}

static void read_text_format(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token member, inner;
    const char *begin = token->value.data;
    reading->request->format.kind = TG_FORMAT_OTHER;
    while (token->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, token, &member))
        while (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "structure") &&
               tg_json_scan_next_in(&reading->scan, &member, &inner))
            if (tg_json_text_is(inner.key, "jsonSchema"))
                read_json_schema(reading, &inner);
    if (token->kind == TG_JSON_OBJECT)
        reading->request->format.raw = tg_text(begin, (size_t)(reading->scan.at - begin));
}

static void read_output_config(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token member;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "textFormat"))
            read_text_format(reading, &member);
        else
            tg_reading_other(reading, "outputConfig", &member);
    }
}

static void read_service_tier(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token member;
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (member.kind != TG_JSON_STRING || !tg_json_text_is(member.key, "type"))
            continue;
        reading->request->service_tier = tg_json_unescape(reading->arena, member.value);
        tg_reading_field(reading, TG_FIELD_SERVICE_TIER, "serviceTier", &member);
    }
}

/* ---- all members ---- */

static const struct rule {
    const char *name;
    void (*read)(struct tg_reading *reading, struct tg_json_token *token); /* NULL: a field */
    enum tg_field_id field;
} rules[] = {
    {"messages", read_messages, 0},
    {"system", read_system, 0},
    {"inferenceConfig", read_inference_config, 0},
    {"toolConfig", tg_converse_read_tools, 0},
    {"additionalModelRequestFields", tg_converse_read_model_fields, 0},
    {"outputConfig", read_output_config, 0},
    {"serviceTier", read_service_tier, 0},
    {"guardrailConfig", NULL, TG_FIELD_GUARDRAIL},
    {"requestMetadata", NULL, TG_FIELD_METADATA},
    {"performanceConfig", NULL, TG_FIELD_HINT},
};

bool tg_converse_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                              struct tg_client_error *error)
{
    struct tg_reading reading;
    struct tg_json_token root, member;
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_CONVERSE;
        request->model = source->path_model;
        request->is_streaming = source->is_streaming_path;
        while (tg_reading_next_member(&reading, &root, &member)) {
            const struct rule *rule = rules, *end = rules + sizeof(rules) / sizeof(rules[0]);
            while (rule != end && !tg_json_text_is(member.key, rule->name))
                ++rule;
            if (rule == end)
                tg_reading_other(&reading, "", &member);
            else if (rule->read == NULL)
                tg_reading_field(&reading, rule->field, rule->name, &member);
            else
                rule->read(&reading, &member);
        }
        if (request->model.bytes == 0)
            tg_reading_fail_missing(&reading, "modelId");
    }
    return tg_reading_finish(&reading);
}
