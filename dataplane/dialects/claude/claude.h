/* What Claude models accept, where they differ: a request that is translated must be right for the very model. Facts by
 * the model's name, however a cloud decorates it ("us.anthropic.claude-opus-4-8-v1:0", "claude-opus-4-5@20251101").
 *
 * Sources (platform.claude.com/docs/en, read in November 2026): build-with-claude/adaptive-thinking,
 * build-with-claude/extended-thinking, build-with-claude/effort, build-with-claude/mid-conversation-system-messages. */
#ifndef TG_CLAUDE_H
#define TG_CLAUDE_H

#include "common/base/text.h"

struct tg_claude {
    bool is_claude;
    bool thinks_by_budget;    /* thinking is "enabled" with a budget; otherwise "adaptive", steered by effort */
    bool takes_xhigh;         /* effort "xhigh"; where not, "max" is the next */
    bool takes_sampling;      /* temperature, top_p, top_k */
    bool takes_late_system;   /* role "system" inside messages, behind a user turn */
    const char *thinking_off; /* the type that turns thinking off; NULL: it cannot be turned off */
};

/* A name without "claude-" in it is taken for another maker's model behind the same API, which has what the first
 * models had. A Claude model that is not known is taken for a new one. Pure. */
struct tg_claude tg_claude_of(struct tg_text model);

/* The budget for an effort: a share of the most that may be written. `most_tokens` bounds thinking and answer together,
 * so something is left for the answer; 0 if there is no room for the 1,024 tokens that are the least. */
int64_t tg_claude_budget(struct tg_text effort, int64_t most_tokens);

/* The effort as this model calls it; NULL if it knows nothing like it. "none" is no effort: thinking_off. */
const char *tg_claude_effort(const struct tg_claude *claude, struct tg_text effort);

#endif
