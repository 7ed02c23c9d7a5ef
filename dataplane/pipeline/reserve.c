/* Takes the worst case of the call from every budget that applies, all or nothing; on finish finds the true charges.
 * The wallet is settled by meter, once the record is in the journal: were it the other way round, a replica that dies
 * between the two would leave a call that is charged in full although its room was given to another. */
#include <assert.h>
#include <inttypes.h>

#include "common/base/money.h"
#include "common/base/time.h"
#include "dataplane/pipeline/stages_internal.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- the worst case ---- */

/* No token is billed: counting is free everywhere, and what is native is none of the models' business. */
static bool is_free(const struct tg_exchange *exchange)
{
    enum tg_operation operation = tg_endpoint_operation(exchange->endpoint.endpoint);
    return operation == TG_OPERATION_COUNT_TOKENS || operation == TG_OPERATION_NATIVE;
}

/* A token is at least one byte of the prompt, so the body bounds it; the model's own maximum does, too, for each text.
 * Images, sound and files cost tokens that their bytes do not bound: then only the maximum holds. */
static int64_t most_input_tokens(const struct tg_exchange *exchange)
{
    const struct tg_model_request *asked = &exchange->asked;
    int64_t body_bytes = (int64_t)exchange->request->body.bytes;
    int64_t maximum = exchange->model->max_input_tokens;
    if (is_free(exchange))
        return 0;
    if (asked->inputs > 1) /* each text has the maximum for itself */
        maximum = tg_money_multiply(maximum, asked->inputs);
    if (maximum == 0)
        return body_bytes;
    return asked->is_beyond_text ? maximum : smaller(body_bytes, maximum);
}

/* Per choice. A client may ask for more than the model can; it will not get it. */
static int64_t wanted_output_tokens(const struct tg_exchange *exchange)
{
    int64_t asked = exchange->asked.max_output_tokens, maximum = exchange->model->max_output_tokens;
    if (is_free(exchange))
        return 0;
    if (asked == 0 || maximum == 0)
        return asked + maximum;
    return smaller(asked, maximum);
}

struct tg_worst_case stage_reserve_worst_case(const struct tg_exchange *exchange)
{
    bool is_granted = exchange->reservation_state == TG_RESERVATION_HELD;
    const struct tg_model_request *asked = &exchange->asked;
    struct tg_worst_case worst = {
        .input_tokens = most_input_tokens(exchange),
        .extra_output_tokens = tg_money_multiply(asked->extra_output_bytes, asked->choices),
        .choices = exchange->model->max_output_tokens == 0 ? 0 : asked->choices,
        .output_tokens = is_granted ? exchange->reservation.output_tokens : wanted_output_tokens(exchange),
        .is_text_only = !asked->is_beyond_text,
    };
    tg_pricing_announced_units(tg_endpoint_operation(exchange->endpoint.endpoint), asked,
                               (int64_t)exchange->request->body.bytes, &worst);
    return worst;
}

/* ---- refusals ---- */

static struct tg_text amount_text(struct tg_exchange *exchange, enum tg_budget_unit unit, int64_t amount)
{
    char usd[TG_MONEY_TEXT_BYTES];
    if (unit == TG_BUDGET_TOKENS)
        return tg_arena_printf(exchange->arena, "%" PRId64 " tokens", amount);
    tg_money_format(amount, usd);
    return tg_arena_printf(exchange->arena, "$%s", usd);
}

/* When there will be room again by itself. */
static struct tg_text window_text(struct tg_exchange *exchange, const struct tg_wallet_refusal *refusal)
{
    char time[TG_TIME_TEXT_BYTES];
    if (refusal->window_remaining_ms <= 0)
        return tg_text_of("It has no window that ends: an administrator can raise it.");
    int64_t ends_at_ms = tg_loop_now_unix_ms(exchange->host->loop) + refusal->window_remaining_ms;
    tg_time_format((ends_at_ms + 500) / 1000 * 1000, time); /* the remaining time took a moment to come here */
    return tg_arena_printf(exchange->arena, "Its window ends at %s.", time);
}

