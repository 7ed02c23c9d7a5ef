/* The stream server against a real Postgres, real certificates and replicas that speak the protocol and nothing else.
 *
 *     test_stream <owner's database URL> <service's database URL> <directory of certificates>
 *
 * The database is migrated; the directory was made by deploy/make-certificates for the control plane on localhost and
 * the replicas "a" and "b". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <signal.h>

#include "common/base/time.h"
#include "controlplane/budget/bank_store.h"
#include "controlplane/replication/replication.h"
#include "controlplane/snapshot/change.h"
#include "replica.h"

static const char *owner_url, *service_url, *certificates;

enum { CHANGES = 60, MANY = 2500, LATENCY_LIMIT_MS = 250 };

struct fixture {
    tg_db *owner, *service;
    tg_seal_ring *ring;
    tg_replication *server;
    uint16_t port;
    struct tg_id organization;
    struct replica a, b;
};

static tg_db *open_database(const char *url)
{
    struct tg_error error = {0};
    tg_db *db = NULL;
    struct tg_db_config config = {.url = url, .application_name = "test_stream"};
    if (tg_db_open(&config, &db, &error) != TG_OK)
        fail_msg("%s", error.message);
    return db;
}

static void run_as_owner(struct fixture *fixture, const char *sql, const struct tg_db_value *params, size_t count)
{
    struct tg_error error = {0};
    if (tg_db_query(fixture->owner, sql, params, count, NULL, &error) != TG_OK)
        fail_msg("%s: %s", sql, error.message);
}

static bool holds(struct fixture *fixture, const char *condition, const char *replica)
{
    char sql[512];
    struct tg_error error = {0};
    TG_DB_RESULT tg_db_result *result = NULL;
    struct tg_db_value params[] = {tg_db_string(replica)};
    snprintf(sql, sizeof(sql), "SELECT EXISTS (SELECT FROM replicas WHERE name = $1 AND %s)", condition);
    if (tg_db_query(fixture->owner, sql, params, 1, &result, &error) != TG_OK)
        fail_msg("%s: %s", sql, error.message);
    return tg_db_get_bool(result, 0, 0);
}

/* What the server writes after it has answered is looked at until it is there. */
static void await_row(struct fixture *fixture, const char *condition, const char *replica)
{
    int64_t deadline_ms = tg_time_monotonic_ms() + FRAME_TIMEOUT_MS;
    while (!holds(fixture, condition, replica))
        if (tg_time_monotonic_ms() > deadline_ms)
            fail_msg("replica %s is not: %s", replica, condition);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    static const uint8_t key[TG_SEAL_KEY_BYTES] = {7};
    char certificate[512], key_file[512], ca[512], name[TG_ID_TEXT_BYTES];
    struct tg_error error = {0};
    fixture->owner = open_database(owner_url);
    fixture->service = open_database(service_url);
    fixture->ring = tg_seal_ring_create();
    assert_int_equal(tg_seal_ring_add(fixture->ring, 1, key, &error), TG_OK);
    snprintf(certificate, sizeof(certificate), "%s/controlplane.crt", certificates);
    snprintf(key_file, sizeof(key_file), "%s/controlplane.key", certificates);
    snprintf(ca, sizeof(ca), "%s/ca.crt", certificates);
    struct tg_replication_config config = {.host = "127.0.0.1",
                                           .certificate_file = certificate,
                                           .key_file = key_file,
                                           .client_ca_file = ca,
                                           .database_url = service_url,
                                           .seal_ring = fixture->ring};
    if (tg_replication_create(&config, &fixture->server, &error) != TG_OK ||
        tg_replication_start(fixture->server, &error) != TG_OK)
        fail_msg("%s", error.message);
    fixture->port = tg_replication_port(fixture->server);
    fixture->organization = tg_id_new();
    tg_id_format(fixture->organization, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_string(name)};
    run_as_owner(fixture, "DELETE FROM replicas", NULL, 0);
    run_as_owner(fixture, "DELETE FROM snapshot_resources", NULL, 0); /* of earlier tests */
    run_as_owner(fixture, "DELETE FROM snapshot_digests", NULL, 0);
    run_as_owner(fixture, "INSERT INTO organizations (id, name) VALUES ($1, $2)", params, 2);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    replica_forget(&fixture->a);
    replica_forget(&fixture->b);
    tg_replication_destroy(fixture->server);
    tg_seal_ring_destroy(fixture->ring);
    tg_db_close(fixture->owner);
    tg_db_close(fixture->service);
    free(fixture);
    return 0;
}

static bool connect_replica(struct fixture *fixture, struct replica *replica, const char *name)
{
    return replica_connect(replica, certificates, name, name, fixture->port);
}

/* ---- configuration ---- */

