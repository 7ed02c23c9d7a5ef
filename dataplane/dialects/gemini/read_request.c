#include "dataplane/dialects/gemini/gemini_internal.h"

static void read_service_tier(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    if (token->kind == TG_JSON_STRING && !tg_json_text_is(token->value, "unspecified"))
        reading->request->service_tier = tg_json_unescape(reading->arena, token->value);
    tg_reading_field(reading, TG_FIELD_SERVICE_TIER, "serviceTier", token);
}

/* What the gateway reckons by may be said in one spelling only. */
static void read_config(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    if (reader->has_config)
        tg_reading_fail_value(reading, "generationConfig", "given once, in one spelling");
    reader->has_config = true;
    if (token->kind == TG_JSON_OBJECT)
        gemini_read_config(reader, token);
    else if (token->kind == TG_JSON_NULL)
        reading->request->marks.config = tg_reading_span(reading, token->value);
    else
        tg_reading_fail_type(reading, "generationConfig", "an object", token);
}

static void read_cached_content(struct gemini_reader *reader, struct tg_json_token *token)
{
    reader->reading.request->is_beyond_text |= token->kind != TG_JSON_NULL;
    tg_reading_field(&reader->reading, TG_FIELD_CACHED_CONTENT, "cachedContent", token);
}

static const struct rule {
    const char *name;
    void (*read)(struct gemini_reader *reader, struct tg_json_token *token); /* NULL: a field */
    enum tg_field_id field;
} rules[] = {
    {"contents", gemini_read_contents, 0},
    {"systemInstruction", gemini_read_system, 0},
    {"generationConfig", read_config, 0},
    {"tools", gemini_read_tools, 0},
    {"toolConfig", gemini_read_tool_config, 0},
    {"serviceTier", read_service_tier, 0},
    {"cachedContent", read_cached_content, 0},
    {"safetySettings", NULL, TG_FIELD_SAFETY_SETTINGS},
    {"labels", NULL, TG_FIELD_METADATA},
    {"store", NULL, TG_FIELD_STORE},
    {"modelArmorConfig", NULL, TG_FIELD_GUARDRAIL},
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static void read_member(struct gemini_reader *reader, struct tg_json_token *member)
{
    for (size_t i = 0; i < RULE_COUNT; ++i) {
        if (!tg_gemini_is(member->key, rules[i].name))
            continue;
        if (rules[i].read != NULL)
            rules[i].read(reader, member);
        else
            tg_reading_field(&reader->reading, rules[i].field, rules[i].name, member);
        return;
    }
    tg_reading_other(&reader->reading, "", member);
}

bool gemini_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error)
{
    struct gemini_reader reader = {.has_contents = false};
    struct tg_reading *reading = &reader.reading;
    struct tg_json_token root, member;
    if (tg_reading_begin(reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_GEMINI;
        request->model = source->path_model;
        request->is_streaming = source->is_streaming_path;
        while (tg_reading_next_member(reading, &root, &member))
            read_member(&reader, &member);
        gemini_settle_format(&reader);
        gemini_settle_tool_choice(&reader);
        if (request->model.bytes == 0)
            tg_reading_fail_missing(reading, "model");
        if (!reader.has_contents)
            tg_reading_fail_missing(reading, "contents");
    }
    return tg_reading_finish(reading);
}
