#include "dataplane/dialects/canonical/aspect.h"
#include "dataplane/dialects/responses/internal.h"

bool tg_responses_write_member(struct tg_responses_writing *writing, const char *name)
{
    for (size_t i = 0; i < writing->target->rule_count; ++i) {
        const struct tg_parameter_rule *rule = &writing->target->rules[i];
        if (!tg_text_is(rule->name, name))
            continue;
        if (rule->value.bytes != 0 || rule->new_name.bytes == 0)
            return false;
        tg_json_write_key_text(&writing->json, rule->new_name);
        return true;
    }
    tg_json_write_key(&writing->json, name);
    return true;
}

void tg_responses_write_string(struct tg_json_writer *json, const char *key, struct tg_json_string string)
{
    if (tg_json_string_is_empty(string))
        return;
    tg_json_write_key(json, key);
    tg_json_write_written(json, string);
}

/* ---- fields that pass raw ---- */

enum { FROM_OPENAI = 1 << TG_DIALECT_CHAT | 1 << TG_DIALECT_RESPONSES, FROM_SELF = 1 << TG_DIALECT_RESPONSES };
enum { FROM_ALL = (1 << TG_DIALECT_COUNT) - 1 };

/* Under which name, and from which dialects: a field may have other values elsewhere. Fields that are not here are
 * said otherwise (below), or not at all. */
static const struct {
    enum tg_field_id id;
    const char *name;
    unsigned from;
} names[] = {
    {TG_FIELD_TEMPERATURE, "temperature", FROM_ALL},
    {TG_FIELD_TOP_P, "top_p", FROM_ALL},
    {TG_FIELD_TOP_LOGPROBS, "top_logprobs", FROM_ALL},
    {TG_FIELD_PARALLEL_TOOL_CALLS, "parallel_tool_calls", FROM_ALL},
    {TG_FIELD_SERVICE_TIER, "service_tier", FROM_OPENAI},
    {TG_FIELD_METADATA, "metadata", FROM_OPENAI},
    {TG_FIELD_CLIENT_METADATA, "client_metadata", FROM_SELF},
    {TG_FIELD_USER, "user", FROM_ALL},
    {TG_FIELD_SAFETY_IDENTIFIER, "safety_identifier", FROM_OPENAI},
    {TG_FIELD_PROMPT_CACHE_KEY, "prompt_cache_key", FROM_OPENAI},
    {TG_FIELD_PROMPT_CACHE_RETENTION, "prompt_cache_retention", FROM_OPENAI},
    {TG_FIELD_PROMPT_CACHE_OPTIONS, "prompt_cache_options", FROM_OPENAI},
    {TG_FIELD_PREVIOUS_RESPONSE_ID, "previous_response_id", FROM_SELF},
    {TG_FIELD_CONVERSATION, "conversation", FROM_SELF},
    {TG_FIELD_TRUNCATION, "truncation", FROM_SELF},
    {TG_FIELD_BACKGROUND, "background", FROM_SELF},
    {TG_FIELD_MAX_TOOL_CALLS, "max_tool_calls", FROM_SELF},
    {TG_FIELD_CONTEXT_MANAGEMENT, "context_management", FROM_SELF},
};

static const char *name_of(const struct tg_responses_writing *writing, const struct tg_field *field)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (names[i].id == field->id)
            return (names[i].from & 1u << writing->request->dialect) != 0 ? names[i].name : NULL;
    return NULL;
}

/* OpenAI takes at most 64 characters for who the end user is; other makers' clients send more. */
static bool is_too_long(const struct tg_responses_writing *writing, const struct tg_field *field)
{
    enum { MAX_USER_BYTES = 64 + 2 };
    return field->id == TG_FIELD_USER && field->value.bytes > MAX_USER_BYTES &&
           (FROM_OPENAI & 1u << writing->request->dialect) == 0;
}

static bool is_said_elsewhere(enum tg_field_id id)
{
    return id == TG_FIELD_VERBOSITY || id == TG_FIELD_STORE || id == TG_FIELD_INCLUDE || id == TG_FIELD_LOGPROBS ||
           id == TG_FIELD_WEB_SEARCH_OPTIONS;
}

/* The name below `prefix` that a field of this dialect's own has; NULL if it is not below it. */
static const char *own_name(const struct tg_responses_writing *writing, const struct tg_field *field,
                            const char *prefix)
{
    if (!writing->is_own || (field->id != TG_FIELD_OTHER && field->id != TG_FIELD_REASONING_CONTEXT))
        return NULL;
    size_t bytes = strlen(prefix);
    struct tg_text path = field->path;
    bool is_written = tg_text_is(path, "tools") && writing->request->tools != NULL; /* no list, beside one in `input` */
    if (!tg_text_starts_with(path, prefix) || is_written)
        return NULL;
    struct tg_text name = tg_text(path.data + bytes, path.bytes - bytes);
    bool is_plain = memchr(name.data, '.', name.bytes) == NULL && memchr(name.data, '\\', name.bytes) == NULL;
    return is_plain ? tg_arena_copy(writing->arena, name).data : NULL;
}

