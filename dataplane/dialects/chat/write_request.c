/* A request for a provider: https://platform.openai.com/docs/api-reference/chat/create. */
#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/chat/chat_internal.h"

/* Fields under OpenAI's names; those that other makers have are sent only to who asked for them in this dialect. */
static const struct {
    const char *name;
    bool is_openais;
} fields[TG_FIELD_COUNT] = {
    [TG_FIELD_TEMPERATURE] = {"temperature", true},
    [TG_FIELD_TOP_P] = {"top_p", true},
    [TG_FIELD_TOP_K] = {"top_k", false},
    [TG_FIELD_FREQUENCY_PENALTY] = {"frequency_penalty", true},
    [TG_FIELD_PRESENCE_PENALTY] = {"presence_penalty", true},
    [TG_FIELD_SEED] = {"seed", true},
    [TG_FIELD_LOGIT_BIAS] = {"logit_bias", true},
    [TG_FIELD_LOGPROBS] = {"logprobs", true},
    [TG_FIELD_TOP_LOGPROBS] = {"top_logprobs", true},
    [TG_FIELD_PARALLEL_TOOL_CALLS] = {"parallel_tool_calls", true},
    [TG_FIELD_SERVICE_TIER] = {"service_tier", true},
    [TG_FIELD_METADATA] = {"metadata", true},
    [TG_FIELD_USER] = {"user", true},
    [TG_FIELD_SAFETY_IDENTIFIER] = {"safety_identifier", true},
    [TG_FIELD_STORE] = {"store", true},
    [TG_FIELD_PROMPT_CACHE_KEY] = {"prompt_cache_key", true},
    [TG_FIELD_PROMPT_CACHE_RETENTION] = {"prompt_cache_retention", true},
    [TG_FIELD_PROMPT_CACHE_OPTIONS] = {"prompt_cache_options", true},
    [TG_FIELD_VERBOSITY] = {"verbosity", true},
    [TG_FIELD_PREDICTION] = {"prediction", true},
    [TG_FIELD_MODALITIES] = {"modalities", true},
    [TG_FIELD_AUDIO] = {"audio", true},
    [TG_FIELD_WEB_SEARCH_OPTIONS] = {"web_search_options", true},
    [TG_FIELD_SAFETY_SETTINGS] = {"safety_settings", false},
};

/* OpenAI takes at most 64 characters for who the end user is; other makers' clients send more. */
enum { MAX_USER_BYTES = 64 + 2 };

/* OpenAI's metadata and tiers are not the others': values that mean something else are not passed. */
static bool means_the_same(const struct chat_writing *writing, const struct tg_field *field)
{
    enum tg_dialect_id dialect = writing->request->dialect;
    bool is_openais = dialect == TG_DIALECT_CHAT || dialect == TG_DIALECT_RESPONSES;
    switch (field->id) {
    case TG_FIELD_METADATA:
    case TG_FIELD_MODALITIES:
    case TG_FIELD_AUDIO:
        return is_openais;
    case TG_FIELD_USER:
        return is_openais || field->value.bytes <= MAX_USER_BYTES;
    case TG_FIELD_STORE: /* of completions, or of responses to be gone on with */
        return dialect == TG_DIALECT_CHAT;
    case TG_FIELD_SERVICE_TIER:
        return is_openais || tg_text_is(field->value, "\"auto\"") || tg_text_is(field->value, "\"priority\"") ||
               tg_text_is(field->value, "\"flex\"") || tg_text_is(field->value, "\"default\"");
    default:
        return true;
    }
}

static void write_field(struct chat_writing *writing, const struct tg_field *field)
{
    const char *name = fields[field->id].is_openais && means_the_same(writing, field) ? fields[field->id].name : NULL;
    if (writing->request->dialect == TG_DIALECT_CHAT) /* under the name that the client gave it */
        name = tg_arena_copy(writing->arena, tg_json_string_plain(writing->arena, tg_json_string(field->path))).data;
    if (name == NULL)
        tg_loss_add_field(writing->loss, field);
    else if (chat_begin_member(writing, name))
        tg_json_write_raw(&writing->json, field->value);
}

