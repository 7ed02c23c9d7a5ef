/* Internal to the room: the server and its sessions, as the files that run them share them.
 *
 * A session is one connection of a replica with the thread that owns it. Other threads touch only what `mailbox` guards
 * and the atomics, and then wake it. Locks: server->mutex before a session's mailbox; neither is held while waiting for
 * the database or the network. */
#ifndef TG_REPLICATION_INTERNAL_H
#define TG_REPLICATION_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/wire/link.h"
#include "controlplane/replication/db_pool.h"
#include "controlplane/replication/desk.h"
#include "controlplane/replication/feed.h"
#include "controlplane/replication/fleet.h"
#include "controlplane/replication/recalls.h"
#include "controlplane/replication/replication.h"
#include "controlplane/replication/stats.h"

struct tg_session {
    tg_replication *server;
    struct tg_session *next; /* in the server's list, under its mutex */
    pthread_t thread;
    int fd; /* until the link takes it */
    tg_wire_link *link;
    struct tg_waker waker;
    atomic_bool must_end;    /* the server stops, or a newer connection of the same replica took over */
    atomic_bool is_finished; /* the thread is about to return: join it */

    /* Known after Hello; the name is written before the session is announced, and constant after. */
    char replica[128];
    char version[64];
    struct tg_fleet_member member;
    bool is_announced;

    pthread_mutex_t mailbox;
    struct tg_pending_recalls recalls;

    struct tg_feed feed;
    struct tg_lane lane;
    struct tg_fleet_health health;
    bool has_new_health;
    int64_t refreshed_at_ms, pinged_at_ms, heard_at_ms, progressed_at_ms;
    size_t unsent_bytes; /* when last looked at, to see whether the replica takes anything */
};

struct tg_replication {
    /* The configuration, with defaults filled in. */
    size_t max_replicas;
    int64_t ping_interval_ms, silence_timeout_ms, usage_batch_max_records;
    const tg_seal_ring *seal_ring;

    tg_tls_context *tls;
    int listen_fd;
    uint16_t port;
    tg_db_pool *leases, *states;
    tg_db *notices;
    tg_desk *desk;
    struct tg_recent_recalls recent_recalls;
    struct tg_replication_stats stats;

    /* What the notices thread knows of the configuration: */
    _Atomic int64_t latest_revision;

    bool is_started;
    atomic_bool is_stopping;
    struct tg_waker accept_waker, notices_waker;
    pthread_t accept_thread, notices_thread;
    pthread_mutex_t mutex;
    struct tg_session *sessions;
    size_t session_count;
};

/* The thread of one session: from the handshake to the end. */
void *tg_replication_session_run(void *session);

/* Ends older sessions of the same replica and makes this one visible to notices. */
void tg_replication_announce(tg_replication *server, struct tg_session *session);
/* Wakes every announced session; with `budget_id`, asks all but the spared boot to return what is idle of it. */
void tg_replication_wake_all(tg_replication *server);
void tg_replication_recall(tg_replication *server, struct tg_id budget_id, struct tg_id spared_boot);
/* Every replica is to come back anew: the database is another one. */
void tg_replication_end_all(tg_replication *server);

/* notices.c */
void *tg_notices_run(void *server);

/* lending.c: what the replica asks of the bank. Anything but TG_OK ends the session. */
enum tg_status tg_lending_on_request(struct tg_session *session, const Tollgate__V1__LeaseRequest *request,
                                     struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_lending_on_return(struct tg_session *session, const Tollgate__V1__LeaseReturn *message,
                                    struct tg_error *error) TG_MUST_CHECK;
/* Passes on the recalls that gathered in the mailbox. */
enum tg_status tg_lending_send_recalls(struct tg_session *session, struct tg_error *error) TG_MUST_CHECK;

/* hello.c: from the handshake to Welcome. */
enum tg_status tg_hello_exchange(struct tg_session *session, struct tg_error *error) TG_MUST_CHECK;

/* Queues a frame for the replica. */
enum tg_status tg_replication_session_send(struct tg_session *session, const Tollgate__V1__ControlFrame *frame,
                                           struct tg_error *error) TG_MUST_CHECK;

/* How long a session waits for one of the shared database connections. */
enum { TG_SESSION_POOL_WAIT_MS = 10000 };

#endif
