#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/messages/messages_internal.h"

/* Where nobody knows how much the model may write: every model that speaks this dialect can write as much. */
enum { LEAST_MAXIMUM = 4096, LEAST_BUDGET = 1024 };

static void write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

bool tg_messages_begin_member(struct tg_messages_writing *writing, const char *key)
{
    const struct tg_request_target *target = writing->target;
    for (size_t i = 0; i < target->rule_count; ++i) {
        const struct tg_parameter_rule *rule = &target->rules[i];
        if (!tg_text_is(rule->name, key))
            continue;
        if (rule->new_name.bytes == 0)
            return false;
        tg_json_write_key_text(&writing->json, rule->new_name);
        return true;
    }
    tg_json_write_key(&writing->json, key);
    return true;
}

void tg_messages_lose(struct tg_messages_writing *writing, enum tg_aspect aspect, enum tg_loss_weight weight)
{
    tg_loss_add(writing->loss, tg_aspect_path(writing->request->dialect, aspect), weight);
}

static int64_t maximum_of(const struct tg_messages_writing *writing)
{
    if (writing->target->max_output_tokens > 0)
        return writing->target->max_output_tokens;
    if (writing->request->max_output_tokens > 0)
        return writing->request->max_output_tokens;
    return writing->target->model_max_output_tokens > 0 ? writing->target->model_max_output_tokens : LEAST_MAXIMUM;
}

/* ---- thinking ---- */

/* Models up to 4.5 think within a budget, later ones "adaptively", as effort tells them: the former refuse the one, the
 * latter the other (dialects/claude). A budget becomes an effort, and an effort a budget, by size. */
static const char *effort_of_budget(int64_t budget_tokens)
{
    return budget_tokens < 4096 ? "low" : budget_tokens < 16384 ? "medium" : "high";
}

static int64_t budget_of(const struct tg_messages_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    int64_t most = maximum_of(writing);
    int64_t budget =
        thinking->budget_tokens > 0 ? thinking->budget_tokens : tg_claude_budget(thinking->effort.written, most);
    budget = budget < LEAST_BUDGET ? LEAST_BUDGET : budget;
    budget = budget < most ? budget : most - 1; /* it must be below max_tokens */
    return budget < LEAST_BUDGET ? 0 : budget;
}

static bool is_forced(const struct tg_model_request *request)
{
    return request->tool_choice.mode == TG_CHOICE_ANY || request->tool_choice.mode == TG_CHOICE_NAMED;
}

/* What is to be written about thinking; all empty: nothing. */
struct plan {
    const char *type;
    int64_t budget_tokens;
    bool shows_text;
    struct tg_json_string effort;
};

static struct plan plan_thinking(struct tg_messages_writing *writing)
{
    const struct tg_claude *claude = &writing->claude;
    const struct tg_thinking *thinking = &writing->request->thinking;
    struct tg_text effort = thinking->effort.written;
    struct plan plan = {.type = NULL};
    bool is_off = thinking->mode == TG_THINKING_OFF || tg_text_is(effort, "none");
    if (thinking->mode == TG_THINKING_UNSAID && effort.bytes == 0)
        return plan;
    if (is_off) {
        plan.type = claude->thinking_off;
        if (plan.type == NULL)
            tg_messages_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
        return plan;
    }
    plan.shows_text = thinking->wants_text;
    if (claude->thinks_by_budget) {
        plan.budget_tokens = is_forced(writing->request) ? 0 : budget_of(writing);
        if (plan.budget_tokens != 0)
            plan.type = "enabled";
        else /* no room for it, or a tool is forced, which such a model cannot do while it thinks */
            tg_messages_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
        return plan;
    }
    plan.type = "adaptive";
    if (effort.bytes == 0 && thinking->budget_tokens > 0)
        plan.effort = tg_json_string_literal(effort_of_budget(thinking->budget_tokens));
    const char *known = tg_claude_effort(claude, effort);
    if (known != NULL)
        plan.effort = tg_json_string_literal(known);
    else if (effort.bytes != 0)
        tg_messages_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
    return plan;
}

static void write_thinking(struct tg_messages_writing *writing, const struct plan *plan)
{
    struct tg_json_writer *json = &writing->json;
    if (plan->type == NULL || !tg_messages_begin_member(writing, "thinking"))
        return;
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal(plan->type));
    if (plan->budget_tokens != 0) {
        tg_json_write_key(json, "budget_tokens");
        tg_json_write_i64(json, plan->budget_tokens);
    } else if (plan->shows_text) { /* with a budget it is shown unless it is omitted on purpose */
        write_member(json, "display", tg_json_string_literal("summarized"));
    }
    tg_json_write_object_end(json);
}

/* ---- output_config ---- */

