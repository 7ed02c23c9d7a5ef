/* Wallets, links and journals of two replicas against the stream server, the bank and the ledger in a real Postgres:
 * many calls at once from a budget that is small beside their worst cases.
 *
 *     test_spending <owner's database URL> <service's database URL> <directory of certificates>
 *
 * As test_stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/time.h"
#include "controlplane/replication/replication.h"
#include "controlplane/store/db.h"
#include "dataplane/link/link.h"

static const char *owner_url, *service_url, *certificates;

enum {
    NODES = 2,
    CALLERS = 25,
    STOP_GRACE_MS = 20000,
    MAX_WAIT_MS = 20000,
    EXPIRE_INTERVAL_MS = 20,
    CUT_INTERVAL_MS = 70,
    RESTART_INTERVAL_MS = 300
};

#define PATH_BYTES 512

/* One replica without its HTTP side. */
struct node {
    char name[8], directory[PATH_BYTES], snapshot_file[PATH_BYTES + 16];
    char ca[PATH_BYTES], certificate[PATH_BYTES], key[PATH_BYTES];
    struct tg_id boot;
    tg_link *link;
    tg_wallet *wallet;
    tg_journal *journal;
    tg_wallet_account *account;
};

struct fixture {
    tg_db *owner;
    tg_seal_ring *ring;
    tg_replication *server;
    struct tg_id organization, budget;
    struct node nodes[NODES];
};

/* What the calls of a test cost, and what became of them. */
struct run {
    struct fixture *fixture;
    int64_t worst, cost;
    int calls_each;
    bool cuts_connections, restarts_server;
    struct tg_id boots[NODES];
    _Atomic int64_t billed, answered, exceeded, busy;
    atomic_bool is_over;
};

struct caller {
    struct run *run;
    struct node *node;
    pthread_t thread;
};

/* ---- set up and tear down ---- */

