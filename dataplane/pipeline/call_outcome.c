/* What an attempt came to: its tokens as the provider reports them, or as far as they can be estimated, and their cost.
 *
 * The rule of estimates: a token for every four bytes, of the prompt (messages, tools, input) for the input, of the
 * text that was seen of the answer for the output; never more than was reserved. */
#include "common/base/money.h"
#include "dataplane/pipeline/stages_internal.h"

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* A token for every four bytes, rounded up. */
static int64_t estimate_tokens(size_t text_bytes)
{
    return (int64_t)(text_bytes / 4 + (text_bytes % 4 != 0));
}

static void charge(struct tg_exchange *exchange)
{
    exchange->is_charged = true;
    exchange->cost_pusd =
        tg_pricing_cost_pusd(exchange->price, &exchange->usage, exchange->service_tier, &exchange->is_unpriced);
}

static void take_reported(struct tg_exchange *exchange, const struct tg_usage *usage)
{
    exchange->usage = *usage;
    exchange->is_estimated = false;
    charge(exchange);
}

void stage_outcome_estimated(struct tg_exchange *exchange, size_t text_bytes)
{
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    int64_t most_output =
        tg_money_add(tg_money_multiply(worst.choices, worst.output_tokens), worst.extra_output_tokens);
    exchange->usage = (struct tg_usage){
        .of[TG_USAGE_INPUT] = at_most(estimate_tokens(exchange->asked.prompt_bytes), worst.input_tokens),
        .of[TG_USAGE_OUTPUT] = at_most(estimate_tokens(text_bytes), most_output),
    };
    exchange->is_estimated = true;
    charge(exchange);
}

/* Some providers report the prompt, and a first word, with the first event already. Of a stream that did not come to
 * its end that is not the last word: what was seen since then is output, too. */
static void complete_cut_usage(struct tg_exchange *exchange, const struct tg_seen *seen)
{
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    int64_t most = tg_money_add(tg_money_multiply(worst.choices, worst.output_tokens), worst.extra_output_tokens);
    int64_t reported = tg_usage_total_output(&exchange->usage);
    size_t since = reported == 0 ? seen->text_bytes : seen->text_bytes - seen->usage_text_bytes;
    int64_t missing = at_most(estimate_tokens(since), most - reported);
    if (missing <= 0)
        return;
    exchange->usage.of[TG_USAGE_OUTPUT] = tg_money_add(exchange->usage.of[TG_USAGE_OUTPUT], missing);
    exchange->is_estimated = true;
    charge(exchange);
}

static void take_seen(struct tg_exchange *exchange, const struct tg_seen *seen)
{
    exchange->upstream_model = tg_arena_copy(exchange->arena, tg_text(seen->model, seen->model_bytes));
    if (seen->service_tier_bytes != 0)
        exchange->service_tier = tg_arena_copy(exchange->arena, tg_text(seen->service_tier, seen->service_tier_bytes));
    if (seen->has_usage)
        take_reported(exchange, &seen->usage);
    else
        stage_outcome_estimated(exchange, seen->text_bytes);
}

void stage_outcome_of_whole_answer(struct tg_exchange *exchange, struct tg_text body)
{
    struct tg_seen seen;
    memset(&seen, 0, sizeof(seen));
    if (exchange->call.response.is_encoded)
        seen.text_bytes = body.bytes;
    else
        exchange->client_dialect->watch_whole(&seen, body);
    take_seen(exchange, &seen);
}

void stage_outcome_of_stream(struct tg_exchange *exchange)
{
    const struct tg_seen *seen = tg_answer_stream_seen(&exchange->stream);
    take_seen(exchange, seen);
    bool is_cut = seen->has_error || exchange->call.state != TG_CALL_COMPLETE;
    if (seen->has_usage && !seen->is_done && is_cut)
        complete_cut_usage(exchange, seen);
}

void stage_outcome_of_tail(struct tg_exchange *exchange)
{
    struct tg_usage usage;
    if (!exchange->call.response.is_encoded && exchange->client_dialect->watch_tail(exchange->tail, &usage))
        take_reported(exchange, &usage);
    else
        stage_outcome_estimated(exchange, TG_EXCHANGE_WHOLE_ANSWER_BYTES);
}

bool stage_outcome_may_be_billed(const struct tg_call *call)
{
    switch (call->failure) {
    case TG_HTTP_RESOLVE_FAILED:
    case TG_HTTP_CONNECT_FAILED:
    case TG_HTTP_CONNECT_TIMEOUT:
    case TG_HTTP_TLS_FAILED:
        return false; /* the request was never sent */
    case TG_HTTP_NO_FAILURE:
    case TG_HTTP_FIRST_BYTE_TIMEOUT:
    case TG_HTTP_IDLE_TIMEOUT:
    case TG_HTTP_TOTAL_TIMEOUT:
    case TG_HTTP_BROKEN:
    case TG_HTTP_BAD_RESPONSE:
        break;
    }
    return call->status < 300; /* error answers cost nothing */
}
