#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

static void lose(struct gemini_writing *writing, enum tg_aspect aspect, enum tg_loss_weight weight)
{
    gemini_lose(writing, tg_aspect_path(writing->request->dialect, aspect), weight);
}

/* ---- thinking ---- */

/* https://ai.google.dev/gemini-api/docs/openai#thinking: what Google itself makes of an effort. */
static int64_t budget_of(struct tg_text effort)
{
    if (tg_text_is(effort, "minimal") || tg_text_is(effort, "low"))
        return 1024;
    return tg_text_is(effort, "medium") ? 8192 : 24576;
}

/* https://ai.google.dev/gemini-api/docs/thinking#set-budget: 128 to 32,768 for Pro, else 0 to 24,576. */
static int64_t fitting_budget(const struct gemini_model *model, int64_t budget)
{
    int64_t most = model->is_pro ? 32768 : 24576;
    int64_t least = model->is_pro ? 128 : 0;
    return budget > most ? most : budget < least ? least : budget;
}

static const char *level_of(struct gemini_writing *writing, struct tg_text effort)
{
    static const char *const levels[][2] = {
        {"minimal", "MINIMAL"}, {"low", "LOW"}, {"medium", "MEDIUM"}, {"high", "HIGH"}};
    bool is_pro = writing->model.is_pro;
    for (size_t i = is_pro ? 1 : 0; i < sizeof(levels) / sizeof(levels[0]); ++i)
        if (tg_text_is(effort, levels[i][0]))
            return levels[i][1];
    lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS); /* the nearest that there is */
    if (tg_text_is(effort, "minimal") || tg_text_is(effort, "none"))
        return is_pro ? "LOW" : "MINIMAL";
    return "HIGH";
}

/* Later models cannot be kept from thinking, only be made to think little. */
static void write_level(struct gemini_writing *writing, bool is_off)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    struct tg_text effort = is_off ? tg_text_of("none") : thinking->effort.written;
    if (effort.bytes == 0 && thinking->budget_tokens > 0)
        effort = tg_text_of(thinking->budget_tokens <= 4096 ? "low" : "high");
    if (effort.bytes != 0)
        gemini_write_member(&writing->json, "thinkingLevel", tg_json_string_literal(level_of(writing, effort)));
}

static void write_budget(struct gemini_writing *writing, bool is_off)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    int64_t budget = -1;
    if (is_off)
        budget = fitting_budget(&writing->model, 0);
    else if (thinking->budget_tokens > 0)
        budget = fitting_budget(&writing->model, thinking->budget_tokens);
    else if (!tg_json_string_is_empty(thinking->effort))
        budget = budget_of(thinking->effort.written);
    gemini_write_count(&writing->json, "thinkingBudget", budget);
    if (is_off && budget != 0)
        lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
}

static void write_thinking(struct gemini_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    bool is_off = thinking->mode == TG_THINKING_OFF || tg_json_string_is(thinking->effort, "none");
    bool is_said = thinking->mode != TG_THINKING_UNSAID || !tg_json_string_is_empty(thinking->effort);
    if (!is_said && !thinking->wants_text)
        return;
    if (!writing->model.thinks) {
        if (!is_off)
            lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
        return;
    }
    tg_json_write_key(&writing->json, "thinkingConfig");
    tg_json_write_object_begin(&writing->json);
    if (is_said && writing->model.thinks_by_level)
        write_level(writing, is_off);
    else if (is_said)
        write_budget(writing, is_off);
    if (thinking->wants_text && !is_off) {
        tg_json_write_key(&writing->json, "includeThoughts");
        tg_json_write_boolean(&writing->json, true);
    }
    tg_json_write_object_end(&writing->json);
}

/* ---- the form of the answer ---- */

