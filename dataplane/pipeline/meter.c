/* The usage record: noted in the journal before a call is sent, completed when the request ends, whatever ended it. */
#include <assert.h>

#include "common/base/money.h"
#include "common/base/time.h"
#include "common/log/log.h"
#include "dataplane/pipeline/stages_internal.h"

/* Entered first. A request that the server could not even read is refused here, so that it is recorded, too. */
enum tg_stage_answer stage_meter_enter(struct tg_exchange *exchange)
{
    return exchange->error.code == TG_ERROR_NONE ? TG_STAGE_CONTINUE : tg_exchange_reply_error(exchange);
}

/* ---- the record ---- */

/* A record with the memory that it refers to. */
struct draft {
    Tollgate__V1__UsageRecord record;
    Tollgate__V1__Charge charges[TG_WALLET_MAX_LINES];
    Tollgate__V1__Charge *charge_list[TG_WALLET_MAX_LINES];
};

static char *string_of(struct tg_exchange *exchange, struct tg_text text)
{
    return (char *)(uintptr_t)tg_arena_copy(exchange->arena, text).data;
}

static char *constant(const char *string)
{
    return (char *)(uintptr_t)string; /* the generated types know no const; packing only reads */
}

static void draft_identity(struct draft *draft, struct tg_exchange *exchange)
{
    Tollgate__V1__UsageRecord *record = &draft->record;
    const struct tg_principal *principal = &exchange->principal;
    tollgate__v1__usage_record__init(record);
    record->request_id = tg_wire_id_field(&exchange->id);
    record->started_at_ms = exchange->started_unix_ms;
    record->organization_id = tg_wire_id_field(&principal->organization_id);
    record->team_id = tg_wire_id_field(&principal->team_id);
    record->project_id = tg_wire_id_field(&principal->project_id);
    record->application_id = tg_wire_id_field(&principal->application_id);
    record->api_key_id = tg_wire_id_field(&principal->api_key_id);
    record->access_profile_id = tg_wire_id_field(&principal->access_profile_id);
    record->endpoint = constant(tg_endpoint_name(exchange->endpoint.endpoint));
    record->is_streaming = exchange->asked.is_streaming;
    record->snapshot_revision = exchange->snapshot == NULL ? 0 : exchange->snapshot->revision;
    record->attempt = (int32_t)exchange->recorded_attempts + 1;
    if (exchange->asked.model.bytes != 0)
        record->model_name = string_of(exchange, stage_clip(exchange->asked.model));
    if (exchange->model != NULL)
        record->model_id = tg_wire_id_field(&exchange->model->id);
    if (exchange->call.deployment != NULL) {
        record->deployment_id = tg_wire_id_field(&exchange->call.deployment->id);
        record->provider_id = tg_wire_id_field(&exchange->call.deployment->provider->id);
    }
    if (exchange->price != NULL)
        record->price_id = tg_wire_id_field(&exchange->price->id);
}

static void draft_charge(struct draft *draft, const struct tg_id *lease_id, const struct tg_id *budget_id,
                         int64_t window_start_ms, int64_t amount)
{
    Tollgate__V1__Charge *charge = &draft->charges[draft->record.n_charges];
    tollgate__v1__charge__init(charge);
    charge->lease_id = tg_wire_id_field(lease_id);
    charge->budget_id = tg_wire_id_field(budget_id);
    charge->window_start_ms = window_start_ms;
    charge->amount = amount;
    draft->charge_list[draft->record.n_charges++] = charge;
    draft->record.charges = draft->charge_list;
}

/* ---- before the call ---- */

bool stage_meter_begin(struct tg_exchange *exchange)
{
    struct draft draft;
    struct tg_worst_case worst = stage_reserve_worst_case(exchange);
    const struct tg_reservation *reservation = &exchange->reservation;
    struct tg_usage bound = {
        .of[TG_USAGE_INPUT] = worst.input_tokens,
        .of[TG_USAGE_OUTPUT] =
            tg_money_add(tg_money_multiply(worst.choices, worst.output_tokens), worst.extra_output_tokens),
    };
    draft_identity(&draft, exchange);
    tg_wire_set_usage(&draft.record, &bound);
    draft.record.cost_pusd = tg_pricing_most_pusd(exchange->price, &worst);
    draft.record.is_estimated = true;
    draft.record.is_unpriced = exchange->price == NULL;
    draft.record.is_clamped = reservation->is_clamped;
    draft.record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED;
    for (size_t i = 0; i < reservation->line_count; ++i) {
        const struct tg_wallet_line *line = &reservation->lines[i];
        draft_charge(&draft, &line->lease_id, &line->budget_id, line->window_start_ms, line->reserved);
    }
    return tg_journal_begin(exchange->host->journal, &draft.record, &exchange->intent) == TG_OK;
}

/* ---- after it ---- */

