#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/budget/bank_store.h"
#include "controlplane/replication/internal.h"

static Tollgate__V1__LeaseOutcome outcome_on_wire(enum tg_bank_outcome outcome)
{
    switch (outcome) {
    case TG_BANK_GRANTED:
        return TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_GRANTED;
    case TG_BANK_BUSY:
        return TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_BUSY;
    case TG_BANK_EXHAUSTED:
        return TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_EXHAUSTED;
    case TG_BANK_UNKNOWN_BUDGET:
        return TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_UNKNOWN_BUDGET;
    }
    return TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_UNSPECIFIED;
}

static void count_outcome(struct tg_replication_stats *stats, enum tg_bank_outcome outcome)
{
    static const enum tg_replication_stat counters[] = {
        [TG_BANK_GRANTED] = TG_STAT_LEASES_GRANTED,
        [TG_BANK_BUSY] = TG_STAT_LEASES_BUSY,
        [TG_BANK_EXHAUSTED] = TG_STAT_LEASES_EXHAUSTED,
        [TG_BANK_UNKNOWN_BUDGET] = TG_STAT_LEASES_UNKNOWN,
    };
    tg_stat_add(stats, counters[outcome], 1);
}

static enum tg_status send_grant(struct tg_session *session, uint64_t request_number, const struct tg_id *budget_id,
                                 const struct tg_bank_answer *answer, struct tg_error *error)
{
    Tollgate__V1__LeaseGrant grant = TOLLGATE__V1__LEASE_GRANT__INIT;
    grant.request_number = request_number;
    grant.budget_id = tg_wire_id_field(budget_id);
    grant.outcome = outcome_on_wire(answer->decision.outcome);
    grant.lease_id = tg_wire_id_field(&answer->lease_id);
    grant.amount = answer->decision.amount;
    grant.window_start_ms = answer->window_start_ms;
    grant.window_remaining_ms = answer->window_remaining_ms;
    grant.limit_amount = answer->limit_amount;
    grant.settled = answer->settled;
    grant.leased = answer->leased;
    grant.retry_after_ms = answer->decision.retry_after_ms;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_GRANT;
    frame.lease_grant = &grant;
    return tg_replication_session_send(session, &frame, error);
}

enum tg_status tg_lending_on_request(struct tg_session *session, const Tollgate__V1__LeaseRequest *request,
                                     struct tg_error *error)
{
    tg_replication *server = session->server;
    struct tg_bank_asker asker = {.replica = session->replica, .boot_id = session->member.boot_id};
    struct tg_bank_request asked = {.wanted = request->wanted,
                                    .minimum = request->minimum,
                                    .held = request->held,
                                    .recent_rate_per_s = request->recent_rate_per_s};
    struct tg_bank_answer answer;
    struct tg_id budget_id;
    if (!tg_wire_id(request->budget_id, &budget_id) || request->request_number == 0 ||
        request->request_number > INT64_MAX)
        return tg_fail(error, TG_INVALID, "a lease request without a usable budget_id or request_number");
    tg_db *db;
    enum tg_status status = tg_db_pool_take(server->leases, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_bank_lend(db, &asker, budget_id, request->request_number, &asked, &answer, error);
    struct tg_bank_decision *decision = &answer.decision;
    if (status == TG_OK && (decision->recalls_others || decision->recalls_asker) &&
        tg_recent_recalls_admit(&server->recent_recalls, budget_id, tg_time_monotonic_ms())) {
        static const struct tg_id nobody;
        tg_stat_add(&server->stats, TG_STAT_RECALLS, 1);
        status = tg_bank_recall(db, budget_id, decision->recalls_asker ? nobody : asker.boot_id, error);
    }
    tg_db_pool_put(server->leases, db);
    if (status != TG_OK)
        return status;
    count_outcome(&server->stats, decision->outcome);
    return send_grant(session, request->request_number, &budget_id, &answer, error);
}

enum tg_status tg_lending_on_return(struct tg_session *session, const Tollgate__V1__LeaseReturn *message,
                                    struct tg_error *error)
{
    struct tg_id lease_id;
    if (!tg_wire_id(message->lease_id, &lease_id) || message->return_number == 0 || message->return_number > INT64_MAX)
        return tg_fail(error, TG_INVALID, "a lease return without a usable lease_id or return_number");
    tg_db *db;
    int64_t taken = 0;
    enum tg_status status = tg_db_pool_take(session->server->leases, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_bank_take_back(db, session->member.boot_id, lease_id, message->return_number, message->amount, &taken,
                               error);
    tg_db_pool_put(session->server->leases, db);
    if (status == TG_NOT_FOUND) /* a lease that the database lost with a restore: there is nothing to free */
        tg_log(TG_LOG_WARNING, "unknown_lease_returned", tg_log_string("replica", session->replica),
               tg_log_id("lease", lease_id));
    else if (status != TG_OK)
        return status;
    tg_stat_add(&session->server->stats, TG_STAT_LEASES_RETURNED, 1);
    Tollgate__V1__LeaseReturnAck ack = TOLLGATE__V1__LEASE_RETURN_ACK__INIT;
    ack.lease_id = message->lease_id;
    ack.return_number = message->return_number;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RETURN_ACK;
    frame.lease_return_ack = &ack;
    return tg_replication_session_send(session, &frame, error);
}

enum tg_status tg_lending_send_recalls(struct tg_session *session, struct tg_error *error)
{
    pthread_mutex_lock(&session->mailbox);
    struct tg_pending_recalls recalls = session->recalls;
    session->recalls.count = 0;
    pthread_mutex_unlock(&session->mailbox);
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < recalls.count && status == TG_OK; ++i) {
        Tollgate__V1__LeaseRecall recall = TOLLGATE__V1__LEASE_RECALL__INIT;
        recall.budget_id = tg_wire_id_field(&recalls.budget_ids[i]);
        Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
        frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RECALL;
        frame.lease_recall = &recall;
        status = tg_replication_session_send(session, &frame, error);
    }
    return status;
}
