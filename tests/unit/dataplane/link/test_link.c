/* The link against a control plane that is played by the test itself, over real mutual TLS on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/wire/link.h"
#include "dataplane/link/link.h"
#include "tests/unit/common/wire/certificates.h"
#include "tests/unit/dataplane/snapshot/world.h"

enum { PATIENCE_MS = 20000, PING_INTERVAL_MS = 60000 };

static int listener = -1;
static uint16_t port;
static const struct tg_id epoch = {{9, 9}};
static const struct tg_journal_intent no_intent;

/* ---- the replica under test ---- */

struct replica {
    char directory[64], journal_dir[80], snapshot_file[80];
    struct tg_id boot_id;
    tg_wallet *wallet;
    tg_journal *journal;
    tg_link *link;
    _Atomic int64_t snapshots, revision;
};

static void on_snapshot(void *user, tg_snapshot *snapshot)
{
    struct replica *replica = user;
    atomic_store(&replica->revision, tg_snapshot_revision(snapshot));
    atomic_fetch_add(&replica->snapshots, 1);
}

static int64_t count_active_requests(void *user)
{
    return 3;
}

static void start(struct replica *replica)
{
    replica->boot_id = tg_id_new();
    atomic_store(&replica->snapshots, 0);
    const struct tg_link_config config = {
        .replica = "replica-1",
        .host = "127.0.0.1",
        .port = port,
        .server_name = "stream.test",
        .ca_file = test_certificates_path("ca.pem"),
        .certificate_file = test_certificates_path("client.pem"),
        .key_file = test_certificates_path("client.key"),
        .snapshot_file = replica->snapshot_file,
        .boot_id = replica->boot_id,
        .user = replica,
        .on_snapshot = on_snapshot,
        .count_active_requests = count_active_requests,
    };
    struct tg_error error = {0};
    if (tg_link_create(&config, &replica->link, &error) != TG_OK)
        fail_msg("%s", error.message);
    const struct tg_wallet_config wallet = {
        .user = replica->link, .on_message = tg_link_wake_for_wallet, .max_waiters = 10};
    replica->wallet = tg_wallet_create(&wallet);
    const struct tg_journal_config journal = {
        .directory = replica->journal_dir,
        .boot_id = replica->boot_id,
        .file_bytes = 64 << 10,
        .max_bytes = 1 << 20,
        .user = replica->link,
        .on_records = tg_link_wake_for_records,
    };
    assert_int_equal(tg_journal_open(&journal, &replica->journal, &error), TG_OK);
    if (tg_link_start(replica->link, replica->wallet, replica->journal, &error) != TG_OK)
        fail_msg("%s", error.message);
}

static bool stop(struct replica *replica, int64_t grace_ms)
{
    bool is_closed = tg_link_stop(replica->link, grace_ms);
    tg_link_destroy(replica->link);
    tg_journal_close(replica->journal);
    tg_wallet_destroy(replica->wallet);
    return is_closed;
}

static void init(struct replica *replica)
{
    *replica = (struct replica){.directory = "/tmp/tollgate-test-link-XXXXXX"};
    assert_non_null(mkdtemp(replica->directory));
    snprintf(replica->journal_dir, sizeof(replica->journal_dir), "%s/journal", replica->directory);
    snprintf(replica->snapshot_file, sizeof(replica->snapshot_file), "%s/snapshot", replica->directory);
    start(replica);
}

static void deinit(struct replica *replica)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", replica->directory);
    assert_int_equal(system(command), 0);
}

static void append(struct replica *replica, int64_t mark)
{
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT;
    record.cost_pusd = mark;
    assert_int_equal(tg_journal_append(replica->journal, &record, no_intent), TG_OK);
}

/* ---- the control plane as the test plays it ---- */

struct control {
    struct tg_waker waker;
    tg_tls_context *tls;
    tg_wire_link *link;
    Tollgate__V1__ReplicaFrame *frame; /* the last one */
    struct tg_digest digest;
    int64_t revision;
};

