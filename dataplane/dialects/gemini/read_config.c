#include "dataplane/dialects/gemini/gemini_internal.h"

static const char PREFIX[] = "generationConfig";

static void read_maximum(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    if (reader->has_maximum)
        tg_reading_fail_value(reading, "generationConfig.maxOutputTokens", "given once, in one spelling");
    reader->has_maximum = true;
    reading->request->max_output_tokens =
        tg_reading_count(reading, "generationConfig.maxOutputTokens", token, INT64_MAX, "a positive whole number");
    if (token->event == TG_JSON_VALUE)
        reading->request->marks.maximum = tg_reading_span(reading, token->value);
}

static void read_choices(struct gemini_reader *reader, struct tg_json_token *token)
{
    int64_t choices = tg_reading_count(&reader->reading, "generationConfig.candidateCount", token, TG_MAX_CHOICES,
                                       "a whole number from 1 to 128");
    if (choices > reader->reading.request->choices)
        reader->reading.request->choices = choices;
}

static void read_stops(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_model_request *request = reader->reading.request;
    struct tg_json_token stop;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_other(&reader->reading, PREFIX, token);
        return;
    }
    while (tg_json_scan_next_in(&reader->reading.scan, token, &stop)) {
        if (request->stop_count == TG_MAX_STOPS)
            request->untranslatable = "it has more stop sequences than the gateway translates";
        else if (stop.kind == TG_JSON_STRING)
            request->stops[request->stop_count++] = tg_reading_string(&stop);
        else
            request->untranslatable = "it has a stop sequence that is no string";
    }
}

/* As OpenAI writes them: ["text"]. */
static void read_modalities(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_text raw = tg_reading_raw(reading, token);
    char *small = tg_arena_alloc(reading->arena, raw.bytes + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < raw.bytes; ++i)
        if (strchr(" \t\r\n", raw.data[i]) == NULL)
            small[bytes++] = raw.data[i] >= 'A' && raw.data[i] <= 'Z' ? (char)(raw.data[i] - 'A' + 'a') : raw.data[i];
    if (bytes == 0)
        return;
    if (!tg_text_is(tg_text(small, bytes), "[\"text\"]"))
        reading->request->is_beyond_text = true;
    tg_request_add_field(reading->arena, reading->request, &reading->tail, TG_FIELD_MODALITIES,
                         tg_text_of("generationConfig.responseModalities"), tg_text(small, bytes));
}

/* https://ai.google.dev/gemini-api/docs/thinking: a budget of -1 leaves it to the model, 0 turns it off. */
static void read_thinking(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_thinking *thinking = &reading->request->thinking;
    struct tg_json_token member;
    int64_t budget;
    if (token->kind != TG_JSON_OBJECT) {
        tg_reading_other(reading, PREFIX, token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (member.kind == TG_JSON_BOOLEAN && tg_gemini_is(member.key, "includeThoughts")) {
            thinking->wants_text = member.value.data[0] == 't';
        } else if (member.kind == TG_JSON_NUMBER && tg_gemini_is(member.key, "thinkingBudget") &&
                   tg_json_to_i64(member.value, &budget) == TG_OK) {
            thinking->mode = budget == 0 ? TG_THINKING_OFF : budget < 0 ? TG_THINKING_ADAPTIVE : TG_THINKING_ON;
            thinking->budget_tokens = budget > 0 ? budget : 0;
        } else if (member.kind == TG_JSON_STRING && tg_gemini_is(member.key, "thinkingLevel")) {
            static const char *const levels[][2] = {
                {"MINIMAL", "minimal"}, {"LOW", "low"}, {"MEDIUM", "medium"}, {"HIGH", "high"}, {"XHIGH", "xhigh"}};
            for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); ++i)
                if (tg_text_equals_nocase(member.value, tg_text_of(levels[i][0])))
                    thinking->effort = tg_json_string_literal(levels[i][1]);
            if (!tg_json_string_is_empty(thinking->effort))
                thinking->mode = TG_THINKING_ON;
        } else {
            tg_reading_other(reading, "generationConfig.thinkingConfig", &member);
        }
    }
}