static void write_messages(struct chat_writing *writing)
{
    if (!chat_begin_member(writing, "messages"))
        return;
    tg_json_write_array_begin(&writing->json);
    for (const struct tg_turn *turn = writing->request->turns; turn != NULL; turn = turn->next)
        chat_write_turn(writing, turn);
    tg_json_write_array_end(&writing->json);
}

static void write_number(struct chat_writing *writing, const char *key, int64_t number)
{
    if (chat_begin_member(writing, key))
        tg_json_write_i64(&writing->json, number);
}

static void write_streaming(struct chat_writing *writing)
{
    struct tg_json_writer *json = &writing->json;
    if (!writing->request->is_streaming)
        return;
    if (chat_begin_member(writing, "stream"))
        tg_json_write_boolean(json, true);
    bool wants_usage = writing->target->asks_for_usage || writing->request->wants_usage;
    if (!wants_usage || !chat_begin_member(writing, "stream_options"))
        return;
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "include_usage");
    tg_json_write_boolean(json, true);
    tg_json_write_object_end(json);
}

static void write_limits(struct chat_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    struct tg_json_writer *json = &writing->json;
    int64_t maximum = writing->target->max_output_tokens;
    if (maximum == 0)
        maximum = request->max_output_tokens;
    if (maximum != 0)
        write_number(writing, chat_maximum_field(writing->target), maximum);
    if (request->choices > 1)
        write_number(writing, "n", request->choices);
    if (request->stop_count == 0 || !chat_begin_member(writing, "stop"))
        return;
    tg_json_write_array_begin(json);
    for (size_t i = 0; i < request->stop_count; ++i)
        tg_json_write_written(json, request->stops[i]);
    tg_json_write_array_end(json);
}

/* An effort for a budget, where the client named only that: the same steps as the other way round. */
static struct tg_json_string effort_of(const struct tg_thinking *thinking)
{
    if (!tg_json_string_is_empty(thinking->effort))
        return thinking->effort;
    if (thinking->mode == TG_THINKING_OFF)
        return tg_json_string_literal("none");
    if (thinking->mode != TG_THINKING_ON || thinking->budget_tokens == 0)
        return tg_json_string(tg_text(NULL, 0)); /* the model's own default */
    return tg_json_string_literal(thinking->budget_tokens < 4096    ? "low"
                                  : thinking->budget_tokens < 16384 ? "medium"
                                                                    : "high");
}

/* To think is a model's own decision here, unless an effort is named; not to think is what others do by themselves. */
static void write_thinking(struct chat_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    struct tg_json_string effort = effort_of(thinking);
    bool is_own = writing->request->dialect == TG_DIALECT_CHAT;
    bool is_foreign_off = thinking->mode == TG_THINKING_OFF && !is_own && tg_json_string_is_empty(thinking->effort);
    if (!tg_json_string_is_empty(effort) && !is_foreign_off && chat_begin_member(writing, "reasoning_effort"))
        tg_json_write_written(&writing->json, effort);
}

bool chat_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                        const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                        struct tg_client_error *error)
{
    struct chat_writing writing = {.arena = arena, .request = request, .target = target, .loss = loss};
    struct tg_text model = target->upstream_model.bytes != 0 ? target->upstream_model : request->model;
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    tg_json_write_init(&writing.json, out);
    tg_json_write_object_begin(&writing.json);
    if (chat_begin_member(&writing, "model"))
        tg_json_write_string(&writing.json, model);
    write_messages(&writing);
    write_streaming(&writing);
    write_limits(&writing);
    chat_write_tools(&writing);
    chat_write_tool_choice(&writing);
    chat_write_format(&writing);
    write_thinking(&writing);
    for (const struct tg_field *field = request->fields; field != NULL; field = field->next)
        write_field(&writing, field);
    tg_rules_write_set(target, &writing.json);
    tg_json_write_object_end(&writing.json);
    if (tg_json_write_finish(&writing.json) == TG_OK)
        return true;
    *error = (struct tg_client_error){
        .code = TG_ERROR_INVALID_VALUE,
        .param = tg_text_of("messages"),
        .words = {tg_text_of("messages"), tg_text_of("smaller: the gateway cannot hold it in the provider's form")},
    };
    return false;
}
