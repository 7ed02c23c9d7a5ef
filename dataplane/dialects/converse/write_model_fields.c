/* additionalModelRequestFields: what each maker's models understand of thinking.
 * Claude: …/bedrock/latest/userguide/claude-messages-adaptive-thinking.html and …-extended-thinking.html; the others as
 * recorded exchanges show them, and …/nova/latest/nova2-userguide/extended-thinking.html. */
#include "dataplane/dialects/converse/converse_internal.h"

enum { LEAST_MAXIMUM = 4096, LEAST_BUDGET = 1024 };

static int64_t maximum_of(const struct tg_converse_writing *writing)
{
    if (writing->target->max_output_tokens > 0)
        return writing->target->max_output_tokens;
    if (writing->request->max_output_tokens > 0)
        return writing->request->max_output_tokens;
    return writing->target->model_max_output_tokens > 0 ? writing->target->model_max_output_tokens : LEAST_MAXIMUM;
}

/* How a family of models takes an effort. */
static const struct family {
    const char *part_of_name;
    const char *before, *behind; /* the effort stands between them */
} families[] = {
    {"openai.gpt", "\"reasoning_effort\":\"", "\""},
    {"qwen", "\"reasoning_config\":\"", "\""},
    {"nova", "\"reasoningConfig\":{\"type\":\"enabled\",\"maxReasoningEffort\":\"", "\"}"},
};

static const struct family *family_of(struct tg_text model)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); ++i) {
        size_t bytes = strlen(families[i].part_of_name);
        if (model.bytes != 0 && memmem(model.data, model.bytes, families[i].part_of_name, bytes) != NULL)
            return &families[i];
    }
    return NULL;
}

/* The three that all of them know. */
static const char *common_effort(struct tg_text effort)
{
    if (tg_text_is(effort, "minimal") || tg_text_is(effort, "low"))
        return "low";
    if (tg_text_is(effort, "high") || tg_text_is(effort, "xhigh") || tg_text_is(effort, "max"))
        return "high";
    return "medium";
}

static bool is_off(const struct tg_thinking *thinking)
{
    return thinking->mode == TG_THINKING_OFF || tg_json_string_is(thinking->effort, "none");
}

static bool is_asked(const struct tg_thinking *thinking)
{
    return thinking->mode != TG_THINKING_UNSAID || !tg_json_string_is_empty(thinking->effort);
}

static int64_t budget_of(const struct tg_converse_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    if (writing->request->tool_choice.mode == TG_CHOICE_ANY || writing->request->tool_choice.mode == TG_CHOICE_NAMED)
        return 0; /* such a model cannot be forced to use a tool while it thinks */
    int64_t most = maximum_of(writing);
    int64_t budget =
        thinking->budget_tokens > 0 ? thinking->budget_tokens : tg_claude_budget(thinking->effort.written, most);
    budget = budget < LEAST_BUDGET ? LEAST_BUDGET : budget;
    budget = budget < most ? budget : most - 1;
    return budget < LEAST_BUDGET ? 0 : budget;
}

bool tg_converse_is_thinking(const struct tg_converse_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    if (!writing->claude.is_claude || !is_asked(thinking) || is_off(thinking))
        return false;
    return !writing->claude.thinks_by_budget || budget_of(writing) != 0;
}

static const char *effort_of_budget(int64_t budget_tokens)
{
    return budget_tokens < 4096 ? "low" : budget_tokens < 16384 ? "medium" : "high";
}