static void next_frame(struct control *control)
{
    tg_wire_free(control->frame);
    control->frame = NULL;
    struct tg_text packed;
    struct tg_error error = {0};
    for (;;) {
        enum tg_wire_event event = tg_wire_link_poll(control->link, PATIENCE_MS, &packed, &error);
        if (event == TG_WIRE_WRITABLE)
            continue;
        if (event != TG_WIRE_FRAME)
            fail_msg("%s instead of a frame: %s", tg_wire_event_name(event), error.message);
        assert_int_equal(tg_wire_unpack_replica_frame(packed, &control->frame, &error), TG_OK);
        return;
    }
}

/* Waits for a frame of that kind; Health may come in between at any time. */
static void expect(struct control *control, Tollgate__V1__ReplicaFrame__KindCase kind)
{
    do {
        next_frame(control);
    } while (control->frame->kind_case == TOLLGATE__V1__REPLICA_FRAME__KIND_HEALTH &&
             control->frame->kind_case != kind);
    assert_int_equal(control->frame->kind_case, kind);
}

static void accept_replica(struct control *control)
{
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&entry, 1, PATIENCE_MS), 1);
    const struct tg_wire_link_config config = {.tls = control->tls, .waker = &control->waker};
    struct tg_error error = {0};
    if (tg_wire_link_accept(&config, accept(listener, NULL, NULL), PATIENCE_MS, &control->link, &error) != TG_OK)
        fail_msg("%s", error.message);
    assert_string_equal(tg_wire_link_peer(control->link), "replica-1");
    expect(control, TOLLGATE__V1__REPLICA_FRAME__KIND_HELLO);
}

static void drop_replica(struct control *control)
{
    tg_wire_link_close(control->link);
    control->link = NULL;
}

static void control_init(struct control *control)
{
    *control = (struct control){.tls = test_certificates_server()};
    assert_int_equal(tg_waker_init(&control->waker, NULL), TG_OK);
}

static void control_deinit(struct control *control)
{
    tg_wire_free(control->frame);
    tg_wire_link_close(control->link);
    tg_waker_deinit(&control->waker);
    tg_tls_context_destroy(control->tls);
}

static void post(struct control *control, Tollgate__V1__ControlFrame *frame)
{
    assert_int_equal(tg_wire_link_send(control->link, &frame->base), TG_OK);
}

static void welcome(struct control *control, bool is_full, int64_t through_sequence, int64_t ping_interval_ms)
{
    Tollgate__V1__Welcome message = TOLLGATE__V1__WELCOME__INIT;
    message.is_full = is_full;
    message.config_epoch = tg_wire_id_field(&epoch);
    message.ping_interval_ms = ping_interval_ms;
    message.usage_batch_max_records = 10;
    message.through_sequence = through_sequence;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME;
    frame.welcome = &message;
    post(control, &frame);
}

static void upsert(struct control *control, const Tollgate__V1__Resource *resource)
{
    struct tg_buf packed;
    tg_buf_init(&packed, 4096);
    assert_int_equal(tg_wire_pack(&resource->base, &packed), TG_OK);
    digest_of(tg_buf_text(&packed), true, &control->digest);
    assert_int_equal(tg_wire_link_send_upsert(control->link, tg_buf_text(&packed)), TG_OK);
    tg_buf_deinit(&packed);
}

static void send_commit(struct control *control)
{
    Tollgate__V1__Commit message = TOLLGATE__V1__COMMIT__INIT;
    message.revision = ++control->revision;
    message.digest = tg_wire_bytes(control->digest.octets, 32);
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT;
    frame.commit = &message;
    post(control, &frame);
}

static void send_whole_snapshot(struct control *control)
{
    struct parts parts;
    for (int type = 1; type <= WORLD_TYPE(BUDGET); ++type)
        upsert(control, make(&parts, (Tollgate__V1__ResourceType)type, 1, 1));
    send_commit(control);
    expect(control, TOLLGATE__V1__REPLICA_FRAME__KIND_ACK);
    assert_int_equal(control->frame->ack->revision, control->revision);
}