static bool is_below(const struct tg_field *field, const char *prefix)
{
    return field->id == TG_FIELD_OTHER && tg_text_starts_with(field->path, prefix);
}

/* What of `output_config` only this dialect knows. */
static void write_own_config(struct tg_messages_writing *writing)
{
    static const char PREFIX[] = "output_config.";
    for (const struct tg_field *field = writing->request->fields; tg_messages_is_own(writing) && field != NULL;
         field = field->next) {
        if (!is_below(field, PREFIX))
            continue;
        tg_json_write_key_text(&writing->json,
                               tg_json_unescape(writing->arena, tg_text(field->path.data + sizeof(PREFIX) - 1,
                                                                        field->path.bytes - (sizeof(PREFIX) - 1))));
        tg_json_write_raw(&writing->json, field->value);
    }
}

static bool has_own_config(const struct tg_messages_writing *writing)
{
    for (const struct tg_field *field = writing->request->fields; tg_messages_is_own(writing) && field != NULL;
         field = field->next)
        if (is_below(field, "output_config."))
            return true;
    return false;
}

/* The schema, if there is one to be written; losses are told. */
static struct tg_text format_schema(struct tg_messages_writing *writing)
{
    const struct tg_format *format = &writing->request->format;
    if (format->kind == TG_FORMAT_JSON_SCHEMA) {
        if (!tg_json_string_is_empty(format->description))
            tg_messages_lose(writing, TG_ASPECT_FORMAT, TG_LOSS_HARMLESS);
        return format->schema;
    }
    if (format->kind == TG_FORMAT_JSON || format->kind == TG_FORMAT_OTHER)
        tg_messages_lose(writing, TG_ASPECT_FORMAT, TG_LOSS_MEANING); /* JSON needs a schema here */
    return tg_text(NULL, 0);
}

static void write_output_config(struct tg_messages_writing *writing, const struct plan *plan)
{
    struct tg_json_writer *json = &writing->json;
    struct tg_text schema = format_schema(writing);
    bool has_effort = !tg_json_string_is_empty(plan->effort);
    if ((!has_effort && schema.bytes == 0 && !has_own_config(writing)) ||
        !tg_messages_begin_member(writing, "output_config"))
        return;
    tg_json_write_object_begin(json);
    if (has_effort)
        write_member(json, "effort", plan->effort);
    if (schema.bytes != 0) {
        tg_json_write_key(json, "format");
        tg_json_write_object_begin(json);
        write_member(json, "type", tg_json_string_literal("json_schema"));
        tg_json_write_key(json, "schema");
        tg_json_write_raw(json, schema);
        tg_json_write_object_end(json);
    }
    write_own_config(writing);
    tg_json_write_object_end(json);
}

/* ---- settings ---- */

static bool is_one(struct tg_text number)
{
    return tg_text_is(number, "1") || tg_text_is(number, "1.0");
}

/* Newer models take none of these, and others none but the default while they think
 * (…/build-with-claude/extended-thinking, "Feature compatibility"). */
static void write_sampling(struct tg_messages_writing *writing, const struct tg_field *field, const char *key,
                           bool is_thinking)
{
    bool is_top_k = field->id == TG_FIELD_TOP_K;
    if (!writing->claude.takes_sampling || is_thinking) {
        if (is_top_k || !is_one(field->value))
            tg_loss_add_field(writing->loss, field);
        return;
    }
    bool is_too_much = !is_top_k && tg_number_exceeds_one(field->value); /* OpenAI's temperature goes up to two */
    if (is_too_much)
        tg_loss_add(writing->loss, field->path, TG_LOSS_MEANING);
    if (tg_messages_begin_member(writing, key))
        tg_json_write_raw(&writing->json, is_too_much ? tg_text_of("1") : field->value);
}

static void write_service_tier(struct tg_messages_writing *writing, const struct tg_field *field)
{
    const char *tier = tg_text_is(field->value, "\"auto\"")            ? "auto"
                       : tg_text_is(field->value, "\"default\"")       ? "standard_only"
                       : tg_text_is(field->value, "\"standard_only\"") ? "standard_only"
                                                                       : NULL;
    if (tier == NULL)
        tg_loss_add_field(writing->loss, field);
    else if (tg_messages_begin_member(writing, "service_tier"))
        tg_json_write_string(&writing->json, tg_text_of(tier));
}

static void write_other(struct tg_messages_writing *writing, const struct tg_field *field)
{
    if (is_below(field, "output_config.") && tg_messages_is_own(writing))
        return;
    bool is_top = memchr(field->path.data, '.', field->path.bytes) == NULL;
    if (tg_messages_is_own(writing) && is_top) {
        tg_json_write_key_text(&writing->json, tg_json_unescape(writing->arena, field->path));
        tg_json_write_raw(&writing->json, field->value);
    } else {
        tg_loss_add_field(writing->loss, field);
    }
}