static void put_model(struct tg_snapshot_change *change, struct tg_id id, struct tg_id organization)
{
    struct tg_error error = {0};
    Tollgate__V1__Model model = TOLLGATE__V1__MODEL__INIT;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    struct tg_packed packed;
    model.id = tg_wire_id_field(&id);
    model.organization_id = tg_wire_id_field(&organization);
    model.name = (char *)(uintptr_t) "gpt";
    model.created_at_ms = tg_time_unix_ms();
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_MODEL;
    resource.model = &model;
    if (tg_snapshot_pack(&resource, &packed, &error) != TG_OK ||
        tg_snapshot_change_put(change, TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_MODEL, id, &packed, &error) != TG_OK)
        fail_msg("%s", error.message);
    tg_packed_deinit(&packed);
}

/* One change that puts `count` models from `ids` and removes `removed` unless that is zero. */
static int64_t change_configuration(struct fixture *fixture, const struct tg_id *ids, size_t count,
                                    struct tg_id removed)
{
    struct tg_error error = {0};
    struct tg_snapshot_change change;
    if (tg_db_begin(fixture->service, TG_DB_TENANT, &fixture->organization, &error) != TG_OK ||
        tg_snapshot_change_begin(&change, fixture->service, fixture->organization, &error) != TG_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; ++i)
        put_model(&change, ids[i], fixture->organization);
    if (!tg_id_is_zero(removed) &&
        tg_snapshot_change_remove(&change, TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_MODEL, removed, &error) != TG_OK)
        fail_msg("%s", error.message);
    if (tg_snapshot_change_end(&change, &error) != TG_OK || tg_db_commit(fixture->service, &error) != TG_OK)
        fail_msg("%s", error.message);
    return change.revision;
}

static int64_t change_something(struct fixture *fixture)
{
    struct tg_id id = tg_id_new();
    return change_configuration(fixture, &id, 1, (struct tg_id){0});
}

static void await_revision(struct replica *replica, int64_t revision)
{
    while (replica->revision < revision)
        assert_true(replica_await(replica, TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT));
    assert_int_equal(replica->revision, revision);
}

static void a_replica_must_be_who_its_certificate_says(void **state)
{
    struct fixture *fixture = *state;
    assert_false(replica_connect(&fixture->a, certificates, "a", "b", fixture->port));
    assert_false(holds(fixture, "true", "b"));
}

static void a_new_replica_gets_everything_and_then_what_changes(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id ids[3] = {tg_id_new(), tg_id_new(), tg_id_new()};
    int64_t revision = change_configuration(fixture, ids, 3, (struct tg_id){0});
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_true(fixture->a.was_full);
    await_revision(&fixture->a, revision); /* the digest is checked at each Commit */
    size_t held = fixture->a.held;
    revision = change_configuration(fixture, ids, 1, ids[2]);
    await_revision(&fixture->a, revision);
    assert_int_equal(fixture->a.held, held - 1);
    await_row(fixture, "is_connected AND acked_revision = (SELECT revision FROM config_state)", "a");
}

static void a_replica_that_comes_back_gets_only_what_it_missed(void **state)
{
    struct fixture *fixture = *state;
    int64_t revision = change_something(fixture);
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    await_revision(&fixture->a, revision);
    replica_disconnect(&fixture->a);
    await_row(fixture, "NOT is_connected", "a");
    revision = change_something(fixture);
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_false(fixture->a.was_full);
    await_revision(&fixture->a, revision);
    replica_disconnect(&fixture->a);
    fixture->a.digest.octets[0] ^= 1; /* it holds something else than it should at that revision */
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_true(fixture->a.was_full);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT));
    assert_int_equal(fixture->a.revision, revision);
}

static void a_large_configuration_comes_in_pages_while_it_changes(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id *ids = calloc(MANY, sizeof(*ids));
    for (size_t i = 0; i < MANY; ++i)
        ids[i] = tg_id_new();
    change_configuration(fixture, ids, MANY, (struct tg_id){0});
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    int64_t revision = change_configuration(fixture, ids, 2, ids[MANY - 1]); /* pages may be out already */
    await_revision(&fixture->a, revision);
    assert_in_range(fixture->a.held, MANY - 1, MAX_HELD);
    for (size_t i = 0; i < MANY; i += 500)
        revision = change_configuration(fixture, NULL, 0, ids[i]);
    await_revision(&fixture->a, revision);
    free(ids);
}

static void a_refused_revision_is_shown_with_its_reason_until_one_is_applied(void **state)
{
    struct fixture *fixture = *state;
    int64_t revision = change_something(fixture);
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    await_revision(&fixture->a, revision);
    fixture->a.refuses = true;
    change_something(fixture);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT));
    await_row(fixture,
              "refused_revision = (SELECT revision FROM config_state) AND refused_reason LIKE 'provider openai%'", "a");
    await_row(fixture, "acked_revision = refused_revision - 1", "a");
    replica_disconnect(&fixture->a);
    fixture->a.refuses = false;
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_true(fixture->a.was_full);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT));
    await_row(fixture, "refused_revision IS NULL AND refused_reason IS NULL", "a");
}