static void acknowledge(struct control *control, struct tg_id boot_id, int64_t through_sequence)
{
    Tollgate__V1__UsageAck message = TOLLGATE__V1__USAGE_ACK__INIT;
    message.boot_id = tg_wire_id_field(&boot_id);
    message.through_sequence = through_sequence;
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_USAGE_ACK;
    frame.usage_ack = &message;
    post(control, &frame);
}

static void acknowledge_close(struct control *control, struct tg_id boot_id)
{
    Tollgate__V1__BootClosedAck message = TOLLGATE__V1__BOOT_CLOSED_ACK__INIT;
    message.boot_id = tg_wire_id_field(&boot_id);
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_BOOT_CLOSED_ACK;
    frame.boot_closed_ack = &message;
    post(control, &frame);
    assert_int_equal(tg_wire_link_flush(control->link, PATIENCE_MS, NULL), TG_OK);
}

/* Collects records until so many have come, in order from `first` on. */
static void expect_records(struct control *control, struct tg_id boot_id, int64_t first, int64_t last)
{
    while (first <= last) {
        expect(control, TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH);
        const Tollgate__V1__UsageBatch *batch = control->frame->usage_batch;
        assert_memory_equal(batch->boot_id.data, boot_id.octets, 16);
        assert_int_equal(batch->first_sequence, first);
        assert_in_range(batch->n_records, 1, 10);
        for (size_t i = 0; i < batch->n_records; ++i)
            assert_int_equal(batch->records[i]->cost_pusd, first++);
    }
}

/* ---- tests ---- */

static void a_full_snapshot_is_applied_acknowledged_and_served_again_after_a_restart(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    assert_string_equal(control.frame->hello->replica, "replica-1");
    assert_int_equal(control.frame->hello->revision, 0);
    assert_int_equal(control.frame->hello->config_epoch.len, 0);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    send_whole_snapshot(&control);
    assert_int_equal(atomic_load(&replica.snapshots), 1);
    struct tg_link_status status;
    tg_link_read_status(replica.link, &status);
    assert_true(status.is_connected && status.has_snapshot && status.revision == 1);
    drop_replica(&control);
    assert_false(stop(&replica, 0));

    start(&replica); /* nobody has answered yet */
    assert_int_equal(atomic_load(&replica.snapshots), 1);
    assert_int_equal(atomic_load(&replica.revision), 1);
    accept_replica(&control);
    assert_int_equal(control.frame->hello->revision, 1);
    assert_memory_equal(control.frame->hello->digest.data, control.digest.octets, 32);
    assert_memory_equal(control.frame->hello->config_epoch.data, epoch.octets, 16);
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static void a_refused_revision_is_named_and_the_next_one_is_followed(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    send_whole_snapshot(&control);
    struct tg_digest good = control.digest;
    struct parts parts;
    make(&parts, WORLD_TYPE(PRICE), 2, 1);
    parts.price.request_pusd = -1;
    upsert(&control, &parts.resource);
    send_commit(&control);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_NACK);
    assert_int_equal(control.frame->nack->revision, 2);
    assert_non_null(strstr(control.frame->nack->error, "price"));
    assert_non_null(strstr(control.frame->nack->error, "request_pusd"));
    control.digest = good;
    upsert(&control, make(&parts, WORLD_TYPE(PRICE), 2, 1)); /* all since the revision held, again */
    send_commit(&control);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_ACK);
    assert_int_equal(control.frame->ack->revision, 3);
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static void a_digest_that_differs_makes_the_replica_come_again(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    send_whole_snapshot(&control);
    struct tg_digest good = control.digest;
    control.digest.octets[0] ^= 1;
    send_commit(&control);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_NACK);
    drop_replica(&control);
    accept_replica(&control);
    assert_int_equal(control.frame->hello->revision, 1);
    control.digest = (struct tg_digest){{0}};
    welcome(&control, true, 0, PING_INTERVAL_MS);
    send_whole_snapshot(&control);
    assert_true(tg_digest_equals(&control.digest, &good));
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static void records_are_shipped_and_sent_again_until_they_are_acknowledged(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    for (int64_t i = 1; i <= 25; ++i)
        append(&replica, i);
    expect_records(&control, replica.boot_id, 1, 25);
    drop_replica(&control); /* unacknowledged, but 12 were booked */
    accept_replica(&control);
    welcome(&control, true, 12, PING_INTERVAL_MS);
    expect_records(&control, replica.boot_id, 13, 25);
    acknowledge(&control, replica.boot_id, 25);
    append(&replica, 26);
    expect_records(&control, replica.boot_id, 26, 26);
    struct tg_journal_stats stats;
    tg_journal_read_stats(replica.journal, &stats);
    assert_int_equal(stats.pending_records, 1);
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static void no_more_than_a_few_batches_are_on_their_way(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    for (int64_t i = 1; i <= 100; ++i)
        append(&replica, i);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    expect_records(&control, replica.boot_id, 1, 40);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_HEALTH); /* a second later there is still no fifth batch */
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_HEALTH);
    assert_int_equal(control.frame->health->journal_pending_records, 100);
    assert_int_equal(control.frame->health->active_requests, 3);
    assert_true(control.frame->health->resident_bytes > 0);
    acknowledge(&control, replica.boot_id, 10);
    expect_records(&control, replica.boot_id, 41, 50);
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static void *stop_in_thread(void *user)
{
    return stop(user, PATIENCE_MS) ? user : NULL;
}