/* Somebody must add a price: told by a counter, and once an hour for each model in the log. */
static void note_unpriced(struct tg_exchange *exchange)
{
    struct tg_exchange_host *host = exchange->host;
    tg_count(&host->counters->unpriced, 1);
    if (!tg_seldom_is_due(&host->unpriced_models, exchange->model->id, exchange->started_unix_ms))
        return;
    tg_log(TG_LOG_WARNING, "unpriced_call", tg_log_id("request_id", exchange->id),
           tg_log_id("organization_id", exchange->principal.organization_id),
           tg_log_text("model", exchange->model->name),
           tg_log_text("provider", exchange->call.deployment->provider->name),
           tg_log_text("upstream_model", exchange->call.deployment->upstream_model),
           tg_log_text("service_tier", exchange->service_tier),
           tg_log_string("reason", exchange->price == NULL ? "no price is in force"
                                                           : "the price lacks a rate for something that was used"));
}

static void count_usage(struct tg_exchange *exchange)
{
    struct tg_counters *counters = exchange->host->counters;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        if (exchange->usage.of[kind] != 0)
            tg_count(&counters->used[kind], (uint64_t)exchange->usage.of[kind]);
    tg_count(&counters->cost_pusd, (uint64_t)exchange->cost_pusd);
    if (exchange->is_estimated)
        tg_count(&counters->estimated, 1);
    if (exchange->is_unpriced)
        note_unpriced(exchange);
}

static void append(struct tg_exchange *exchange, Tollgate__V1__Outcome outcome, int http_status, const char *error_code)
{
    struct draft draft;
    int64_t ended_ns = exchange->ended_ns != 0 ? exchange->ended_ns : tg_time_monotonic_ns();
    draft_identity(&draft, exchange);
    tg_wire_set_usage(&draft.record, &exchange->usage);
    draft.record.cost_pusd = exchange->cost_pusd;
    draft.record.is_unpriced = exchange->is_unpriced;
    draft.record.duration_ms = (ended_ns - exchange->started_ns) / 1000000;
    if (exchange->first_byte_ns != 0)
        draft.record.first_byte_ms = (exchange->first_byte_ns - exchange->started_ns) / 1000000;
    else if (outcome == TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED)
        draft.record.first_byte_ms = draft.record.duration_ms; /* it leaves whole, in a moment */
    draft.record.is_estimated = exchange->is_estimated;
    draft.record.is_clamped = exchange->call.deployment != NULL && exchange->reservation.is_clamped;
    draft.record.outcome = outcome;
    draft.record.http_status = http_status;
    draft.record.error_code = constant(error_code);
    if (exchange->upstream_model.bytes != 0)
        draft.record.upstream_model = string_of(exchange, stage_clip(exchange->upstream_model));
    if (exchange->provider_request_id.bytes != 0)
        draft.record.provider_request_id = string_of(exchange, stage_clip(exchange->provider_request_id));
    if (exchange->service_tier.bytes != 0)
        draft.record.service_tier = string_of(exchange, stage_clip(exchange->service_tier));
    for (size_t i = 0; i < exchange->charge_count; ++i) {
        const struct tg_charge *charge = &exchange->charges[i];
        draft_charge(&draft, &charge->lease_id, &charge->budget_id, charge->window_start_ms, charge->amount);
    }
    enum tg_status status = tg_journal_append(exchange->host->journal, &draft.record, exchange->intent);
    /* Only a record without an intent can find no room; the journal counts it. */
    assert(status == TG_OK || exchange->intent.number == 0);
    exchange->intent.number = 0;
    stage_reserve_settle(exchange);
    if (exchange->is_charged)
        count_usage(exchange);
}

void stage_meter_record_attempt(struct tg_exchange *exchange, Tollgate__V1__Outcome outcome, const char *error_code)
{
    append(exchange, outcome, 0, error_code);
    ++exchange->recorded_attempts;
    exchange->usage = (struct tg_usage){.of = {0}};
    exchange->cost_pusd = 0;
    exchange->service_tier = tg_text(NULL, 0);
    exchange->charge_count = 0;
    exchange->is_charged = exchange->is_estimated = exchange->is_unpriced = false;
}

/* Whether a refusal of somebody unknown is recorded, or only counted. */
static bool may_record_stranger(struct tg_exchange_host *host)
{
    int64_t now_ms = tg_loop_now_ms(host->loop);
    int64_t earned = (now_ms - host->anonymous_refilled_at_ms) * TG_EXCHANGE_ANONYMOUS_PER_S / 1000;
    if (earned > 0) {
        host->anonymous_refilled_at_ms = now_ms;
        host->anonymous_records += earned;
        if (host->anonymous_records > TG_EXCHANGE_ANONYMOUS_BURST)
            host->anonymous_records = TG_EXCHANGE_ANONYMOUS_BURST;
    }
    if (host->anonymous_records == 0) {
        tg_count(&host->counters->unrecorded_refusals, 1);
        return false;
    }
    --host->anonymous_records;
    return true;
}

void stage_meter_finish(struct tg_exchange *exchange)
{
    bool is_of_stranger = !exchange->is_identified;
    if (exchange->endpoint.endpoint == TG_ENDPOINT_ROOT && exchange->error.code == TG_ERROR_NONE)
        return; /* the welcome is no call */
    if (is_of_stranger && !may_record_stranger(exchange->host))
        return;
    append(exchange, exchange->outcome, exchange->http_status, tg_client_error_code_name(exchange->error.code));
}