static void write_own_fields(struct tg_responses_writing *writing, const char *prefix)
{
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next) {
        const char *name = own_name(writing, field, prefix);
        if (name == NULL)
            continue;
        tg_json_write_key_text(&writing->json, tg_text_of(name));
        tg_json_write_raw(&writing->json, field->value);
    }
}

static bool is_below(struct tg_text path, const char *prefix)
{
    return tg_text_starts_with(path, prefix);
}

static void write_fields(struct tg_responses_writing *writing)
{
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next) {
        const char *name = is_too_long(writing, field) ? NULL : name_of(writing, field);
        if (is_said_elsewhere(field->id))
            continue;
        if (name == NULL)
            name = own_name(writing, field, "");
        if (name != NULL) {
            if (tg_responses_write_member(writing, name))
                tg_json_write_raw(&writing->json, field->value);
        } else if (!writing->is_own || !(is_below(field->path, "text.") || is_below(field->path, "reasoning."))) {
            tg_loss_add_field(writing->loss, field);
        }
    }
}

/* ---- what has a shape of its own ---- */

static void write_format(struct tg_responses_writing *writing)
{
    const struct tg_format *format = &writing->request->format;
    struct tg_json_writer *json = &writing->json;
    if (format->kind == TG_FORMAT_OTHER && writing->is_own) {
        tg_json_write_key(json, "format");
        tg_json_write_raw(json, format->raw);
        return;
    }
    if (format->kind == TG_FORMAT_OTHER)
        tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, TG_ASPECT_FORMAT), TG_LOSS_MEANING);
    if (format->kind == TG_FORMAT_UNSAID || format->kind == TG_FORMAT_OTHER)
        return;
    tg_json_write_key(json, "format");
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(format->kind == TG_FORMAT_TEXT   ? "text"
                                          : format->kind == TG_FORMAT_JSON ? "json_object"
                                                                           : "json_schema"));
    if (format->kind == TG_FORMAT_JSON_SCHEMA) {
        tg_json_write_key(json, "name"); /* required here, not everywhere */
        tg_json_write_written(json, tg_json_string_is_empty(format->name) ? tg_json_string_literal("response")
                                                                          : format->name);
        tg_responses_write_string(json, "description", format->description);
        tg_json_write_key(json, "schema");
        tg_json_write_raw(json, format->schema.bytes == 0 ? tg_text_of("{}") : format->schema);
        if (format->strict != TG_FORMAT_STRICT_UNSAID) {
            tg_json_write_key(json, "strict");
            tg_json_write_boolean(json, format->strict == TG_FORMAT_STRICT_YES);
        }
    }
    tg_json_write_object_end(json);
}

static bool has_own_fields(struct tg_responses_writing *writing, const char *prefix)
{
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next)
        if (own_name(writing, field, prefix) != NULL)
            return true;
    return false;
}

static void write_text(struct tg_responses_writing *writing)
{
    const struct tg_field *verbosity = tg_request_field(writing->request, TG_FIELD_VERBOSITY);
    bool has_format = writing->request->format.kind != TG_FORMAT_UNSAID;
    if (!has_format && verbosity == NULL && !has_own_fields(writing, "text."))
        return;
    if (!tg_responses_write_member(writing, "text"))
        return;
    tg_json_write_object_begin(&writing->json);
    write_format(writing);
    if (verbosity != NULL) {
        tg_json_write_key(&writing->json, "verbosity");
        tg_json_write_raw(&writing->json, verbosity->value);
    }
    write_own_fields(writing, "text.");
    tg_json_write_object_end(&writing->json);
}

/* Where only a number of tokens was said: the steps of effort are not defined in tokens, so these are an estimate. */
static struct tg_json_string effort_for(int64_t budget_tokens)
{
    enum { LOW = 4096, MEDIUM = 16384 };
    return tg_json_string_literal(budget_tokens <= LOW ? "low" : budget_tokens <= MEDIUM ? "medium" : "high");
}

static void write_reasoning(struct tg_responses_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    struct tg_json_string effort = thinking->effort;
    bool is_off = thinking->mode == TG_THINKING_OFF;
    if (tg_json_string_is_empty(effort) && thinking->mode == TG_THINKING_ON && thinking->budget_tokens > 0)
        effort = effort_for(thinking->budget_tokens);
    /* "none" is refused by models that cannot but reason, and by those that cannot: it is said only if the client did
     */
    if (is_off && !tg_json_string_is(effort, "none")) {
        tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, TG_ASPECT_THINKING), TG_LOSS_HARMLESS);
        return;
    }
    bool has_own = has_own_fields(writing, "reasoning.");
    if (tg_json_string_is_empty(effort) && !thinking->wants_text && !has_own)
        return;
    if (!tg_responses_write_member(writing, "reasoning"))
        return;
    tg_json_write_object_begin(&writing->json);
    tg_responses_write_string(&writing->json, "effort", effort);
    if (thinking->wants_text) {
        tg_json_write_key(&writing->json, "summary");
        tg_json_write_string(&writing->json, tg_text_of("auto"));
    }
    write_own_fields(writing, "reasoning.");
    tg_json_write_object_end(&writing->json);
}

