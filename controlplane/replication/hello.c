#include <stdio.h>

#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/ledger/ledger.h"
#include "controlplane/replication/internal.h"

enum { HELLO_TIMEOUT_MS = 10000 };

static enum tg_status await_hello(struct tg_session *session, Tollgate__V1__ReplicaFrame **hello,
                                  struct tg_error *error)
{
    int64_t deadline_ms = tg_time_monotonic_ms() + HELLO_TIMEOUT_MS;
    for (;;) {
        struct tg_text packed;
        switch (tg_wire_link_poll(session->link, deadline_ms - tg_time_monotonic_ms(), &packed, error)) {
        case TG_WIRE_FRAME: {
            enum tg_status status = tg_wire_unpack_replica_frame(packed, hello, error);
            if (status == TG_OK && (*hello)->kind_case != TOLLGATE__V1__REPLICA_FRAME__KIND_HELLO)
                status = tg_fail(error, TG_INVALID, "the first frame is not Hello");
            return status;
        }
        case TG_WIRE_WOKEN:
            if (atomic_load(&session->must_end))
                return tg_fail(error, TG_UNAVAILABLE, "the server stops");
            break;
        case TG_WIRE_WRITABLE:
            break;
        case TG_WIRE_TIMEOUT:
            return tg_fail(error, TG_TIMEOUT, "no Hello came within %d s", HELLO_TIMEOUT_MS / 1000);
        case TG_WIRE_CLOSED:
            return error->status;
        }
    }
}

/* Who it says it is must be who its certificate says it is. */
static enum tg_status identify(struct tg_session *session, const Tollgate__V1__Hello *hello, struct tg_error *error)
{
    const char *certified = tg_wire_link_peer(session->link);
    if (certified[0] == '\0')
        return tg_fail(error, TG_DENIED, "the replica's certificate has no common name");
    if (strcmp(hello->replica, certified) != 0)
        return tg_fail(error, TG_DENIED, "the replica calls itself other than its certificate, which is for %s",
                       certified);
    if (!tg_wire_id(hello->boot_id, &session->member.boot_id))
        return tg_fail(error, TG_INVALID, "Hello without a boot_id");
    if (hello->digest.len != 0 && hello->digest.len != sizeof(struct tg_digest))
        return tg_fail(error, TG_INVALID, "Hello with a digest that is not 32 bytes long");
    snprintf(session->replica, sizeof(session->replica), "%s", certified);
    snprintf(session->version, sizeof(session->version), "%s", hello->version);
    session->member.name = session->replica;
    session->member.version = session->version;
    session->member.address = tg_wire_link_address(session->link);
    session->member.connected_at_ms = tg_time_unix_ms();
    return TG_OK;
}

static enum tg_status send_welcome(struct tg_session *session, const struct tg_feed_state *state, bool is_full,
                                   int64_t through_sequence, struct tg_error *error)
{
    Tollgate__V1__Welcome welcome = TOLLGATE__V1__WELCOME__INIT;
    welcome.is_full = is_full;
    welcome.config_epoch = tg_wire_id_field(&state->epoch);
    welcome.ping_interval_ms = session->server->ping_interval_ms;
    welcome.usage_batch_max_records = session->server->usage_batch_max_records;
    welcome.through_sequence = through_sequence;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME;
    frame.welcome = &welcome;
    return tg_replication_session_send(session, &frame, error);
}

static enum tg_status admit(struct tg_session *session, const Tollgate__V1__Hello *hello, tg_db *db,
                            struct tg_error *error)
{
    struct tg_feed_state state;
    struct tg_id epoch;
    struct tg_digest digest = {0};
    int64_t through_sequence = 0;
    bool was_refused = false;
    if (!tg_wire_optional_id(hello->config_epoch, &epoch))
        return tg_fail(error, TG_INVALID, "Hello with a malformed config_epoch");
    if (hello->digest.len == sizeof(digest))
        memcpy(digest.octets, hello->digest.data, sizeof(digest));
    enum tg_status status =
        tg_ledger_open_boot(db, session->replica, session->member.boot_id, &through_sequence, error);
    if (status == TG_OK)
        status = tg_feed_read_state(db, &state, error);
    if (status == TG_OK)
        status = tg_fleet_join(db, &session->member, hello->revision, &was_refused, error);
    if (status != TG_OK)
        return status;
    bool is_full = tg_feed_needs_full(&state, epoch, hello->revision, &digest, was_refused);
    tg_feed_init(&session->feed, session->server->seal_ring, &state, is_full, hello->revision);
    if (is_full)
        tg_stat_add(&session->server->stats, TG_STAT_FULL_SNAPSHOTS, 1);
    tg_log(TG_LOG_INFO, "replica_connected", tg_log_string("replica", session->replica),
           tg_log_id("boot", session->member.boot_id), tg_log_string("address", session->member.address),
           tg_log_string("version", session->version), tg_log_number("held_revision", hello->revision),
           tg_log_number("revision", state.revision), tg_log_string("snapshot", is_full ? "full" : "delta"));
    return send_welcome(session, &state, is_full, through_sequence, error);
}

enum tg_status tg_hello_exchange(struct tg_session *session, struct tg_error *error)
{
    Tollgate__V1__ReplicaFrame *frame = NULL;
    tg_db *db = NULL;
    enum tg_status status = await_hello(session, &frame, error);
    if (status == TG_OK)
        status = identify(session, frame->hello, error);
    if (status == TG_OK) {
        /* From here on nothing is missed: what changes after the state is read wakes the session. */
        tg_replication_announce(session->server, session);
        status = tg_db_pool_take(session->server->states, TG_SESSION_POOL_WAIT_MS, &db, error);
    }
    if (status == TG_OK) {
        status = admit(session, frame->hello, db, error);
        tg_db_pool_put(session->server->states, db);
    }
    tg_wire_free(frame);
    return status;
}
