#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "dataplane/link/link_internal.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    WELCOME_TIMEOUT_MS = 10000,
    HEALTH_INTERVAL_MS = 1000,
    RECORDS_DELAY_MS = 20,
    NACK_FLUSH_MS = 1000,
    DEFAULT_PING_INTERVAL_MS = 5000,
    DEFAULT_BATCH_RECORDS = 500,
    BATCH_RECORDS_MAX = 5000,
    WALLET_UNSENT_MAX_BYTES = 1 << 20,
};

/* ---- up ---- */

static enum tg_status send_frame(tg_link *link, const Tollgate__V1__ReplicaFrame *frame, struct tg_error *error)
{
    enum tg_status status = tg_wire_link_send(link->wire, &frame->base);
    return status == TG_OK ? TG_OK : tg_fail(error, status, "the control plane does not read what is sent to it");
}

static enum tg_status send_hello(tg_link *link, struct tg_error *error)
{
    struct tg_digest digest = tg_snapshot_builder_digest(link->builder);
    Tollgate__V1__Hello hello = TOLLGATE__V1__HELLO__INIT;
    hello.replica = (char *)(uintptr_t)link->config.replica;
    hello.boot_id = tg_wire_id_field(&link->config.boot_id);
    hello.revision = tg_snapshot_builder_revision(link->builder);
    hello.digest = tg_wire_bytes(digest.octets, sizeof(digest.octets));
    hello.version = (char *)(uintptr_t)TG_VERSION;
    hello.config_epoch = tg_wire_id_field(&link->held_epoch);
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_HELLO;
    frame.hello = &hello;
    return send_frame(link, &frame, error);
}