static enum tg_stage_answer refuse(struct tg_exchange *exchange, enum tg_client_error_code code)
{
    const struct tg_wallet_refusal *refusal = &exchange->reservation.refusal;
    const struct tg_budget *budget = tg_snapshot_find_budget(exchange->snapshot->snapshot, refusal->budget_id);
    bool has_window = budget != NULL && budget->window.bytes != 0 && !tg_text_is(budget->window, "none");
    struct tg_text words[] = {
        budget == NULL ? tg_text_of("(deleted)") : budget->name,
        amount_text(exchange, refusal->unit, refusal->needed),
        amount_text(exchange, refusal->unit, refusal->limit),
        has_window ? tg_arena_printf(exchange->arena, " per %.*s", TG_TEXT_ARG(budget->window)) : tg_text(NULL, 0),
        amount_text(exchange, refusal->unit, refusal->settled),
        amount_text(exchange, refusal->unit, refusal->reserved),
        amount_text(exchange, refusal->unit, refusal->free),
        window_text(exchange, refusal),
        tg_text_of(refusal->is_control_plane_away ? " The control plane cannot be reached at the moment." : ""),
    };
    int64_t retry_after_s = code == TG_ERROR_BUDGET_BUSY ? 1 : (refusal->window_remaining_ms + 999) / 1000;
    if (retry_after_s > 0)
        tg_exchange_add_header(exchange, "retry-after", tg_arena_printf(exchange->arena, "%" PRId64, retry_after_s));
    return tg_exchange_refuse(exchange, code, words, sizeof(words) / sizeof(words[0]));
}

/* ---- the reservation ---- */

static void on_decision(struct tg_message *message)
{
    struct tg_exchange *exchange =
        (struct tg_exchange *)(void *)((char *)message - offsetof(struct tg_exchange, decision));
    tg_exchange_advance(exchange, TG_EVENT_DECIDED);
}

/* From any thread: only hands the news to the exchange's own loop. */
static void on_decided(struct tg_reservation *reservation)
{
    struct tg_exchange *exchange =
        (struct tg_exchange *)(void *)((char *)reservation - offsetof(struct tg_exchange, reservation));
    tg_loop_post(exchange->host->loop, &exchange->decision);
}

static enum tg_stage_answer take(struct tg_exchange *exchange, enum tg_wallet_answer answer)
{
    struct tg_exchange_host *host = exchange->host;
    switch (answer) {
    case TG_WALLET_RESERVED:
        exchange->reservation_state = TG_RESERVATION_HELD;
        if (exchange->reservation.is_clamped)
            tg_count(&host->counters->clamped, 1);
        return TG_STAGE_CONTINUE;
    case TG_WALLET_WAITING:
        exchange->reservation_state = TG_RESERVATION_WAITING;
        exchange->has_waited = true;
        ++host->waiting_count;
        tg_count(&host->counters->budget_waits, 1);
        tg_exchange_host_watch_waits(host);
        return TG_STAGE_WAIT;
    case TG_WALLET_EXCEEDED:
        return refuse(exchange, TG_ERROR_BUDGET_EXCEEDED);
    case TG_WALLET_BUSY:
        break;
    }
    return refuse(exchange, TG_ERROR_BUDGET_BUSY);
}

static enum tg_wallet_answer ask_wallet(struct tg_exchange *exchange, const struct tg_budget **budgets, size_t count,
                                        const struct tg_worst_case *worst, const struct tg_dearest *dearest)
{
    struct tg_wallet_demand demands[TG_WALLET_MAX_LINES];
    for (size_t i = 0; i < count; ++i) {
        struct tg_worst_case_demand demand = tg_pricing_demand(budgets[i]->unit, worst, dearest);
        demands[i] = (struct tg_wallet_demand){budgets[i]->account, demand.fixed, demand.per_output_token};
    }
    memset(&exchange->reservation, 0, sizeof(exchange->reservation));
    exchange->reservation.on_decided = on_decided;
    exchange->decision.run = on_decision;
    return tg_wallet_reserve(exchange->host->wallet, tg_loop_now_ms(exchange->host->loop), &exchange->reservation,
                             demands, count, worst->output_tokens);
}