static void a_newer_connection_of_a_replica_takes_over(void **state)
{
    struct fixture *fixture = *state;
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_true(connect_replica(fixture, &fixture->b, "a"));
    assert_false(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND__NOT_SET)); /* it was ended */
    assert_true(replica_await(&fixture->b, TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT));
    await_row(fixture, "is_connected", "a");
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void a_change_reaches_the_replica_within_a_quarter_of_a_second(void **state)
{
    struct fixture *fixture = *state;
    int64_t took_us[CHANGES];
    int64_t revision = change_something(fixture);
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    await_revision(&fixture->a, revision);
    for (int i = 0; i < CHANGES; ++i) {
        revision = change_something(fixture);
        int64_t committed_ns = tg_time_monotonic_ns();
        await_revision(&fixture->a, revision);
        took_us[i] = (tg_time_monotonic_ns() - committed_ns) / 1000;
    }
    qsort(took_us, CHANGES, sizeof(took_us[0]), by_size);
    print_message("commit to replica: median %ld us, slowest of %d %ld us\n", (long)took_us[CHANGES / 2], CHANGES,
                  (long)took_us[CHANGES - 1]);
    assert_in_range(took_us[CHANGES - 1], 0, LATENCY_LIMIT_MS * 1000);
}

/* ---- leases and usage ---- */

static struct tg_id make_budget(struct fixture *fixture, int64_t limit)
{
    struct tg_id id = tg_id_new();
    char name[TG_ID_TEXT_BYTES];
    tg_id_format(id, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_id(id), tg_db_string(name),
                                   tg_db_int64(limit)};
    run_as_owner(fixture,
                 "INSERT INTO budgets (organization_id, id, name, scope, scope_id, unit, window_kind, limit_amount) "
                 "VALUES ($1, $2, $3, 'organization', $1, 'money', 'day', $4)",
                 params, 4);
    return id;
}

static const Tollgate__V1__LeaseGrant *ask(struct replica *replica, struct tg_id budget, uint64_t number,
                                           int64_t minimum)
{
    Tollgate__V1__LeaseRequest request = TOLLGATE__V1__LEASE_REQUEST__INIT;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    request.request_number = number;
    request.budget_id = tg_wire_id_field(&budget);
    request.minimum = minimum;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_REQUEST;
    frame.lease_request = &request;
    replica_send(replica, &frame);
    assert_true(replica_await(replica, TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_GRANT));
    assert_int_equal(replica->frame->lease_grant->request_number, number);
    return replica->frame->lease_grant;
}

static void what_one_replica_holds_idle_goes_to_another_that_needs_it(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id budget = make_budget(fixture, 1000), lease;
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    assert_true(connect_replica(fixture, &fixture->b, "b"));
    const Tollgate__V1__LeaseGrant *grant = ask(&fixture->a, budget, 1, 900);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_GRANTED);
    assert_true(tg_wire_id(grant->lease_id, &lease));
    assert_true(grant->window_remaining_ms > 0);
    grant = ask(&fixture->b, budget, 1, 500);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_BUSY);
    assert_in_range(grant->retry_after_ms, 20, 50);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RECALL));
    Tollgate__V1__LeaseReturn message = TOLLGATE__V1__LEASE_RETURN__INIT;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    message.lease_id = tg_wire_id_field(&lease);
    message.amount = 900;
    message.return_number = 1;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_LEASE_RETURN;
    frame.lease_return = &message;
    replica_send(&fixture->a, &frame);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_LEASE_RETURN_ACK));
    grant = ask(&fixture->b, budget, 2, 500);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_GRANTED);
    assert_true(grant->amount >= 500);
    grant = ask(&fixture->b, budget, 3, 1001);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_EXHAUSTED);
    grant = ask(&fixture->b, tg_id_new(), 4, 1);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_UNKNOWN_BUDGET);
}