static tg_db *open_database(const char *url)
{
    struct tg_error error = {0};
    tg_db *db = NULL;
    struct tg_db_config config = {.url = url, .application_name = "test_spending"};
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

static int64_t number(struct fixture *fixture, const char *sql, struct tg_id id)
{
    struct tg_error error = {0};
    struct tg_db_value params[] = {tg_db_id(id)};
    TG_DB_RESULT tg_db_result *result = NULL;
    if (tg_db_query(fixture->owner, sql, params, 1, &result, &error) != TG_OK)
        fail_msg("%s: %s", sql, error.message);
    int64_t value = -1;
    assert_true(tg_db_get_numeric_int64(result, 0, 0, &value));
    return value;
}

/* `port` 0 picks a free one. */
static void start_server(struct fixture *fixture, uint16_t port)
{
    static const uint8_t key[TG_SEAL_KEY_BYTES] = {7};
    char certificate[PATH_BYTES], key_file[PATH_BYTES], ca[PATH_BYTES];
    struct tg_error error = {0};
    if (fixture->ring == NULL) {
        fixture->ring = tg_seal_ring_create();
        assert_int_equal(tg_seal_ring_add(fixture->ring, 1, key, &error), TG_OK);
    }
    snprintf(certificate, sizeof(certificate), "%s/controlplane.crt", certificates);
    snprintf(key_file, sizeof(key_file), "%s/controlplane.key", certificates);
    snprintf(ca, sizeof(ca), "%s/ca.crt", certificates);
    struct tg_replication_config config = {.host = "127.0.0.1",
                                           .port = port,
                                           .certificate_file = certificate,
                                           .key_file = key_file,
                                           .client_ca_file = ca,
                                           .database_url = service_url,
                                           .seal_ring = fixture->ring};
    if (tg_replication_create(&config, &fixture->server, &error) != TG_OK ||
        tg_replication_start(fixture->server, &error) != TG_OK)
        fail_msg("%s", error.message);
}

static void ignore_snapshot(void *user, tg_snapshot *snapshot)
{
}

static int64_t no_requests(void *user)
{
    return 0;
}

static void start_node(struct fixture *fixture, struct node *node, const char *name)
{
    struct tg_error error = {0};
    snprintf(node->name, sizeof(node->name), "%s", name);
    char directory[PATH_BYTES];
    snprintf(directory, sizeof(directory), "%s/spending-XXXXXX", certificates);
    assert_non_null(mkdtemp(directory));
    snprintf(node->directory, sizeof(node->directory), "%s", directory);
    snprintf(node->snapshot_file, sizeof(node->snapshot_file), "%s/snapshot", directory);
    snprintf(node->ca, sizeof(node->ca), "%s/ca.crt", certificates);
    snprintf(node->certificate, sizeof(node->certificate), "%s/replica-%s.crt", certificates, name);
    snprintf(node->key, sizeof(node->key), "%s/replica-%s.key", certificates, name);
    node->boot = tg_id_new();
    struct tg_link_config link = {.replica = node->name,
                                  .host = "127.0.0.1",
                                  .port = tg_replication_port(fixture->server),
                                  .server_name = "localhost",
                                  .ca_file = node->ca,
                                  .certificate_file = node->certificate,
                                  .key_file = node->key,
                                  .snapshot_file = node->snapshot_file,
                                  .boot_id = node->boot,
                                  .on_snapshot = ignore_snapshot,
                                  .count_active_requests = no_requests};
    if (tg_link_create(&link, &node->link, &error) != TG_OK)
        fail_msg("%s", error.message);
    struct tg_wallet_config wallet = {.user = node->link, .on_message = tg_link_wake_for_wallet, .max_waiters = 10000};
    node->wallet = tg_wallet_create(&wallet);
    struct tg_journal_config journal = {.directory = node->directory,
                                        .boot_id = node->boot,
                                        .max_bytes = 64 << 20,
                                        .alarm_bytes = 32 << 20,
                                        .user = node->link,
                                        .on_records = tg_link_wake_for_records};
    if (tg_journal_open(&journal, &node->journal, &error) != TG_OK ||
        tg_link_start(node->link, node->wallet, node->journal, &error) != TG_OK)
        fail_msg("%s", error.message);
}

/* Ships what is left and closes the boot. */
static void stop_node(struct node *node)
{
    assert_true(tg_link_stop(node->link, STOP_GRACE_MS));
    tg_link_destroy(node->link);
    tg_journal_close(node->journal);
    tg_wallet_destroy(node->wallet);
    *node = (struct node){0};
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char name[TG_ID_TEXT_BYTES];
    fixture->owner = open_database(owner_url);
    fixture->organization = tg_id_new();
    tg_id_format(fixture->organization, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_string(name)};
    run_as_owner(fixture, "DELETE FROM replicas", NULL, 0);
    run_as_owner(fixture, "DELETE FROM snapshot_resources", NULL, 0); /* of other tests */
    run_as_owner(fixture, "DELETE FROM snapshot_digests", NULL, 0);
    run_as_owner(fixture, "INSERT INTO organizations (id, name) VALUES ($1, $2)", params, 2);
    start_server(fixture, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tg_replication_destroy(fixture->server);
    tg_seal_ring_destroy(fixture->ring);
    tg_db_close(fixture->owner);
    free(fixture);
    return 0;
}

static void make_budget(struct fixture *fixture, int64_t limit)
{
    char name[TG_ID_TEXT_BYTES];
    fixture->budget = tg_id_new();
    tg_id_format(fixture->budget, name);
    struct tg_db_value params[] = {tg_db_id(fixture->organization), tg_db_id(fixture->budget), tg_db_string(name),
                                   tg_db_int64(limit)};
    run_as_owner(fixture,
                 "INSERT INTO budgets (organization_id, id, name, scope, scope_id, unit, window_kind, limit_amount) "
                 "VALUES ($1, $2, $3, 'organization', $1, 'money', 'none', $4)",
                 params, 4);
}

/* ---- one call ---- */

struct stake {
    struct tg_reservation reservation; /* first, so that one is the other */
    pthread_mutex_t mutex;
    pthread_cond_t decided;
    bool is_decided;
};

static void on_decided(struct tg_reservation *reservation)
{
    struct stake *stake = (struct stake *)reservation;
    pthread_mutex_lock(&stake->mutex);
    stake->is_decided = true;
    pthread_cond_signal(&stake->decided);
    pthread_mutex_unlock(&stake->mutex);
}

static enum tg_wallet_answer reserve(struct caller *caller, struct stake *stake)
{
    struct tg_wallet_demand demand = {.account = caller->node->account, .fixed = caller->run->worst};
    stake->reservation.on_decided = on_decided;
    enum tg_wallet_answer answer =
        tg_wallet_reserve(caller->node->wallet, tg_time_monotonic_ms(), &stake->reservation, &demand, 1, 1);
    if (answer != TG_WALLET_WAITING)
        return answer;
    pthread_mutex_lock(&stake->mutex);
    while (!stake->is_decided)
        pthread_cond_wait(&stake->decided, &stake->mutex);
    pthread_mutex_unlock(&stake->mutex);
    return tg_wallet_answer_of(caller->node->wallet, &stake->reservation);
}

/* The provider takes 2 ms and bills what the call really costs; that is journaled, then settled. */
static void spend(struct caller *caller, struct tg_reservation *reservation)
{
    struct tg_id request = tg_id_new();
    struct tg_journal_intent intent;
    const struct tg_wallet_line *line = &reservation->lines[0];
    Tollgate__V1__Charge charge = TOLLGATE__V1__CHARGE__INIT, *charges[] = {&charge};
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT;
    charge.budget_id = tg_wire_id_field(&line->budget_id);
    charge.lease_id = tg_wire_id_field(&line->lease_id);
    charge.window_start_ms = line->window_start_ms;
    charge.amount = line->reserved;
    record.request_id = tg_wire_id_field(&request);
    record.organization_id = tg_wire_id_field(&caller->run->fixture->organization);
    record.started_at_ms = tg_time_unix_ms();
    record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    record.n_charges = 1;
    record.charges = charges;
    assert_int_equal(tg_journal_begin(caller->node->journal, &record, &intent), TG_OK);
    static const struct timespec latency = {.tv_nsec = 2000000};
    nanosleep(&latency, NULL);
    atomic_fetch_add(&caller->run->billed, caller->run->cost);
    charge.amount = record.cost_pusd = caller->run->cost;
    assert_int_equal(tg_journal_append(caller->node->journal, &record, intent), TG_OK);
    tg_wallet_settle(caller->node->wallet, reservation, &caller->run->cost, tg_time_monotonic_ms());
}

static void *call_again_and_again(void *argument)
{
    struct caller *caller = argument;
    for (int i = 0; i < caller->run->calls_each; ++i) {
        struct stake stake = {.is_decided = false};
        pthread_mutex_init(&stake.mutex, NULL);
        pthread_cond_init(&stake.decided, NULL);
        enum tg_wallet_answer answer = reserve(caller, &stake);
        if (answer == TG_WALLET_RESERVED) {
            spend(caller, &stake.reservation);
            atomic_fetch_add(&caller->run->answered, 1);
        } else {
            atomic_fetch_add(answer == TG_WALLET_EXCEEDED ? &caller->run->exceeded : &caller->run->busy, 1);
        }
        pthread_cond_destroy(&stake.decided);
        pthread_mutex_destroy(&stake.mutex);
    }
    return NULL;
}

/* What a worker's loop does for its waiters. */
static void *expire_waiters(void *argument)
{
    struct run *run = argument;
    static const struct timespec interval = {.tv_nsec = EXPIRE_INTERVAL_MS * 1000000};
    while (!atomic_load(&run->is_over)) {
        for (int i = 0; i < NODES; ++i)
            tg_wallet_expire(run->fixture->nodes[i].wallet, tg_time_monotonic_ms());
        nanosleep(&interval, NULL);
    }
    return NULL;
}

/* Cuts every connection of the server to the database, again and again: also in the middle of a commit. */
static void *cut_database_connections(void *argument)
{
    struct run *run = argument;
    static const struct timespec interval = {.tv_nsec = CUT_INTERVAL_MS * 1000000};
    tg_db *db = open_database(owner_url);
    while (!atomic_load(&run->is_over)) {
        struct tg_error error = {0};
        if (tg_db_query(db,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'tollgate-replication'",
                        NULL, 0, NULL, &error) != TG_OK)
            fail_msg("%s", error.message);
        nanosleep(&interval, NULL);
    }
    tg_db_close(db);
    return NULL;
}

/* Stops the server in the middle of everything, and starts another where it was. */
static void *restart_server(void *argument)
{
    struct run *run = argument;
    static const struct timespec interval = {.tv_nsec = RESTART_INTERVAL_MS * 1000000};
    uint16_t port = tg_replication_port(run->fixture->server);
    while (!atomic_load(&run->is_over)) {
        tg_replication_destroy(run->fixture->server);
        start_server(run->fixture, port);
        nanosleep(&interval, NULL);
    }
    return NULL;
}

static void run_calls(struct run *run, int64_t limit)
{
    struct fixture *fixture = run->fixture;
    static struct caller callers[NODES * CALLERS];
    pthread_t expirer, trouble;
    make_budget(fixture, limit);
    for (int i = 0; i < NODES; ++i) {
        struct tg_wallet_budget budget = {.id = fixture->budget,
                                          .unit = TG_BUDGET_MONEY,
                                          .contention = TG_BUDGET_WAIT,
                                          .outage = TG_BUDGET_DENY,
                                          .max_wait_ms = MAX_WAIT_MS,
                                          .limit_amount = limit};
        start_node(fixture, &fixture->nodes[i], i == 0 ? "a" : "b");
        run->boots[i] = fixture->nodes[i].boot;
        fixture->nodes[i].account = tg_wallet_intern(fixture->nodes[i].wallet, &budget);
    }
    assert_int_equal(pthread_create(&expirer, NULL, expire_waiters, run), 0);
    if (run->cuts_connections)
        assert_int_equal(pthread_create(&trouble, NULL, cut_database_connections, run), 0);
    if (run->restarts_server)
        assert_int_equal(pthread_create(&trouble, NULL, restart_server, run), 0);
    int64_t started_ms = tg_time_monotonic_ms();
    for (int i = 0; i < NODES * CALLERS; ++i) {
        callers[i] = (struct caller){.run = run, .node = &fixture->nodes[i % NODES]};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_again_and_again, &callers[i]), 0);
    }
    for (int i = 0; i < NODES * CALLERS; ++i)
        pthread_join(callers[i].thread, NULL);
    print_message("%d calls in %ld ms: %ld answered, %ld exceeded, %ld busy; %ld of %ld spent\n",
                  NODES * CALLERS * run->calls_each, (long)(tg_time_monotonic_ms() - started_ms), (long)run->answered,
                  (long)run->exceeded, (long)run->busy, (long)run->billed, (long)limit);
    atomic_store(&run->is_over, true);
    pthread_join(expirer, NULL);
    if (run->cuts_connections || run->restarts_server)
        pthread_join(trouble, NULL);
    for (int i = 0; i < NODES; ++i)
        stop_node(&fixture->nodes[i]);
}

