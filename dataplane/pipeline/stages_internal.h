/* Internal to the room: the functions of the stages, and what stages do for each other. */
#ifndef TG_PIPELINE_STAGES_INTERNAL_H
#define TG_PIPELINE_STAGES_INTERNAL_H

#include "dataplane/exchange/exchange.h"
#include "dataplane/pricing/pricing.h"

/* meter: the usage record, always. */
enum tg_stage_answer stage_meter_enter(struct tg_exchange *exchange);
void stage_meter_finish(struct tg_exchange *exchange);

/* identify: API key -> principal. */
enum tg_stage_answer stage_identify_enter(struct tg_exchange *exchange);
/* Whether the caller of a request whose body is still to come will get past this stage and the next. */
bool stage_identify_admits(const struct tg_exchange_host *host, const struct tg_http_request *request);

/* resolve_profile: whether the principal may come in at all today. */
enum tg_stage_answer stage_resolve_profile_enter(struct tg_exchange *exchange);
bool stage_resolve_profile_is_expired(const struct tg_principal *principal, int64_t unix_ms);

/* inspect: what is asked for. */
enum tg_stage_answer stage_inspect_enter(struct tg_exchange *exchange);

/* authorize: whether the profile allows it; answers for the lists of models. */
enum tg_stage_answer stage_authorize_enter(struct tg_exchange *exchange);

/* reserve: the worst case from every budget concerned; on finish the truth. Entered and resumed again by the stage call
 * when an attempt that had to be settled on its own is followed by another. */
enum tg_stage_answer stage_reserve_enter(struct tg_exchange *exchange);
enum tg_stage_answer stage_reserve_resume(struct tg_exchange *exchange, enum tg_exchange_event event);
void stage_reserve_finish(struct tg_exchange *exchange);

/* route: the candidates in order. */
enum tg_stage_answer stage_route_enter(struct tg_exchange *exchange);

/* call: send, fail over, pass the answer on; on finish cancel what still runs. */
enum tg_stage_answer stage_call_enter(struct tg_exchange *exchange);
enum tg_stage_answer stage_call_resume(struct tg_exchange *exchange, enum tg_exchange_event event);
void stage_call_finish(struct tg_exchange *exchange);

/* ---- for each other ---- */

/* What the call's news mean: the head, more of the body, all of it (call->piece is the last); and the end of a stream
 * that is complete although its connection is not over. */
enum tg_stage_answer stage_call_take_head(struct tg_exchange *exchange);
enum tg_stage_answer stage_call_take_piece(struct tg_exchange *exchange);
enum tg_stage_answer stage_call_complete(struct tg_exchange *exchange);
enum tg_stage_answer stage_call_end_events(struct tg_exchange *exchange);

/* On to the next candidate; there is one. */
enum tg_stage_answer stage_call_fail_over(struct tg_exchange *exchange, bool may_be_billed);
/* The client has seen a part: the answer ends with an error event, or is visibly cut. */
enum tg_stage_answer stage_call_break_off(struct tg_exchange *exchange, const char *why);

/* Makes call->pieces for that deployment. False, and exchange->error says why, if it cannot be told what is asked. */
bool stage_call_prepare(struct tg_exchange *exchange, const struct tg_deployment *deployment) TG_MUST_CHECK;

/* The worst case of the call as it is known now: with the granted maximum output once there is a reservation. */
struct tg_worst_case stage_reserve_worst_case(const struct tg_exchange *exchange);

/* Notes what the last attempt charges to each budget, for its record. */
void stage_reserve_charge(struct tg_exchange *exchange);
/* Gives back what the attempt did not take. Only after its record is in the journal; nothing where nothing is held. */
void stage_reserve_settle(struct tg_exchange *exchange);

/* Notes in the journal that the call is about to be sent. False if it has no room. */
bool stage_meter_begin(struct tg_exchange *exchange) TG_MUST_CHECK;

/* Writes the record of an attempt that another follows. */
void stage_meter_record_attempt(struct tg_exchange *exchange, Tollgate__V1__Outcome outcome, const char *error_code);

/* What the answer says of its tokens, or else an estimate; from the whole answer, the stream, the tail. */
void stage_outcome_of_whole_answer(struct tg_exchange *exchange, struct tg_text body);
void stage_outcome_of_stream(struct tg_exchange *exchange);
void stage_outcome_of_tail(struct tg_exchange *exchange);
/* An attempt that a provider may bill, of whose answer nothing more is known than `text_bytes`. */
void stage_outcome_estimated(struct tg_exchange *exchange, size_t text_bytes);
/* Whether a provider may have acted on a call that failed like this. */
bool stage_outcome_may_be_billed(const struct tg_call *call);

/* Words of a client in a message of ours, cut to what a sentence bears. */
static inline struct tg_text stage_clip(struct tg_text text)
{
    return tg_text(text.data, text.bytes < 200 ? text.bytes : 200);
}

#endif