static int64_t resident_bytes(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*s %lld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static enum tg_status send_health(tg_link *link, struct tg_error *error)
{
    struct tg_journal_stats stats;
    tg_journal_read_stats(link->journal, &stats);
    Tollgate__V1__Health health = TOLLGATE__V1__HEALTH__INIT;
    health.journal_pending_records = stats.pending_records;
    health.journal_pending_bytes = stats.pending_bytes;
    health.active_requests = link->config.count_active_requests(link->config.user);
    health.resident_bytes = resident_bytes();
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_HEALTH;
    frame.health = &health;
    return send_frame(link, &frame, error);
}

static enum tg_status send_wallet_message(tg_link *link, const struct tg_wallet_message *message,
                                          struct tg_error *error)
{
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    Tollgate__V1__LeaseRequest request = TOLLGATE__V1__LEASE_REQUEST__INIT;
    Tollgate__V1__LeaseReturn giving = TOLLGATE__V1__LEASE_RETURN__INIT;
    if (message->kind == TG_WALLET_REQUEST) {
        request.request_number = message->number;
        request.budget_id = tg_wire_id_field(&message->budget_id);
        request.wanted = message->wanted;
        request.minimum = message->minimum;
        request.held = message->held;
        request.recent_rate_per_s = message->recent_rate_per_s;
        frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_REQUEST;
        frame.lease_request = &request;
    } else {
        giving.lease_id = tg_wire_id_field(&message->lease_id);
        giving.amount = message->amount;
        giving.return_number = message->number;
        frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_RETURN;
        frame.lease_return = &giving;
    }
    return send_frame(link, &frame, error);
}

/* The wallet counts a message as sent once it is taken, so none is taken that the queue might not hold. */
static enum tg_status talk_for_wallet(tg_link *link, int64_t now_ms, struct tg_error *error)
{
    struct tg_wallet_message message;
    link->wallet_at_ms = INT64_MAX;
    while (tg_wire_link_unsent_bytes(link->wire) < WALLET_UNSENT_MAX_BYTES) {
        if (!tg_wallet_next_message(link->wallet, now_ms, &message, &link->wallet_at_ms))
            return TG_OK;
        enum tg_status status = send_wallet_message(link, &message, error);
        if (status != TG_OK)
            return status;
    }
    link->wallet_at_ms = now_ms; /* as soon as the queue is shorter */
    return TG_OK;
}

/* ---- down ---- */

static enum tg_status on_welcome(tg_link *link, const Tollgate__V1__Welcome *welcome, int64_t now_ms,
                                 struct tg_error *error)
{
    if (link->is_welcomed || !tg_wire_id(welcome->config_epoch, &link->session_epoch))
        return tg_fail(error, TG_CORRUPT, "the control plane sent an unexpected or malformed Welcome");
    link->is_welcomed = true;
    link->ping_interval_ms = welcome->ping_interval_ms > 0 ? welcome->ping_interval_ms : DEFAULT_PING_INTERVAL_MS;
    link->batch_max_records = DEFAULT_BATCH_RECORDS;
    if (welcome->usage_batch_max_records > 0)
        link->batch_max_records =
            (size_t)(welcome->usage_batch_max_records < BATCH_RECORDS_MAX ? welcome->usage_batch_max_records
                                                                          : BATCH_RECORDS_MAX);
    tg_snapshot_builder_begin(link->builder, welcome->is_full);
    tg_link_restart_shipments(link, welcome->through_sequence);
    tg_wallet_set_connected(link->wallet, true, now_ms);
    link->health_at_ms = now_ms;
    link->failures = 0;
    atomic_store(&link->is_connected, true);
    tg_log(TG_LOG_INFO, "stream_connected", tg_log_string("peer", tg_wire_link_peer(link->wire)),
           tg_log_string("address", tg_wire_link_address(link->wire)),
           tg_log_number("revision", tg_snapshot_builder_revision(link->builder)),
           tg_log_string("snapshot", welcome->is_full ? "full" : "delta"));
    return TG_OK;
}

static enum tg_status refuse_commit(tg_link *link, int64_t revision, enum tg_status reason, const struct tg_error *why,
                                    struct tg_error *error)
{
    tg_log(TG_LOG_ERROR, "snapshot_refused", tg_log_number("revision", revision), tg_log_string("error", why->message),
           tg_log_number("serving_revision", tg_snapshot_builder_revision(link->builder)));
    Tollgate__V1__Nack nack = TOLLGATE__V1__NACK__INIT;
    nack.revision = revision;
    nack.error = (char *)(uintptr_t)why->message;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_NACK;
    frame.nack = &nack;
    enum tg_status status = send_frame(link, &frame, error);
    if (status != TG_OK || reason != TG_CORRUPT)
        return status; /* a later revision will do without what is wrong in this one */
    ++link->failures;
    if (tg_wire_link_flush(link->wire, NACK_FLUSH_MS, error) == TG_OK)
        tg_fail(error, TG_CORRUPT, "resynchronising: %s", why->message);
    return TG_CORRUPT;
}

static enum tg_status on_commit(tg_link *link, const Tollgate__V1__Commit *commit, int64_t now_ms,
                                struct tg_error *error)
{
    struct tg_digest digest;
    if (commit->digest.len != sizeof(digest.octets))
        return tg_fail(error, TG_CORRUPT, "the control plane sent a Commit without a digest");
    memcpy(digest.octets, commit->digest.data, sizeof(digest.octets));
    tg_snapshot *snapshot;
    struct tg_error why;
    int64_t start_ns = tg_time_monotonic_ns();
    enum tg_status status =
        tg_snapshot_builder_commit(link->builder, commit->revision, &digest, now_ms, &snapshot, &why);
    if (status != TG_OK)
        return refuse_commit(link, commit->revision, status, &why, error);
    link->held_epoch = link->session_epoch;
    link->needs_saving = true;
    tg_link_publish(link, snapshot);
    tg_snapshot_unref(snapshot);
    tg_log(TG_LOG_INFO, "snapshot_applied", tg_log_number("revision", commit->revision),
           tg_log_number("build_us", (tg_time_monotonic_ns() - start_ns) / 1000));
    Tollgate__V1__Ack ack = TOLLGATE__V1__ACK__INIT;
    ack.revision = commit->revision;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_ACK;
    frame.ack = &ack;
    return send_frame(link, &frame, error);
}

static enum tg_lease_outcome outcome_of(Tollgate__V1__LeaseOutcome outcome)
{
    switch (outcome) {
    case TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_GRANTED:
        return TG_LEASE_GRANTED;
    case TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_EXHAUSTED:
        return TG_LEASE_EXHAUSTED;
    case TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_UNKNOWN_BUDGET:
        return TG_LEASE_UNKNOWN_BUDGET;
    default:
        return TG_LEASE_BUSY; /* also what a later version may mean: ask again */
    }
}

static enum tg_status on_grant(tg_link *link, const Tollgate__V1__LeaseGrant *message, int64_t now_ms,
                               struct tg_error *error)
{
    struct tg_wallet_grant grant = {
        .request_number = message->request_number,
        .outcome = outcome_of(message->outcome),
        .amount = message->amount,
        .window_start_ms = message->window_start_ms,
        .window_remaining_ms = message->window_remaining_ms,
        .limit_amount = message->limit_amount,
        .settled = message->settled,
        .leased = message->leased,
        .retry_after_ms = message->retry_after_ms,
    };
    if (!tg_wire_id(message->budget_id, &grant.budget_id) || !tg_wire_optional_id(message->lease_id, &grant.lease_id) ||
        message->amount < 0 || (grant.outcome == TG_LEASE_GRANTED && tg_id_is_zero(grant.lease_id)))
        return tg_fail(error, TG_CORRUPT, "the control plane sent a malformed LeaseGrant");
    tg_wallet_on_grant(link->wallet, &grant, now_ms);
    return TG_OK;
}

static enum tg_status on_message(tg_link *link, const Tollgate__V1__ControlFrame *frame, int64_t now_ms,
                                 struct tg_error *error)
{
    struct tg_id id;
    if (!link->is_welcomed && frame->kind_case != TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME)
        return tg_fail(error, TG_CORRUPT, "the control plane did not begin with Welcome");
    switch (frame->kind_case) {
    case TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME:
        return on_welcome(link, frame->welcome, now_ms, error);
    case TOLLGATE__V1__CONTROL_FRAME__KIND_DELETE:
        if (!tg_wire_id(frame->delete_->id, &id))
            break;
        tg_snapshot_builder_delete(link->builder, frame->delete_->type, id);
        return TG_OK;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT:
        return on_commit(link, frame->commit, now_ms, error);
    case TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_GRANT:
        return on_grant(link, frame->lease_grant, now_ms, error);
    case TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RECALL:
        if (!tg_wire_id(frame->lease_recall->budget_id, &id))
            break;
        tg_wallet_on_recall(link->wallet, id, now_ms);
        return TG_OK;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RETURN_ACK:
        if (!tg_wire_id(frame->lease_return_ack->lease_id, &id))
            break;
        tg_wallet_on_return_ack(link->wallet, id, frame->lease_return_ack->return_number, now_ms);
        return TG_OK;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_USAGE_ACK:
        if (!tg_wire_id(frame->usage_ack->boot_id, &id))
            break;
        tg_link_on_usage_ack(link, id, frame->usage_ack->through_sequence);
        return TG_OK;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_BOOT_CLOSED_ACK:
        if (!tg_wire_id(frame->boot_closed_ack->boot_id, &id))
            break;
        tg_link_on_boot_closed(link, id);
        return TG_OK;
    default:
        return TG_OK; /* a ping has been heard, which is all it is for; what a later version says is ignored */
    }
    return tg_fail(error, TG_CORRUPT, "the control plane sent a malformed id");
}

static enum tg_status on_frame(tg_link *link, struct tg_text packed, int64_t now_ms, struct tg_error *error)
{
    struct tg_text resource;
    link->heard_at_ms = now_ms;
    if (link->is_welcomed && tg_wire_unwrap_upsert(packed, &resource)) {
        tg_snapshot_builder_upsert(link->builder, resource);
        return TG_OK;
    }
    Tollgate__V1__ControlFrame *frame;
    enum tg_status status = tg_wire_unpack_control_frame(packed, &frame, error);
    if (status != TG_OK)
        return status;
    status = on_message(link, frame, now_ms, error);
    tg_wire_free(frame);
    return status;
}

/* ---- the connection ---- */

/* Does what is due. */
static enum tg_status attend(tg_link *link, int64_t now_ms, struct tg_error *error)
{
    int64_t silence_ms = link->is_welcomed ? 3 * link->ping_interval_ms : WELCOME_TIMEOUT_MS;
    if (now_ms - link->heard_at_ms > silence_ms)
        return tg_fail(error, TG_TIMEOUT, "nothing heard of the control plane for %lld ms", (long long)silence_ms);
    if (!link->is_welcomed)
        return TG_OK;
    if (atomic_exchange(&link->has_records, false) && link->ship_at_ms > now_ms + RECORDS_DELAY_MS)
        link->ship_at_ms = now_ms + RECORDS_DELAY_MS;
    if (atomic_load(&link->is_stopping) && !link->has_returned_all) {
        link->has_returned_all = true;
        tg_wallet_return_all(link->wallet, now_ms);
        link->ship_at_ms = now_ms;
    }
    enum tg_status status = talk_for_wallet(link, now_ms, error);
    if (status == TG_OK && now_ms >= link->ship_at_ms)
        status = tg_link_ship(link, now_ms, error);
    if (status == TG_OK && now_ms >= link->health_at_ms) {
        link->health_at_ms = now_ms + HEALTH_INTERVAL_MS;
        status = send_health(link, error);
    }
    return status;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long nothing is due. */
static int64_t idle_ms(const tg_link *link, int64_t save_at_ms, int64_t now_ms)
{
    int64_t at_ms = earlier(
        link->heard_at_ms + (link->is_welcomed ? 3 * link->ping_interval_ms : WELCOME_TIMEOUT_MS) + 1, save_at_ms);
    if (link->is_welcomed) {
        at_ms = earlier(at_ms, earlier(link->ship_at_ms, link->health_at_ms));
        if (tg_wire_link_unsent_bytes(link->wire) < WALLET_UNSENT_MAX_BYTES)
            at_ms = earlier(at_ms, link->wallet_at_ms);
    }
    if (atomic_load(&link->is_stopping))
        at_ms = earlier(at_ms, atomic_load(&link->stop_deadline_ms));
    return at_ms <= now_ms ? 0 : at_ms - now_ms;
}

static enum tg_status serve(tg_link *link, struct tg_error *error)
{
    enum tg_status status = send_hello(link, error);
    while (status == TG_OK) {
        int64_t now_ms = tg_time_monotonic_ms();
        int64_t save_at_ms = tg_link_save_if_due(link, now_ms);
        status = attend(link, now_ms, error);
        if (status != TG_OK || tg_link_is_done(link, now_ms))
            break;
        struct tg_text frame;
        switch (tg_wire_link_poll(link->wire, idle_ms(link, save_at_ms, now_ms), &frame, error)) {
        case TG_WIRE_FRAME:
            status = on_frame(link, frame, tg_time_monotonic_ms(), error);
            break;
        case TG_WIRE_CLOSED:
            status = error->status;
            break;
        case TG_WIRE_WOKEN:
        case TG_WIRE_WRITABLE:
        case TG_WIRE_TIMEOUT:
            break;
        }
    }
    return status;
}

static bool is_cancelled(void *user)
{
    tg_link *link = user;
    return atomic_load(&link->is_stopping) && tg_link_is_done(link, tg_time_monotonic_ms());
}

enum tg_status tg_link_run_session(tg_link *link, struct tg_error *error)
{
    const struct tg_wire_link_config config = {
        .tls = link->tls, .waker = &link->waker, .is_cancelled = is_cancelled, .user = link};
    int64_t timeout_ms = CONNECT_TIMEOUT_MS;
    if (atomic_load(&link->is_stopping))
        timeout_ms = earlier(timeout_ms, atomic_load(&link->stop_deadline_ms) - tg_time_monotonic_ms());
    enum tg_status status = tg_wire_link_connect(&config, link->config.host, link->config.port,
                                                 link->config.server_name, timeout_ms, &link->wire, error);
    if (status != TG_OK)
        return status;
    link->is_welcomed = false;
    link->has_returned_all = false;
    link->heard_at_ms = tg_time_monotonic_ms();
    link->ship_at_ms = link->wallet_at_ms = link->health_at_ms = INT64_MAX;
    status = serve(link, error);
    atomic_store(&link->is_connected, false);
    tg_wallet_set_connected(link->wallet, false, tg_time_monotonic_ms());
    tg_wire_link_close(link->wire);
    link->wire = NULL;
    return status;
}