static void read_media_type(struct gemini_reader *reader, struct tg_json_token *token)
{
    reader->media_type = tg_reading_string(token);
}

static void read_schema(struct gemini_reader *reader, struct tg_json_token *token)
{
    reader->openapi_schema = tg_reading_raw(&reader->reading, token);
}

static void read_json_schema(struct gemini_reader *reader, struct tg_json_token *token)
{
    reader->schema = tg_reading_raw(&reader->reading, token);
}

static const struct rule {
    const char *name;
    const char *path;
    void (*read)(struct gemini_reader *reader, struct tg_json_token *token); /* NULL: a field */
    enum tg_field_id field;
} rules[] = {
    {"maxOutputTokens", NULL, read_maximum, 0},
    {"candidateCount", NULL, read_choices, 0},
    {"stopSequences", NULL, read_stops, 0},
    {"responseMimeType", NULL, read_media_type, 0},
    {"responseSchema", NULL, read_schema, 0},
    {"responseJsonSchema", NULL, read_json_schema, 0},
    {"responseModalities", NULL, read_modalities, 0},
    {"thinkingConfig", NULL, read_thinking, 0},
    {"temperature", "generationConfig.temperature", NULL, TG_FIELD_TEMPERATURE},
    {"topP", "generationConfig.topP", NULL, TG_FIELD_TOP_P},
    {"topK", "generationConfig.topK", NULL, TG_FIELD_TOP_K},
    {"seed", "generationConfig.seed", NULL, TG_FIELD_SEED},
    {"presencePenalty", "generationConfig.presencePenalty", NULL, TG_FIELD_PRESENCE_PENALTY},
    {"frequencyPenalty", "generationConfig.frequencyPenalty", NULL, TG_FIELD_FREQUENCY_PENALTY},
    {"responseLogprobs", "generationConfig.responseLogprobs", NULL, TG_FIELD_LOGPROBS},
    {"logprobs", "generationConfig.logprobs", NULL, TG_FIELD_TOP_LOGPROBS},
    {"mediaResolution", "generationConfig.mediaResolution", NULL, TG_FIELD_HINT},
    {"routingConfig", "generationConfig.routingConfig", NULL, TG_FIELD_HINT},
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
            tg_reading_field(&reader->reading, rules[i].field, rules[i].path, member);
        return;
    }
    tg_reading_other(&reader->reading, PREFIX, member);
}

void gemini_read_config(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_body_marks *marks = &reader->reading.request->marks;
    struct tg_json_token member;
    marks->config = tg_reading_span(&reader->reading, token->value); /* the brace */
    while (tg_json_scan_next_in(&reader->reading.scan, token, &member)) {
        marks->has_config_members = true;
        read_member(reader, &member);
    }
}

void gemini_settle_format(struct gemini_reader *reader)
{
    struct tg_format *format = &reader->reading.request->format;
    struct tg_arena *arena = reader->reading.arena;
    if (reader->reading.scan.problem != NULL)
        return;
    reader->reading.request->prompt_bytes += reader->schema.bytes + reader->openapi_schema.bytes;
    if (tg_json_string_is(reader->media_type, "application/json")) {
        format->schema = reader->schema.bytes != 0 ? reader->schema : gemini_json_schema(arena, reader->openapi_schema);
        format->kind = format->schema.bytes != 0 ? TG_FORMAT_JSON_SCHEMA : TG_FORMAT_JSON;
    } else if (tg_json_string_is(reader->media_type, "text/plain")) {
        format->kind = TG_FORMAT_TEXT;
    } else if (!tg_json_string_is_empty(reader->media_type)) {
        format->kind = TG_FORMAT_OTHER;
        format->raw = tg_text(reader->media_type.written.data - 1, reader->media_type.written.bytes + 2);
        format->schema = reader->openapi_schema;
    }
}