static void a_clean_stop_ships_everything_and_closes_the_boot(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    append(&replica, 1);
    /* Killed, as far as the books know: no close. */
    struct tg_id first_boot = replica.boot_id;
    drop_replica(&control);
    assert_false(stop(&replica, 0));

    start(&replica);
    append(&replica, 1);
    accept_replica(&control);
    welcome(&control, true, 0, PING_INTERVAL_MS);
    expect_records(&control, first_boot, 1, 1);
    expect_records(&control, replica.boot_id, 1, 1);
    acknowledge(&control, first_boot, 1);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_BOOT_CLOSED);
    assert_memory_equal(control.frame->boot_closed->boot_id.data, first_boot.octets, 16);
    assert_int_equal(control.frame->boot_closed->last_sequence, 1);
    acknowledge_close(&control, first_boot);
    acknowledge(&control, replica.boot_id, 1);
    assert_int_equal(tg_wire_link_flush(control.link, PATIENCE_MS, NULL), TG_OK);

    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_in_thread, &replica), 0);
    expect(&control, TOLLGATE__V1__REPLICA_FRAME__KIND_BOOT_CLOSED);
    assert_memory_equal(control.frame->boot_closed->boot_id.data, replica.boot_id.octets, 16);
    assert_int_equal(control.frame->boot_closed->last_sequence, 1);
    acknowledge_close(&control, replica.boot_id);
    void *is_closed;
    pthread_join(stopper, &is_closed);
    assert_non_null(is_closed);
    control_deinit(&control);
    deinit(&replica);
}

static void a_silent_control_plane_is_left(void **state)
{
    struct replica replica;
    struct control control;
    init(&replica);
    control_init(&control);
    accept_replica(&control);
    welcome(&control, true, 0, 10);
    assert_int_equal(tg_wire_link_flush(control.link, PATIENCE_MS, NULL), TG_OK);
    tg_wire_link *silent = control.link;
    accept_replica(&control); /* the old connection is still open on this side */
    tg_wire_link_close(silent);
    stop(&replica, 0);
    control_deinit(&control);
    deinit(&replica);
}

static int prepare(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    if (test_certificates_make() == NULL)
        return -1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, bytes) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &bytes) != 0)
        return -1;
    port = ntohs(address.sin_port);
    return 0;
}

static int clean_up(void **state)
{
    close(listener);
    test_certificates_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_snapshot_is_applied_acknowledged_and_served_again_after_a_restart),
        cmocka_unit_test(a_refused_revision_is_named_and_the_next_one_is_followed),
        cmocka_unit_test(a_digest_that_differs_makes_the_replica_come_again),
        cmocka_unit_test(records_are_shipped_and_sent_again_until_they_are_acknowledged),
        cmocka_unit_test(no_more_than_a_few_batches_are_on_their_way),
        cmocka_unit_test(a_clean_stop_ships_everything_and_closes_the_boot),
        cmocka_unit_test(a_silent_control_plane_is_left),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
