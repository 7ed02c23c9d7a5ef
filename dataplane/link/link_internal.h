/* Internal to the room.
 *
 *   link.c     create, start, stop; the thread: connect, wait, connect again
 *   session.c  one connection: Hello, what comes in, when to do what
 *   ship.c     usage records and boots, up
 *   saver.c    a thread that writes the snapshot to disk
 *
 * All of struct tg_link is the thread's after tg_link_start, but for the atomics. */
#ifndef TG_LINK_INTERNAL_H
#define TG_LINK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/wire/link.h"
#include "dataplane/link/link.h"
#include "dataplane/link/saver.h"
#include "dataplane/snapshot/builder.h"
#include "dataplane/snapshot/disk.h"

/* How far one boot's records are. */
struct tg_shipment {
    struct tg_id boot_id;
    int64_t sent_through; /* on this connection */
    int64_t acknowledged_through;
    bool is_close_sent; /* on this connection */
};

struct tg_link {
    struct tg_link_config config;
    struct tg_waker waker;
    tg_tls_context *tls;
    tg_wallet *wallet;
    tg_journal *journal;
    tg_snapshot_builder *builder;
    tg_snapshot_disk *disk;
    tg_saver *saver;
    pthread_t thread;
    bool is_started;

    /* any thread */
    atomic_bool has_records, is_stopping, has_snapshot, is_connected;
    _Atomic int64_t revision, stop_deadline_ms;

    /* what is held */
    struct tg_id held_epoch;
    bool needs_saving;
    int64_t saved_at_ms;

    /* the usage of all boots in the journal, as they are there; this boot's is the last */
    struct tg_shipment *shipments;
    size_t shipment_count;
    struct tg_buf batch; /* the memory of the next one, kept while records flow */
    bool is_boot_closed; /* this one's: nothing is left to do */

    int failures; /* connections in a row that came to nothing */
    char last_trouble[384];
    int64_t last_trouble_at_ms;

    /* of the connection */
    tg_wire_link *wire;
    struct tg_id session_epoch;
    bool is_welcomed, has_returned_all;
    bool waits_for_acks; /* as much is on its way as may be */
    int64_t ping_interval_ms, heard_at_ms;
    size_t batch_max_records;
    int64_t ship_at_ms, wallet_at_ms, health_at_ms; /* INT64_MAX: when something happens */
};

/* Connects and serves the connection until it ends; `error` says why it did. */
enum tg_status tg_link_run_session(tg_link *link, struct tg_error *error);

/* True once a clean stop has nothing left to do, or no time. */
bool tg_link_is_done(const tg_link *link, int64_t now_ms);

/* Hands the snapshot on: workers, status. */
void tg_link_publish(tg_link *link, tg_snapshot *snapshot);
/* Copies what is held to disk if that is due; returns when to come again (INT64_MAX: after the next commit). */
int64_t tg_link_save_if_due(tg_link *link, int64_t now_ms);

/* ---- ship.c ---- */

void tg_link_init_shipments(tg_link *link);
/* After Welcome: this boot is booked through `through_sequence`; of the others nothing is on its way. */
void tg_link_restart_shipments(tg_link *link, int64_t through_sequence);
/* Sends what may be sent now and sets ship_at_ms. */
enum tg_status tg_link_ship(tg_link *link, int64_t now_ms, struct tg_error *error) TG_MUST_CHECK;
void tg_link_on_usage_ack(tg_link *link, struct tg_id boot_id, int64_t through_sequence);
void tg_link_on_boot_closed(tg_link *link, struct tg_id boot_id);

#endif
