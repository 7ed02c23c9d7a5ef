#include "dataplane/dialects/claude/claude.h"

enum { LEAST_BUDGET = 1024, MOST_BUDGET = 128000 };

/* The first row whose name begins the model's decides. */
static const struct {
    const char *prefix;
    struct tg_claude claude;
} rows[] = {
    {"claude-opus-4-6", {true, false, false, true, false, "disabled"}},
    {"claude-sonnet-4-6", {true, false, false, true, false, "disabled"}},
    {"claude-opus-4-7", {true, false, true, false, false, "disabled"}},
    {"claude-opus-4-8", {true, false, true, false, true, "disabled"}},
    {"claude-opus-5-5", {true, false, true, false, true, NULL}},
    {"claude-sonnet-5-5", {true, false, true, false, false, "between_tools"}},
    {"claude-haiku-5-5", {true, false, true, false, false, "disabled"}},
    {"claude-fable", {true, false, true, false, true, NULL}},
    {"claude-mythos", {true, false, true, false, true, NULL}},
    {"claude-instant", {true, true, false, true, false, "disabled"}},
    {"claude-2", {true, true, false, true, false, "disabled"}},
    {"claude-3", {true, true, false, true, false, "disabled"}},
    {"claude-4", {true, true, false, true, false, "disabled"}},
    {"claude-opus-4", {true, true, false, true, false, "disabled"}},
    {"claude-sonnet-4", {true, true, false, true, false, "disabled"}},
    {"claude-haiku-4", {true, true, false, true, false, "disabled"}},
    {"claude-", {true, false, true, false, true, "disabled"}},
};

struct tg_claude tg_claude_of(struct tg_text model)
{
    const char *at = model.bytes == 0 ? NULL : memmem(model.data, model.bytes, "claude-", 7);
    if (at != NULL) {
        struct tg_text name = tg_text(at, (size_t)(model.data + model.bytes - at));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
            if (tg_text_starts_with(name, rows[i].prefix))
                return rows[i].claude;
    }
    return (struct tg_claude){.thinks_by_budget = true, .takes_sampling = true, .thinking_off = "disabled"};
}

/* In hundredths of the most that may be written. */
static const struct {
    const char *effort;
    const char *as;
    int share;
} efforts[] = {
    {"minimal", "low", 10}, {"low", "low", 20},     {"medium", "medium", 50},
    {"high", "high", 80},   {"xhigh", "xhigh", 95}, {"max", "max", 95},
};

int64_t tg_claude_budget(struct tg_text effort, int64_t most_tokens)
{
    int share = 50;
    for (size_t i = 0; i < sizeof(efforts) / sizeof(efforts[0]); ++i)
        if (tg_text_is(effort, efforts[i].effort))
            share = efforts[i].share;
    if (most_tokens <= LEAST_BUDGET)
        return 0;
    int64_t budget = most_tokens / 100 * share;
    budget = budget < LEAST_BUDGET ? LEAST_BUDGET : budget;
    return budget > MOST_BUDGET ? MOST_BUDGET : budget;
}

const char *tg_claude_effort(const struct tg_claude *claude, struct tg_text effort)
{
    for (size_t i = 0; i < sizeof(efforts) / sizeof(efforts[0]); ++i)
        if (tg_text_is(effort, efforts[i].effort))
            return tg_text_is(effort, "xhigh") && !claude->takes_xhigh ? "max" : efforts[i].as;
    return NULL;
}