/* Encrypted reasoning comes back with the next turn of a client whose own dialect keeps nothing at the provider. Not
 * asked for where no reasoning is: models without refuse it. */
static void write_include(struct tg_responses_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    const struct tg_field *logprobs = tg_request_field(request, TG_FIELD_LOGPROBS);
    const struct tg_field *include = tg_request_field(request, TG_FIELD_INCLUDE);
    bool has_logprobs = logprobs != NULL && tg_text_is(logprobs->value, "true");
    bool has_reasoning = request->thinking.mode == TG_THINKING_ON || request->thinking.mode == TG_THINKING_ADAPTIVE ||
                         request->thinking.wants_text;
    if (include != NULL && writing->is_own) {
        if (tg_responses_write_member(writing, "include"))
            tg_json_write_raw(&writing->json, include->value);
        return;
    }
    if ((!has_logprobs && !has_reasoning) || !tg_responses_write_member(writing, "include"))
        return;
    tg_json_write_array_begin(&writing->json);
    if (has_reasoning)
        tg_json_write_string(&writing->json, tg_text_of("reasoning.encrypted_content"));
    if (has_logprobs)
        tg_json_write_string(&writing->json, tg_text_of("message.output_text.logprobs"));
    tg_json_write_array_end(&writing->json);
}

/* Responses are stored unless told otherwise; what other dialects ask for is not. */
static void write_store(struct tg_responses_writing *writing)
{
    const struct tg_field *store = tg_request_field(writing->request, TG_FIELD_STORE);
    if (store == NULL && writing->is_own)
        return;
    if (!tg_responses_write_member(writing, "store"))
        return;
    if (store == NULL)
        tg_json_write_boolean(&writing->json, false);
    else
        tg_json_write_raw(&writing->json, store->value);
}

static void write_maximum(struct tg_responses_writing *writing)
{
    int64_t maximum = writing->target->max_output_tokens;
    if (maximum <= 0)
        maximum = writing->request->max_output_tokens;
    if (maximum > 0 && tg_responses_write_member(writing, "max_output_tokens"))
        tg_json_write_i64(&writing->json, maximum);
}

/* What the provider's rules set, whatever was asked for. */
static void write_set_members(struct tg_responses_writing *writing)
{
    for (size_t i = 0; i < writing->target->rule_count; ++i) {
        const struct tg_parameter_rule *rule = &writing->target->rules[i];
        if (rule->value.bytes == 0)
            continue;
        tg_json_write_key_text(&writing->json, rule->name);
        tg_json_write_string(&writing->json, rule->value);
    }
}

static void write_body(struct tg_responses_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    struct tg_text model = writing->target->upstream_model;
    tg_json_write_object_begin(&writing->json);
    if (tg_responses_write_member(writing, "model"))
        tg_json_write_string(&writing->json, model.bytes != 0 ? model : request->model);
    tg_responses_write_turns(writing);
    tg_responses_write_tools(writing);
    write_text(writing);
    write_reasoning(writing);
    write_maximum(writing);
    write_fields(writing);
    write_include(writing);
    write_store(writing);
    if (request->is_streaming && tg_responses_write_member(writing, "stream"))
        tg_json_write_boolean(&writing->json, true);
    write_set_members(writing);
    tg_json_write_object_end(&writing->json);
    if (request->choices > 1)
        tg_loss_add(writing->loss, tg_aspect_path(request->dialect, TG_ASPECT_CHOICES), TG_LOSS_MEANING);
    if (request->stop_count > 0)
        tg_loss_add(writing->loss, tg_aspect_path(request->dialect, TG_ASPECT_STOPS), TG_LOSS_MEANING);
}

bool tg_responses_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                                const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                                struct tg_client_error *error)
{
    struct tg_responses_writing writing = {
        .arena = arena,
        .request = request,
        .target = target,
        .loss = loss,
        .error = error,
        .is_own = request->dialect == TG_DIALECT_RESPONSES,
    };
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    tg_json_write_init(&writing.json, out);
    write_body(&writing);
    if (tg_json_write_finish(&writing.json) == TG_OK)
        return error->code == TG_ERROR_NONE;
    *error = (struct tg_client_error){
        .code = TG_ERROR_BODY_TOO_LARGE,
        .words = {tg_arena_printf(arena, "%zu", out->max_bytes)},
    };
    return false;
}