static void write_fields(struct tg_messages_writing *writing, bool is_thinking)
{
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next) {
        switch (field->id) {
        case TG_FIELD_TEMPERATURE:
            write_sampling(writing, field, "temperature", is_thinking);
            break;
        case TG_FIELD_TOP_P:
            write_sampling(writing, field, "top_p", is_thinking);
            break;
        case TG_FIELD_TOP_K:
            write_sampling(writing, field, "top_k", is_thinking);
            break;
        case TG_FIELD_SERVICE_TIER:
            write_service_tier(writing, field);
            break;
        case TG_FIELD_PARALLEL_TOOL_CALLS: /* in tool_choice */
        case TG_FIELD_USER:                /* in metadata */
        case TG_FIELD_SAFETY_IDENTIFIER:
            break;
        default:
            write_other(writing, field);
            break;
        }
    }
}

static void write_metadata(struct tg_messages_writing *writing)
{
    const struct tg_field *user = tg_request_field(writing->request, TG_FIELD_USER);
    if (user == NULL)
        user = tg_request_field(writing->request, TG_FIELD_SAFETY_IDENTIFIER);
    if (user == NULL || !tg_messages_begin_member(writing, "metadata"))
        return;
    tg_json_write_object_begin(&writing->json);
    tg_json_write_key(&writing->json, "user_id");
    tg_json_write_raw(&writing->json, user->value);
    tg_json_write_object_end(&writing->json);
}

/* The provider refuses a stop sequence that is nothing but white space. */
static bool is_blank(struct tg_messages_writing *writing, struct tg_json_string stop)
{
    struct tg_text plain = tg_json_string_plain(writing->arena, stop);
    for (size_t i = 0; i < plain.bytes; ++i)
        if (memchr(" \t\r\n\v\f", plain.data[i], 6) == NULL)
            return false;
    return true;
}

static void write_stops(struct tg_messages_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    bool is_open = false;
    for (size_t i = 0; i < request->stop_count; ++i) {
        if (is_blank(writing, request->stops[i])) {
            tg_messages_lose(writing, TG_ASPECT_STOPS, TG_LOSS_MEANING);
            continue;
        }
        if (!is_open && !tg_messages_begin_member(writing, "stop_sequences"))
            return;
        if (!is_open)
            tg_json_write_array_begin(&writing->json);
        is_open = true;
        tg_json_write_written(&writing->json, request->stops[i]);
    }
    if (is_open)
        tg_json_write_array_end(&writing->json);
}

/* ---- the whole ---- */

static void write_all(struct tg_messages_writing *writing)
{
    const struct tg_model_request *request = writing->request;
    struct tg_json_writer *json = &writing->json;
    struct plan plan = plan_thinking(writing);
    bool is_thinking = plan.type != NULL && plan.type != writing->claude.thinking_off;
    tg_json_write_object_begin(json);
    if (tg_messages_begin_member(writing, "model"))
        tg_json_write_string(json, writing->target->upstream_model.bytes != 0 ? writing->target->upstream_model
                                                                              : request->model);
    if (tg_messages_begin_member(writing, "max_tokens"))
        tg_json_write_i64(json, maximum_of(writing));
    tg_messages_write_system(writing);
    tg_messages_write_turns(writing);
    tg_messages_write_tools(writing);
    tg_messages_write_tool_choice(writing);
    write_thinking(writing, &plan);
    write_output_config(writing, &plan);
    write_stops(writing);
    write_fields(writing, is_thinking);
    write_metadata(writing);
    if (request->choices > 1)
        tg_messages_lose(writing, TG_ASPECT_CHOICES, TG_LOSS_MEANING);
    if (request->is_streaming && tg_messages_begin_member(writing, "stream"))
        tg_json_write_boolean(json, true);
    tg_rules_write_set(writing->target, json);
    tg_json_write_object_end(json);
}

bool tg_messages_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                               struct tg_client_error *error)
{
    struct tg_text model = target->upstream_model.bytes != 0 ? target->upstream_model : request->model;
    struct tg_messages_writing writing = {
        .arena = arena,
        .request = request,
        .target = target,
        .loss = loss,
        .error = error,
        .claude = tg_claude_of(model),
    };
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    tg_json_write_init(&writing.json, out);
    write_all(&writing);
    if (tg_json_write_finish(&writing.json) != TG_OK && error->code == TG_ERROR_NONE)
        *error = (struct tg_client_error){.code = TG_ERROR_BODY_TOO_LARGE,
                                          .words = {tg_arena_printf(arena, "%zu", out->max_bytes)}};
    return error->code == TG_ERROR_NONE;
}