#define SETTLED "SELECT sum(settled) FROM budget_accounts WHERE budget_id = $1"
#define LEASED  "SELECT sum(leased) FROM budget_accounts WHERE budget_id = $1"
#define OVERRUN "SELECT sum(overrun) FROM budget_accounts WHERE budget_id = $1"
#define RECORDS "SELECT count(*) FROM usage_records WHERE organization_id = $1"
#define UNBOOKED                                                                                                       \
    "SELECT (SELECT count(*) FROM usage_gaps WHERE boot_id = $1)"                                                      \
    " + (SELECT count(*) FROM usage_rejected WHERE boot_id = $1)"

static void check_books(struct run *run)
{
    struct fixture *fixture = run->fixture;
    assert_int_equal(number(fixture, SETTLED, fixture->budget), run->billed);
    assert_int_equal(number(fixture, LEASED, fixture->budget), 0);
    assert_int_equal(number(fixture, OVERRUN, fixture->budget), 0);
    assert_int_equal(number(fixture, RECORDS, fixture->organization), run->answered);
    for (int i = 0; i < NODES; ++i)
        assert_int_equal(number(fixture, UNBOOKED, run->boots[i]), 0);
}

/* Two hundred calls whose worst case is half the budget each and whose cost is a 740th of it: all are answered. */
static void worst_cases_far_above_the_cost_refuse_nobody(void **state)
{
    struct run run = {.fixture = *state, .worst = 9800000000, .cost = 27000000, .calls_each = 4};
    run_calls(&run, 20000000000);
    assert_int_equal(run.answered, 200);
    check_books(&run);
}