static void usage_is_acknowledged_once_it_is_booked_and_the_boot_closed_after_it(void **state)
{
    struct fixture *fixture = *state;
    enum { RECORDS = 10, REPEATS = 150 }; /* more than a lane holds */
    struct tg_id requests[RECORDS];
    Tollgate__V1__UsageRecord records[RECORDS], *list[RECORDS];
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    Tollgate__V1__UsageBatch batch = TOLLGATE__V1__USAGE_BATCH__INIT;
    batch.boot_id = tg_wire_id_field(&fixture->a.boot);
    batch.first_sequence = 1;
    batch.n_records = RECORDS;
    batch.records = list;
    for (int i = 0; i < RECORDS; ++i) {
        tollgate__v1__usage_record__init(&records[i]);
        requests[i] = tg_id_new();
        records[i].request_id = tg_wire_id_field(&requests[i]);
        records[i].started_at_ms = tg_time_unix_ms();
        records[i].outcome = TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED;
        list[i] = &records[i];
    }
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH;
    frame.usage_batch = &batch;
    for (int i = 0; i < REPEATS; ++i)
        replica_send(&fixture->a, &frame);
    for (int i = 0; i < REPEATS; ++i) {
        assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_USAGE_ACK));
        assert_int_equal(fixture->a.frame->usage_ack->through_sequence, RECORDS);
    }
    Tollgate__V1__BootClosed closed = TOLLGATE__V1__BOOT_CLOSED__INIT;
    closed.boot_id = tg_wire_id_field(&fixture->a.boot);
    closed.last_sequence = RECORDS;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_BOOT_CLOSED;
    frame.boot_closed = &closed;
    replica_send(&fixture->a, &frame);
    assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_BOOT_CLOSED_ACK));
    struct tg_buf metrics;
    tg_buf_init(&metrics, 65536);
    assert_int_equal(tg_replication_render_metrics(fixture->server, &metrics), TG_OK);
    assert_int_equal(tg_buf_printf(&metrics, "%c", 0), TG_OK);
    assert_non_null(strstr(metrics.data, "\ntollgate_usage_records_booked_total 10\n"));
    assert_non_null(strstr(metrics.data, "\ntollgate_usage_records_repeated_total 1490\n"));
    tg_buf_deinit(&metrics);
}

static void lost_database_connections_are_made_again(void **state)
{
    struct fixture *fixture = *state;
    struct tg_id budget = make_budget(fixture, 1000);
    int64_t revision = change_something(fixture);
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    await_revision(&fixture->a, revision);
    ask(&fixture->a, budget, 1, 10);
    await_row(fixture, "acked_revision = (SELECT revision FROM config_state)", "a"); /* nothing is under way */
    run_as_owner(
        fixture,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tollgate-replication'", NULL,
        0);
    const Tollgate__V1__LeaseGrant *grant = ask(&fixture->a, budget, 2, 10);
    assert_int_equal(grant->outcome, TOLLGATE__V1__LEASE_OUTCOME__LEASE_OUTCOME_GRANTED);
    revision = change_something(fixture);
    await_revision(&fixture->a, revision);
    await_row(fixture, "is_connected AND acked_revision = (SELECT revision FROM config_state)", "a");
}

static void batches_that_follow_one_another_are_all_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    enum { BATCHES = 300 };
    assert_true(connect_replica(fixture, &fixture->a, "a"));
    struct tg_id request = tg_id_new();
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT, *list[] = {&record};
    record.request_id = tg_wire_id_field(&request);
    record.started_at_ms = tg_time_unix_ms();
    record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED;
    Tollgate__V1__UsageBatch batch = TOLLGATE__V1__USAGE_BATCH__INIT;
    batch.boot_id = tg_wire_id_field(&fixture->a.boot);
    batch.n_records = 1;
    batch.records = list;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH;
    frame.usage_batch = &batch;
    for (batch.first_sequence = 1; batch.first_sequence <= BATCHES; ++batch.first_sequence)
        replica_send(&fixture->a, &frame);
    int64_t through_sequence = 0;
    while (through_sequence < BATCHES) {
        assert_true(replica_await(&fixture->a, TOLLGATE__V1__CONTROL_FRAME__KIND_USAGE_ACK));
        assert_true(fixture->a.frame->usage_ack->through_sequence > through_sequence);
        through_sequence = fixture->a.frame->usage_ack->through_sequence;
    }
    assert_int_equal(through_sequence, BATCHES);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s <owner's database URL> <service's database URL> <certificates>\n", argv[0]);
        return 2;
    }
    owner_url = argv[1];
    service_url = argv[2];
    certificates = argv[3];
    signal(SIGPIPE, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_replica_must_be_who_its_certificate_says),
        TEST(a_new_replica_gets_everything_and_then_what_changes),
        TEST(a_replica_that_comes_back_gets_only_what_it_missed),
        TEST(a_large_configuration_comes_in_pages_while_it_changes),
        TEST(a_refused_revision_is_shown_with_its_reason_until_one_is_applied),
        TEST(a_newer_connection_of_a_replica_takes_over),
        TEST(a_change_reaches_the_replica_within_a_quarter_of_a_second),
        TEST(what_one_replica_holds_idle_goes_to_another_that_needs_it),
        TEST(lost_database_connections_are_made_again),
        TEST(batches_that_follow_one_another_are_all_acknowledged),
        TEST(usage_is_acknowledged_once_it_is_booked_and_the_boot_closed_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
