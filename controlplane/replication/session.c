#include <stdio.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/replication/internal.h"

enum { HANDSHAKE_TIMEOUT_MS = 10000, HEALTH_INTERVAL_MS = 2000, MAX_REASON_BYTES = 2000 };

enum tg_status tg_replication_session_send(struct tg_session *session, const Tollgate__V1__ControlFrame *frame,
                                           struct tg_error *error)
{
    enum tg_status status = tg_wire_link_send(session->link, &frame->base);
    if (status == TG_OK)
        return TG_OK;
    return tg_fail(error, status, "the replica does not take what it is sent: its queue is full");
}

/* ---- the configuration ---- */

static enum tg_status send_changes(struct tg_session *session, struct tg_error *error)
{
    tg_replication *server = session->server;
    tg_db *db;
    enum tg_status status = tg_db_pool_take(server->states, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_feed_send_page(&session->feed, db, session->link, error);
    tg_db_pool_put(server->states, db);
    if (status == TG_OK && session->feed.phase == TG_FEED_AWAITING)
        tg_stat_add(&server->stats, TG_STAT_COMMITS, 1);
    return status;
}

static enum tg_status on_ack(struct tg_session *session, int64_t revision, struct tg_error *error)
{
    if (!tg_feed_on_ack(&session->feed, revision))
        return tg_fail(error, TG_INVALID, "an Ack for a revision that was not sent");
    tg_stat_add(&session->server->stats, TG_STAT_ACKS, 1);
    tg_db *db;
    enum tg_status status = tg_db_pool_take(session->server->states, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_fleet_note_ack(db, &session->member, revision, error);
    tg_db_pool_put(session->server->states, db);
    return status;
}

/* The reason as the database takes it: printable ASCII, bounded. */
static struct tg_text clean_reason(const char *reason, char out[MAX_REASON_BYTES])
{
    size_t bytes = 0;
    for (; reason[bytes] != '\0' && bytes < MAX_REASON_BYTES; ++bytes)
        out[bytes] = reason[bytes] >= ' ' && reason[bytes] <= '~' ? reason[bytes] : '?';
    return tg_text(out, bytes);
}

static enum tg_status on_nack(struct tg_session *session, const Tollgate__V1__Nack *nack, struct tg_error *error)
{
    char cleaned[MAX_REASON_BYTES];
    struct tg_text reason = clean_reason(nack->error, cleaned);
    if (!tg_feed_on_nack(&session->feed, nack->revision))
        return tg_fail(error, TG_INVALID, "a Nack for a revision that was not sent");
    tg_stat_add(&session->server->stats, TG_STAT_NACKS, 1);
    tg_log(TG_LOG_ERROR, "revision_refused", tg_log_string("replica", session->replica),
           tg_log_number("revision", nack->revision), tg_log_text("reason", reason));
    tg_db *db;
    enum tg_status status = tg_db_pool_take(session->server->states, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_fleet_note_nack(db, &session->member, nack->revision, reason, error);
    tg_db_pool_put(session->server->states, db);
    return status;
}

/* ---- usage ---- */

static enum tg_status send_results(struct tg_session *session, struct tg_error *error)
{
    struct tg_desk_result result;
    enum tg_status status = TG_OK;
    while (status == TG_OK && tg_lane_take_result(&session->lane, &result)) {
        Tollgate__V1__UsageAck ack = TOLLGATE__V1__USAGE_ACK__INIT;
        Tollgate__V1__BootClosedAck closed = TOLLGATE__V1__BOOT_CLOSED_ACK__INIT;
        Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
        if (result.kind == TG_DESK_CLOSED && result.status == TG_CONFLICT) {
            /* Its last records are missing: the leases stay in doubt until somebody writes them off. */
            tg_log(TG_LOG_ERROR, "boot_not_closed", tg_log_string("replica", session->replica),
                   tg_log_id("boot", result.boot_id), tg_log_string("reason", result.error.message));
            continue;
        }
        if (result.status != TG_OK) {
            *error = result.error;
            return result.status;
        }
        if (result.kind == TG_DESK_CLOSED) {
            closed.boot_id = tg_wire_id_field(&result.boot_id);
            frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_BOOT_CLOSED_ACK;
            frame.boot_closed_ack = &closed;
        } else {
            ack.boot_id = tg_wire_id_field(&result.boot_id);
            ack.through_sequence = result.through_sequence;
            frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_USAGE_ACK;
            frame.usage_ack = &ack;
        }
        status = tg_replication_session_send(session, &frame, error);
    }
    return status;
}

/* Puts the frame into the lane; while that is full, nothing more is read from the replica. */
static enum tg_status pass_to_desk(struct tg_session *session, Tollgate__V1__ReplicaFrame *frame,
                                   struct tg_error *error)
{
    int64_t deadline_ms = tg_time_monotonic_ms() + session->server->silence_timeout_ms;
    enum tg_status status = TG_OK;
    while (status == TG_OK && tg_lane_is_full(&session->lane)) {
        if (atomic_load(&session->must_end))
            status = tg_fail(error, TG_UNAVAILABLE, "the session ends");
        else if (tg_time_monotonic_ms() > deadline_ms)
            status = tg_fail(error, TG_TIMEOUT, "bookings stand still");
        else
            status = send_results(session, error);
        if (status == TG_OK)
            status = tg_wire_link_flush(session->link, session->server->silence_timeout_ms, error);
        if (status == TG_OK && tg_lane_is_full(&session->lane))
            (void)tg_waker_wait(&session->waker, 1000);
    }
    if (status == TG_OK)
        tg_lane_put(&session->lane, frame);
    else
        tg_wire_free(frame);
    return status;
}

/* ---- frames ---- */

static void note_health(struct tg_session *session, const Tollgate__V1__Health *health)
{
    session->health = (struct tg_fleet_health){health->journal_pending_records, health->journal_pending_bytes,
                                               health->active_requests, health->resident_bytes};
    session->has_new_health = true;
}

static enum tg_status on_frame(struct tg_session *session, struct tg_text packed, struct tg_error *error)
{
    Tollgate__V1__ReplicaFrame *frame;
    enum tg_status status = tg_wire_unpack_replica_frame(packed, &frame, error);
    if (status != TG_OK)
        return status;
    switch (frame->kind_case) {
    case TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH:
    case TOLLGATE__V1__REPLICA_FRAME__KIND_BOOT_CLOSED:
        return pass_to_desk(session, frame, error);
    case TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_REQUEST:
        status = tg_lending_on_request(session, frame->lease_request, error);
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_RETURN:
        status = tg_lending_on_return(session, frame->lease_return, error);
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND_ACK:
        status = on_ack(session, frame->ack->revision, error);
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND_NACK:
        status = on_nack(session, frame->nack, error);
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND_HEALTH:
        note_health(session, frame->health);
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND_HELLO:
        status = tg_fail(error, TG_INVALID, "a second Hello");
        break;
    case TOLLGATE__V1__REPLICA_FRAME__KIND__NOT_SET: /* of a kind that a later version made */
    default:
        break;
    }
    tg_wire_free(frame);
    return status;
}

/* ---- time ---- */

static enum tg_status ping(struct tg_session *session, struct tg_error *error)
{
    Tollgate__V1__Ping message = TOLLGATE__V1__PING__INIT;
    message.sent_at_ms = tg_time_unix_ms();
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_PING;
    frame.ping = &message;
    return tg_replication_session_send(session, &frame, error);
}

static enum tg_status refresh(struct tg_session *session, struct tg_error *error)
{
    tg_db *db;
    enum tg_status status = tg_db_pool_take(session->server->states, TG_SESSION_POOL_WAIT_MS, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_fleet_refresh(db, &session->member, session->has_new_health ? &session->health : NULL, error);
    tg_db_pool_put(session->server->states, db);
    session->has_new_health = false;
    return status;
}

/* What is due by the clock. */
static enum tg_status on_tick(struct tg_session *session, int64_t now_ms, struct tg_error *error)
{
    int64_t silence_ms = session->server->silence_timeout_ms;
    size_t unsent_bytes = tg_wire_link_unsent_bytes(session->link);
    if (unsent_bytes == 0 || unsent_bytes < session->unsent_bytes)
        session->progressed_at_ms = now_ms;
    session->unsent_bytes = unsent_bytes;
    if (now_ms - session->progressed_at_ms > silence_ms)
        return tg_fail(error, TG_TIMEOUT, "the replica takes nothing any more");
    if (now_ms - session->heard_at_ms > silence_ms)
        return tg_fail(error, TG_TIMEOUT, "the replica is silent");
    enum tg_status status = TG_OK;
    if (now_ms - session->pinged_at_ms >= session->server->ping_interval_ms) {
        session->pinged_at_ms = now_ms;
        status = ping(session, error);
    }
    int64_t refresh_ms = session->has_new_health ? HEALTH_INTERVAL_MS : TG_FLEET_REFRESH_MS;
    if (status == TG_OK && now_ms - session->refreshed_at_ms >= refresh_ms) {
        session->refreshed_at_ms = now_ms;
        status = refresh(session, error);
    }
    return status;
}

/* ---- the life of a session ---- */

/* Sleeps until something happens, or a second is over: then the clock is looked at. Whatever it was, what other threads
 * have left for this one is seen to as well, so that no wake-up is lost. */
static enum tg_status serve_once(struct tg_session *session, struct tg_error *error)
{
    struct tg_text packed;
    enum tg_wire_event event = tg_wire_link_poll(session->link, 1000, &packed, error);
    if (event == TG_WIRE_CLOSED)
        return error->status;
    if (atomic_load(&session->must_end))
        return tg_fail(error, TG_UNAVAILABLE, "the session is ended");
    enum tg_status status = TG_OK;
    if (event == TG_WIRE_FRAME) {
        session->heard_at_ms = tg_time_monotonic_ms();
        status = on_frame(session, packed, error);
    }
    if (status == TG_OK)
        status = send_results(session, error);
    if (status == TG_OK)
        status = tg_lending_send_recalls(session, error);
    int64_t latest_revision = atomic_load(&session->server->latest_revision);
    if (status == TG_OK && tg_wire_link_unsent_bytes(session->link) == 0 &&
        tg_feed_wants_to_send(&session->feed, latest_revision))
        status = send_changes(session, error);
    return status == TG_OK ? on_tick(session, tg_time_monotonic_ms(), error) : status;
}

static void leave_fleet(struct tg_session *session)
{
    struct tg_error error;
    tg_db *db;
    enum tg_status status = tg_db_pool_take(session->server->states, TG_SESSION_POOL_WAIT_MS, &db, &error);
    if (status == TG_OK) {
        status = tg_fleet_leave(db, &session->member, &error);
        tg_db_pool_put(session->server->states, db);
    }
    if (status != TG_OK) /* the row grows stale and is swept */
        tg_log(TG_LOG_WARNING, "replica_state_not_written", tg_log_string("replica", session->replica),
               tg_log_string("error", error.message));
}

static void serve(struct tg_session *session)
{
    tg_replication *server = session->server;
    struct tg_error error = {0};
    enum tg_status status = tg_hello_exchange(session, &error);
    if (status != TG_OK) {
        tg_stat_add(&server->stats, TG_STAT_TURNED_AWAY, 1);
        tg_log(TG_LOG_WARNING, "replica_turned_away", tg_log_string("certificate", tg_wire_link_peer(session->link)),
               tg_log_string("address", tg_wire_link_address(session->link)), tg_log_string("reason", error.message));
        return;
    }
    tg_stat_add(&server->stats, TG_STAT_ACCEPTED, 1);
    tg_stat_add(&server->stats, TG_STAT_CONNECTED, 1);
    tg_lane_enter(&session->lane, server->desk, session->replica, &session->waker);
    session->refreshed_at_ms = session->pinged_at_ms = session->heard_at_ms = session->progressed_at_ms =
        tg_time_monotonic_ms();
    while (status == TG_OK)
        status = serve_once(session, &error);
    tg_lane_leave(&session->lane);
    leave_fleet(session);
    tg_stat_add(&server->stats, TG_STAT_CONNECTED, -1);
    tg_log(TG_LOG_INFO, "replica_disconnected", tg_log_string("replica", session->replica),
           tg_log_id("boot", session->member.boot_id), tg_log_string("reason", error.message));
}

static bool is_ended(void *user)
{
    struct tg_session *session = user;
    return atomic_load(&session->must_end);
}

void *tg_replication_session_run(void *argument)
{
    struct tg_session *session = argument;
    struct tg_error error = {0};
    struct tg_wire_link_config config = {
        .tls = session->server->tls, .waker = &session->waker, .is_cancelled = is_ended, .user = session};
    if (tg_wire_link_accept(&config, session->fd, HANDSHAKE_TIMEOUT_MS, &session->link, &error) == TG_OK) {
        serve(session);
    } else {
        tg_stat_add(&session->server->stats, TG_STAT_TURNED_AWAY, 1);
        tg_log(TG_LOG_WARNING, "replica_turned_away", tg_log_string("reason", error.message));
    }
    tg_wire_link_close(session->link);
    session->link = NULL;
    atomic_store(&session->is_finished, true);
    tg_waker_wake(&session->server->accept_waker);
    return NULL;
}