/* Ten times as much is asked for as the budget covers: it is spent until the next call no longer fits, and not more. */
static void a_budget_for_a_tenth_of_the_calls_is_spent_and_never_overspent(void **state)
{
    struct run run = {.fixture = *state, .worst = 30000, .cost = 10000, .calls_each = 200};
    int64_t limit = 1000 * run.cost;
    run_calls(&run, limit);
    assert_in_range(run.billed, limit - run.worst, limit);
    assert_int_equal(run.busy, 0);
    assert_int_equal(run.answered + run.exceeded, (int64_t)NODES * CALLERS * run.calls_each);
    check_books(&run);
}

/* Plenty of room: the calls hardly ever wait, and the leases are few. */
static void an_ample_budget_is_leased_in_large_parts(void **state)
{
    struct run run = {.fixture = *state, .worst = 30000, .cost = 10000, .calls_each = 200};
    run_calls(&run, INT64_C(1000000000000));
    assert_int_equal(run.answered, (int64_t)NODES * CALLERS * run.calls_each);
    check_books(&run);
    struct tg_buf metrics;
    tg_buf_init(&metrics, 65536);
    assert_int_equal(tg_replication_render_metrics(run.fixture->server, &metrics), TG_OK);
    assert_int_equal(tg_buf_printf(&metrics, "%c", 0), TG_OK);
    const char *at = strstr(metrics.data, "\ntollgate_lease_granted_total ");
    assert_non_null(at);
    assert_in_range(strtol(strchr(at, ' '), NULL, 10), 2, 500);
    print_message("grants: %ld\n", strtol(strchr(at, ' '), NULL, 10));
    tg_buf_deinit(&metrics);
}

