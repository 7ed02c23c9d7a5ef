/* What a call may use that is not tokens. */
#include "common/base/money.h"
#include "dataplane/pricing/pricing.h"

enum {
    MOST_SEARCHES = 32, /* of a provider's search tool in one answer: providers set no bound that all share */
    /* Sound: no codec that providers take makes less than half a byte of a millisecond of speech; a character is spoken
     * in less than a second, also at the slowest pace (a quarter of the usual) that OpenAI offers. */
    MOST_MS_PER_BYTE = 2,
    MOST_MS_PER_CHARACTER = 1000,
    /* Reranking, https://docs.cohere.com/docs/rerank-overview and Cohere's price list: a search unit is a query with up
     * to 100 documents; one that is longer than 500 tokens, the query included, counts as several. */
    DOCUMENTS_PER_UNIT = 100,
    TOKENS_PER_DOCUMENT = 500,
};

static int64_t searches(const struct tg_model_request *asked)
{
    for (const struct tg_tool *tool = asked->tools; tool != NULL; tool = tool->next)
        if (tool->kind == TG_TOOL_WEB_SEARCH || tool->kind == TG_TOOL_OTHER)
            return tg_money_multiply(MOST_SEARCHES, asked->choices);
    return asked->is_beyond_text ? asked->choices : 0; /* models that search without a tool */
}

void tg_pricing_announced_units(enum tg_operation operation, const struct tg_model_request *asked, int64_t body_bytes,
                                struct tg_worst_case *worst)
{
    switch (operation) {
    case TG_OPERATION_IMAGE:
    case TG_OPERATION_IMAGE_EDIT:
        worst->units[TG_USAGE_IMAGES - TG_USAGE_TOKEN_KINDS] = asked->images > 0 ? asked->images : 1;
        break;
    case TG_OPERATION_SPEECH: /* a character is at least a byte */
        worst->units[TG_USAGE_CHARACTERS - TG_USAGE_TOKEN_KINDS] = body_bytes;
        worst->units[TG_USAGE_AUDIO_MS - TG_USAGE_TOKEN_KINDS] = tg_money_multiply(body_bytes, MOST_MS_PER_CHARACTER);
        break;
    case TG_OPERATION_TRANSCRIBE:
        worst->units[TG_USAGE_AUDIO_MS - TG_USAGE_TOKEN_KINDS] = tg_money_multiply(body_bytes, MOST_MS_PER_BYTE);
        break;
    case TG_OPERATION_RERANK:
        worst->units[TG_USAGE_SEARCH_UNITS - TG_USAGE_TOKEN_KINDS] =
            tg_money_add(asked->inputs, body_bytes / TOKENS_PER_DOCUMENT) / DOCUMENTS_PER_UNIT + 1;
        break;
    case TG_OPERATION_GENERATE:
        worst->units[TG_USAGE_IMAGES - TG_USAGE_TOKEN_KINDS] = asked->images;
        worst->units[TG_USAGE_WEB_SEARCHES - TG_USAGE_TOKEN_KINDS] = searches(asked);
        break;
    case TG_OPERATION_COUNT_TOKENS:
    case TG_OPERATION_COMPLETE:
    case TG_OPERATION_EMBED:
    case TG_OPERATION_MODERATE:
    case TG_OPERATION_NATIVE:
    case TG_OPERATION_COUNT:
        break;
    }
}