enum tg_stage_answer stage_reserve_enter(struct tg_exchange *exchange)
{
    const struct tg_budget *budgets[TG_WALLET_MAX_LINES];
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    struct tg_dearest dearest;
    size_t count = tg_snapshot_find_budgets(exchange->snapshot->snapshot, &exchange->principal, exchange->model,
                                            budgets, TG_WALLET_MAX_LINES);
    bool is_priced = tg_pricing_dearest(exchange->model, exchange->started_unix_ms, &worst, &dearest);
    for (size_t i = 0; i < count; ++i) {
        if (budgets[i]->unit != TG_BUDGET_MONEY)
            continue;
        exchange->counts_money = true;
        if (!is_priced) {
            struct tg_text words[] = {exchange->model->name, budgets[i]->name};
            return tg_exchange_refuse(exchange, TG_ERROR_MODEL_NOT_PRICED, words, 2);
        }
    }
    return take(exchange, ask_wallet(exchange, budgets, count, &worst, &dearest));
}

enum tg_stage_answer stage_reserve_resume(struct tg_exchange *exchange, enum tg_exchange_event event)
{
    if (event != TG_EVENT_DECIDED)
        return TG_STAGE_WAIT;
    --exchange->host->waiting_count;
    exchange->reservation_state = TG_RESERVATION_NONE;
    return take(exchange, tg_wallet_answer_of(exchange->host->wallet, &exchange->reservation));
}

/* ---- the truth ---- */

static void settle_with(struct tg_exchange *exchange, const int64_t *amounts)
{
    tg_wallet_settle(exchange->host->wallet, &exchange->reservation, amounts, tg_loop_now_ms(exchange->host->loop));
    exchange->reservation_state = TG_RESERVATION_SETTLED;
}

static int64_t true_amount(const struct tg_exchange *exchange, const struct tg_wallet_line *line)
{
    return exchange->is_charged ? tg_pricing_amount(line->unit, &exchange->usage, exchange->cost_pusd) : 0;
}

void stage_reserve_charge(struct tg_exchange *exchange)
{
    const struct tg_reservation *reservation = &exchange->reservation;
    assert(exchange->reservation_state == TG_RESERVATION_HELD);
    exchange->charge_count = 0;
    for (size_t i = 0; i < reservation->line_count; ++i) {
        const struct tg_wallet_line *line = &reservation->lines[i];
        int64_t amount = true_amount(exchange, line);
        if (amount != 0)
            exchange->charges[exchange->charge_count++] =
                (struct tg_charge){line->lease_id, line->budget_id, line->window_start_ms, amount};
    }
}

void stage_reserve_settle(struct tg_exchange *exchange)
{
    int64_t amounts[TG_WALLET_MAX_LINES];
    if (exchange->reservation_state != TG_RESERVATION_HELD)
        return;
    for (size_t i = 0; i < exchange->reservation.line_count; ++i)
        amounts[i] = true_amount(exchange, &exchange->reservation.lines[i]);
    settle_with(exchange, amounts);
}

/* Leaves the queue. A decision that was made at the same moment is undone, and its message still waited for. */
static void leave_queue(struct tg_exchange *exchange)
{
    static const int64_t nothing[TG_WALLET_MAX_LINES];
    struct tg_exchange_host *host = exchange->host;
    --host->waiting_count;
    if (tg_wallet_cancel(host->wallet, &exchange->reservation, tg_loop_now_ms(host->loop))) {
        exchange->reservation_state = TG_RESERVATION_NONE;
        return;
    }
    if (tg_wallet_answer_of(host->wallet, &exchange->reservation) == TG_WALLET_RESERVED)
        settle_with(exchange, nothing);
    exchange->reservation_state = TG_RESERVATION_ABANDONED;
}

void stage_reserve_finish(struct tg_exchange *exchange)
{
    if (exchange->reservation_state == TG_RESERVATION_WAITING)
        leave_queue(exchange);
    else if (exchange->reservation_state == TG_RESERVATION_HELD)
        stage_reserve_charge(exchange);
}