/* Nobody knows what became of a commit whose connection was cut: it is repeated, and counts once. */
static void the_books_balance_though_the_database_is_lost_again_and_again(void **state)
{
    struct run run = {.fixture = *state, .worst = 30000, .cost = 10000, .calls_each = 800, .cuts_connections = true};
    int64_t limit = 42000 * run.cost; /* nearly all of it is needed: leases grow small */
    run_calls(&run, limit);
    assert_in_range(run.billed, 1, limit);
    check_books(&run);
}

/* What was booked and not acknowledged, granted and not received, returned and not confirmed: all of it is sent again.
 */
static void the_books_balance_though_the_control_plane_restarts_again_and_again(void **state)
{
    struct run run = {.fixture = *state, .worst = 30000, .cost = 10000, .calls_each = 800, .restarts_server = true};
    int64_t limit = 42000 * run.cost; /* nearly all of it is needed: leases grow small */
    run_calls(&run, limit);
    assert_in_range(run.billed, 1, limit);
    check_books(&run);
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
        TEST(worst_cases_far_above_the_cost_refuse_nobody),
        TEST(a_budget_for_a_tenth_of_the_calls_is_spent_and_never_overspent),
        TEST(an_ample_budget_is_leased_in_large_parts),
        TEST(the_books_balance_though_the_database_is_lost_again_and_again),
        TEST(the_books_balance_though_the_control_plane_restarts_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
