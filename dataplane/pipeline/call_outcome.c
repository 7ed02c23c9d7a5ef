/* What an attempt came to: its tokens as the provider reports them, or as far as they can be estimated, and their cost.
 *
 * The rule of estimates: the tokens of the prompt for the input, those of the text that was seen of the answer for the
 * output, counted by `estimate`; never more than was reserved. docs/metering.md tells it to people. */
#include "common/base/money.h"
#include "dataplane/estimate/estimate.h"
#include "dataplane/pipeline/stages_internal.h"

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

static int64_t most_output_tokens(const struct tg_worst_case *worst)
{
    return tg_money_add(tg_money_multiply(worst->choices, worst->output_tokens), worst->extra_output_tokens);
}

static enum tg_vocabulary vocabulary_of(const struct tg_exchange *exchange)
{
    struct tg_text upstream = exchange->call.deployment->upstream_model;
    return tg_vocabulary_for_model(upstream.bytes != 0 ? upstream : exchange->asked.model);
}

static void charge(struct tg_exchange *exchange)
{
    exchange->is_charged = true;
    if (tg_endpoint_operation(exchange->endpoint.endpoint) == TG_OPERATION_COUNT_TOKENS)
        return; /* free everywhere */
    exchange->cost_pusd =
        tg_pricing_cost_pusd(exchange->price, &exchange->usage, exchange->service_tier, &exchange->is_unpriced);
}

static void take_reported(struct tg_exchange *exchange, const struct tg_usage *usage)
{
    exchange->usage = *usage;
    exchange->is_estimated = false;
    charge(exchange);
}

/* Of an answer of `text_bytes` that begins with `known`. */
static void estimate(struct tg_exchange *exchange, struct tg_text known, size_t text_bytes)
{
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    enum tg_vocabulary vocabulary = vocabulary_of(exchange);
    exchange->is_estimated = true;
    if (exchange->asked.characters != 0) { /* speech is billed by what is spoken: that is known */
        exchange->usage = (struct tg_usage){.of[TG_USAGE_CHARACTERS] = exchange->asked.characters};
        charge(exchange);
        return;
    }
    exchange->usage = (struct tg_usage){
        .of[TG_USAGE_INPUT] = at_most(tg_estimate_prompt(&exchange->asked, vocabulary), worst.input_tokens),
        .of[TG_USAGE_OUTPUT] = at_most(tg_estimate_text(known, text_bytes, vocabulary), most_output_tokens(&worst)),
    };
    exchange->is_estimated = true;
    charge(exchange);
}

void stage_outcome_estimated(struct tg_exchange *exchange, size_t text_bytes)
{
    estimate(exchange, tg_text(NULL, 0), text_bytes);
}

static struct tg_text known_text(const struct tg_seen *seen)
{
    return seen->text == NULL ? tg_text(NULL, 0) : tg_buf_text(seen->text);
}

/* The tokens of what came behind the first `from` bytes of text. */
static int64_t count_since(const struct tg_exchange *exchange, const struct tg_seen *seen, size_t from)
{
    struct tg_text known = known_text(seen);
    size_t bytes = seen->text_bytes - from;
    if (from < known.bytes)
        known = tg_text(known.data + from, known.bytes - from);
    if (known.bytes > bytes)
        known.bytes = bytes;
    return tg_estimate_text(known, bytes, vocabulary_of(exchange));
}

/* Some providers report the prompt, and a first word, with the first event already. Of a stream that did not come to
 * its end, or did not say more at its end, that is not the last word: what was seen since then is output, too. */
static void complete_usage(struct tg_exchange *exchange, const struct tg_seen *seen)
{
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    int64_t reported = tg_usage_total_output(&exchange->usage);
    size_t from = reported == 0 ? 0 : seen->usage_text_bytes;
    int64_t missing = count_since(exchange, seen, from) - (from == 0 ? reported : 0);
    missing = at_most(missing, most_output_tokens(&worst) - reported);
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
        estimate(exchange, known_text(seen), seen->text_bytes);
}

/* Nobody knows what a native call used; it costs what the price of a request says. */
static bool take_native(struct tg_exchange *exchange)
{
    static const struct tg_usage nothing;
    if (exchange->endpoint.endpoint != TG_ENDPOINT_NATIVE)
        return false;
    take_reported(exchange, &nothing);
    return true;
}

static enum tg_status take_event(void *user, const struct tg_answer_event *event)
{
    if (event->kind == TG_ANSWER_DELTA)
        tg_seen_add_text(user, event->text.written);
    return TG_OK;
}

/* What the model wrote in a whole answer, where its dialect can be read: to count tokens in. */
static void gather_text(struct tg_exchange *exchange, struct tg_text body, struct tg_seen *seen, struct tg_buf *text)
{
    struct tg_seen told = {.text = text};
    const struct tg_answer_sink sink = {take_event, &told};
    struct tg_arena scratch;
    if (exchange->client_dialect->decode_whole == NULL)
        return;
    tg_arena_init(&scratch);
    if (exchange->client_dialect->decode_whole(&scratch, body, &sink) == TG_OK) {
        seen->text = text;
        seen->text_bytes = told.text_bytes;
    }
    tg_arena_deinit(&scratch);
}

void stage_outcome_of_whole_answer(struct tg_exchange *exchange, struct tg_text body)
{
    if (take_native(exchange))
        return;
    struct tg_seen seen;
    struct tg_buf text;
    memset(&seen, 0, sizeof(seen));
    if (exchange->call.response.is_encoded)
        seen.text_bytes = body.bytes;
    else
        exchange->client_dialect->watch_whole(&seen, body);
    tg_buf_init(&text, TG_ESTIMATE_SAMPLE_BYTES);
    if (!seen.has_usage && !exchange->call.response.is_encoded)
        gather_text(exchange, body, &seen, &text);
    take_seen(exchange, &seen);
    tg_buf_deinit(&text);
}

void stage_outcome_of_stream(struct tg_exchange *exchange)
{
    const struct tg_seen *seen = tg_answer_stream_seen(&exchange->stream);
    take_seen(exchange, seen);
    bool is_cut = !seen->is_done && (seen->has_error || exchange->call.state != TG_CALL_COMPLETE);
    if (seen->has_usage && (is_cut || seen->is_usage_partial))
        complete_usage(exchange, seen);
}

void stage_outcome_of_tail(struct tg_exchange *exchange)
{
    if (take_native(exchange))
        return;
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