static void write_format(struct gemini_writing *writing)
{
    const struct tg_format *format = &writing->request->format;
    switch (format->kind) {
    case TG_FORMAT_UNSAID:
        return;
    case TG_FORMAT_TEXT:
        gemini_write_member(&writing->json, "responseMimeType", tg_json_string_literal("text/plain"));
        return;
    case TG_FORMAT_JSON:
    case TG_FORMAT_JSON_SCHEMA:
        gemini_write_member(&writing->json, "responseMimeType", tg_json_string_literal("application/json"));
        if (format->kind == TG_FORMAT_JSON_SCHEMA && format->schema.bytes != 0) {
            tg_json_write_key(&writing->json, "responseJsonSchema");
            tg_json_write_raw(&writing->json, format->schema);
        }
        return;
    case TG_FORMAT_OTHER:
        if (writing->request->dialect != TG_DIALECT_GEMINI) {
            lose(writing, TG_ASPECT_FORMAT, TG_LOSS_MEANING);
            return;
        }
        tg_json_write_key(&writing->json, "responseMimeType");
        tg_json_write_raw(&writing->json, format->raw);
        if (format->schema.bytes != 0) {
            tg_json_write_key(&writing->json, "responseSchema");
            tg_json_write_raw(&writing->json, format->schema);
        }
        return;
    }
}

/* ["text","image"] -> ["TEXT","IMAGE"] */
static void write_modalities(struct gemini_writing *writing, const struct tg_field *field)
{
    struct tg_text copy = tg_arena_copy(writing->arena, field->value);
    char *capitals = tg_arena_alloc(writing->arena, copy.bytes + 1);
    for (size_t i = 0; i < copy.bytes; ++i)
        capitals[i] = copy.data[i] >= 'a' && copy.data[i] <= 'z' ? (char)(copy.data[i] - 'a' + 'A') : copy.data[i];
    tg_json_write_key(&writing->json, "responseModalities");
    tg_json_write_raw(&writing->json, tg_text(capitals, copy.bytes));
}

/* ---- settings ---- */

static const char *name_of(enum tg_field_id id)
{
    switch (id) {
    case TG_FIELD_TEMPERATURE:
        return "temperature";
    case TG_FIELD_TOP_P:
        return "topP";
    case TG_FIELD_TOP_K:
        return "topK";
    case TG_FIELD_SEED:
        return "seed";
    case TG_FIELD_PRESENCE_PENALTY:
        return "presencePenalty";
    case TG_FIELD_FREQUENCY_PENALTY:
        return "frequencyPenalty";
    case TG_FIELD_LOGPROBS:
        return "responseLogprobs";
    case TG_FIELD_TOP_LOGPROBS:
        return "logprobs";
    default:
        return NULL;
    }
}

/* Those that write_request.c writes. */
static bool is_beside(enum tg_field_id id)
{
    return id == TG_FIELD_SERVICE_TIER || id == TG_FIELD_SAFETY_SETTINGS || id == TG_FIELD_CACHED_CONTENT ||
           id == TG_FIELD_METADATA || id == TG_FIELD_STORE || id == TG_FIELD_GUARDRAIL || id == TG_FIELD_OTHER ||
           id == TG_FIELD_WEB_SEARCH_OPTIONS;
}

static void write_field(struct gemini_writing *writing, const struct tg_field *field)
{
    const char *name = name_of(field->id);
    if (name != NULL) {
        tg_json_write_key(&writing->json, name);
        tg_json_write_raw(&writing->json, field->value);
    } else if (field->id == TG_FIELD_MODALITIES) {
        write_modalities(writing, field);
    } else if (!is_beside(field->id)) {
        tg_loss_add_field(writing->loss, field);
    }
}

void gemini_write_config(struct gemini_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    int64_t maximum = writing->target->max_output_tokens;
    tg_json_write_key(&writing->json, "generationConfig");
    tg_json_write_object_begin(&writing->json);
    maximum = maximum > 0 ? maximum : request->max_output_tokens;
    if (maximum > 0)
        gemini_write_count(&writing->json, "maxOutputTokens", maximum);
    if (request->choices > 1)
        gemini_write_count(&writing->json, "candidateCount", request->choices);
    if (request->stop_count != 0) {
        tg_json_write_key(&writing->json, "stopSequences");
        tg_json_write_array_begin(&writing->json);
        for (size_t i = 0; i < request->stop_count; ++i)
            tg_json_write_written(&writing->json, request->stops[i]);
        tg_json_write_array_end(&writing->json);
    }
    write_format(writing);
    write_thinking(writing);
    for (const struct tg_field *field = request->fields; field != NULL; field = field->next)
        write_field(writing, field);
    tg_json_write_object_end(&writing->json);
}