/* Members, with a comma between them, for a Claude model. */
static struct tg_text claude_fields(struct tg_converse_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    const struct tg_claude *claude = &writing->claude;
    const char *display = thinking->wants_text && !claude->thinks_by_budget ? ",\"display\":\"summarized\"" : "";
    if (is_off(thinking)) {
        if (claude->thinking_off != NULL)
            return tg_arena_printf(writing->arena, "\"thinking\":{\"type\":\"%s\"}", claude->thinking_off);
    } else if (claude->thinks_by_budget) {
        int64_t budget = budget_of(writing);
        if (budget != 0)
            return tg_arena_printf(writing->arena, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":%lld}",
                                   (long long)budget);
    } else {
        const char *effort = tg_claude_effort(claude, thinking->effort.written);
        if (effort == NULL && !tg_json_string_is_empty(thinking->effort))
            tg_converse_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
        else if (effort == NULL && thinking->budget_tokens > 0)
            effort = effort_of_budget(thinking->budget_tokens);
        return tg_arena_printf(writing->arena, "\"thinking\":{\"type\":\"adaptive\"%s}%s%s%s", display,
                               effort == NULL ? "" : ",\"output_config\":{\"effort\":\"", effort == NULL ? "" : effort,
                               effort == NULL ? "" : "\"}");
    }
    tg_converse_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
    return tg_text(NULL, 0);
}

static struct tg_text thinking_fields(struct tg_converse_writing *writing)
{
    const struct tg_thinking *thinking = &writing->request->thinking;
    const struct family *family = family_of(writing->model);
    if (!is_asked(thinking))
        return tg_text(NULL, 0);
    if (writing->claude.is_claude)
        return claude_fields(writing);
    if (is_off(thinking)) /* they think only when asked to */
        return tg_text(NULL, 0);
    if (family == NULL) {
        tg_converse_lose(writing, TG_ASPECT_THINKING, TG_LOSS_HARMLESS);
        return tg_text(NULL, 0);
    }
    const char *effort = tg_json_string_is_empty(thinking->effort) && thinking->budget_tokens > 0
                             ? effort_of_budget(thinking->budget_tokens)
                             : common_effort(thinking->effort.written);
    return tg_arena_printf(writing->arena, "%s%s%s", family->before, effort, family->behind);
}

/* Sampling that Converse has no field of its own for. */
static struct tg_text top_k_field(struct tg_converse_writing *writing)
{
    const struct tg_field *top_k = tg_request_field(writing->request, TG_FIELD_TOP_K);
    if (top_k == NULL)
        return tg_text(NULL, 0);
    if (writing->claude.is_claude && writing->claude.takes_sampling && !tg_converse_is_thinking(writing))
        return tg_arena_printf(writing->arena, "\"top_k\":%.*s", TG_TEXT_ARG(top_k->value));
    tg_loss_add_field(writing->loss, top_k);
    return tg_text(NULL, 0);
}

void tg_converse_write_model_fields(struct tg_converse_writing *writing)
{
    static const char PREFIX[] = "additionalModelRequestFields.";
    struct tg_text fields[] = {thinking_fields(writing), top_k_field(writing)};
    struct tg_text all = tg_text_of("");
    for (size_t i = 0; i < 2; ++i)
        if (fields[i].bytes != 0)
            all = tg_arena_printf(writing->arena, "%.*s%s%.*s", TG_TEXT_ARG(all), all.bytes == 0 ? "" : ",",
                                  TG_TEXT_ARG(fields[i]));
    for (const struct tg_field *field = writing->request->fields; field != NULL; field = field->next) {
        bool is_ours = field->id == TG_FIELD_OTHER || field->id == TG_FIELD_HINT;
        if (!tg_converse_is_own(writing) || !is_ours || !tg_text_starts_with(field->path, PREFIX))
            continue;
        struct tg_text name = tg_text(field->path.data + sizeof(PREFIX) - 1, field->path.bytes - (sizeof(PREFIX) - 1));
        if (memchr(name.data, '.', name.bytes) != NULL)
            continue; /* inside output_config: of no model that is known */
        all = tg_arena_printf(writing->arena, "%.*s%s\"%.*s\":%.*s", TG_TEXT_ARG(all), all.bytes == 0 ? "" : ",",
                              TG_TEXT_ARG(name), TG_TEXT_ARG(field->value));
    }
    if (all.bytes == 0)
        return;
    tg_json_write_key(&writing->json, "additionalModelRequestFields");
    tg_json_write_raw(&writing->json, tg_arena_printf(writing->arena, "{%.*s}", TG_TEXT_ARG(all)));
}
