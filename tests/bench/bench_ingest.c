/* How many usage records a second the ledger books, through the code that the control plane runs: packed batches are
 * unpacked and booked by a few threads, each a replica of its own, with charges to three budgets.
 *
 *     bench_ingest <owner's database URL> <service's database URL> [seconds] [threads] [records per batch]
 *
 * The database is migrated and private: the bench leaves its organization and records in it. Prints one line of JSON.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "common/wire/pack.h"
#include "controlplane/budget/bank_store.h"
#include "controlplane/ledger/ledger.h"
#include "controlplane/migrate/migrate.h"

enum { CHARGES = 3, MAX_BATCH = 5000, MAX_THREADS = 16, APPLICATIONS = 8, MAX_PACKED_BYTES = 16 << 20 };

struct bench {
    const char *database_url;
    tg_ledger *ledger;
    struct tg_id organization, budgets[CHARGES], applications[APPLICATIONS];
    int64_t deadline_ms;
    size_t batch_records;
};

struct shipper {
    const struct bench *bench;
    pthread_t thread;
    int64_t booked;
};

static void die(const char *what, const struct tg_error *error)
{
    fprintf(stderr, "bench_ingest: %s: %s\n", what, error->message);
    exit(1);
}

static tg_db *open_database(const char *url)
{
    struct tg_error error = {0};
    tg_db *db;
    struct tg_db_config config = {.url = url, .application_name = "bench_ingest"};
    if (tg_db_open(&config, &db, &error) != TG_OK || tg_db_connect(db, &error) != TG_OK)
        die("no database", &error);
    return db;
}

static void on_migration(void *user, const struct tg_migration *migration)
{
    fprintf(stderr, "bench_ingest: applying %s\n", migration->file);
}

static void prepare(struct bench *bench, const char *migrations)
{
    struct tg_error error = {0};
    tg_db *owner = open_database(bench->database_url);
    char name[TG_ID_TEXT_BYTES];
    size_t applied;
    if (tg_migrate(owner, migrations, on_migration, NULL, &applied, &error) != TG_OK)
        die("migration", &error);
    bench->organization = tg_id_new();
    tg_id_format(bench->organization, name);
    struct tg_db_value organization[] = {tg_db_id(bench->organization), tg_db_string(name)};
    if (tg_db_query(owner, "INSERT INTO organizations (id, name) VALUES ($1, $2)", organization, 2, NULL, &error) !=
        TG_OK)
        die("organization", &error);
    for (int i = 0; i < CHARGES; ++i) {
        bench->budgets[i] = tg_id_new();
        tg_id_format(bench->budgets[i], name);
        struct tg_db_value budget[] = {tg_db_id(bench->organization), tg_db_id(bench->budgets[i]), tg_db_string(name)};
        if (tg_db_query(owner,
                        "INSERT INTO budgets (organization_id, id, name, scope, scope_id, unit, window_kind,"
                        " limit_amount) VALUES ($1, $2, $3, 'organization', $1, 'money', 'month',"
                        " 9000000000000000000)",
                        budget, 3, NULL, &error) != TG_OK)
            die("budget", &error);
    }
    for (int i = 0; i < APPLICATIONS; ++i)
        bench->applications[i] = tg_id_new();
    tg_db_close(owner);
}

/* What a batch of records points at. */
struct content {
    struct tg_id request_ids[MAX_BATCH], leases[CHARGES];
    Tollgate__V1__UsageRecord records[MAX_BATCH], *record_list[MAX_BATCH];
    Tollgate__V1__Charge charges[CHARGES], *charge_list[CHARGES];
};

static void lend(const struct bench *bench, tg_db *db, struct tg_id boot, struct content *content)
{
    struct tg_bank_asker asker = {.replica = "bench", .boot_id = boot};
    struct tg_bank_request request = {.minimum = INT64_C(100000000000000)};
    for (int i = 0; i < CHARGES; ++i) {
        struct tg_bank_answer answer;
        struct tg_error error = {0};
        if (tg_bank_lend(db, &asker, bench->budgets[i], 1, &request, &answer, &error) != TG_OK)
            die("lease", &error);
        content->leases[i] = answer.lease_id;
        Tollgate__V1__Charge *charge = content->charge_list[i] = &content->charges[i];
        tollgate__v1__charge__init(charge);
        charge->budget_id = tg_wire_id_field(&bench->budgets[i]);
        charge->lease_id = tg_wire_id_field(&content->leases[i]);
        charge->window_start_ms = answer.window_start_ms;
        charge->amount = 27000000;
    }
}

static void fill(const struct bench *bench, struct content *content, Tollgate__V1__UsageRecord *record, size_t i)
{
    content->record_list[i] = record;
    tollgate__v1__usage_record__init(record);
    content->request_ids[i] = tg_id_new();
    record->request_id = tg_wire_id_field(&content->request_ids[i]);
    record->started_at_ms = tg_time_unix_ms();
    record->duration_ms = 700;
    record->first_byte_ms = 120;
    record->organization_id = tg_wire_id_field(&bench->organization);
    ProtobufCBinaryData *const ids[] = {&record->team_id,       &record->project_id,        &record->application_id,
                                        &record->api_key_id,    &record->access_profile_id, &record->model_id,
                                        &record->deployment_id, &record->provider_id,       &record->price_id};
    for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); ++k)
        *ids[k] = tg_wire_id_field(&bench->applications[i % APPLICATIONS]);
    record->endpoint = (char *)(uintptr_t) "chat_completions";
    record->model_name = (char *)(uintptr_t) "gpt-4o-mini";
    record->upstream_model = (char *)(uintptr_t) "gpt-4o-mini-2024-07-18";
    record->provider_request_id = (char *)(uintptr_t) "req_0123456789abcdef0123456789abcdef";
    record->outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    record->http_status = 200;
    record->input_tokens = 250;
    record->output_tokens = 120;
    record->cost_pusd = 27000000;
    record->snapshot_revision = 42;
    record->n_charges = CHARGES;
    record->charges = content->charge_list;
}

/* Packed as a replica sends it, and unpacked as the server receives it. */
static Tollgate__V1__ReplicaFrame *next_frame(const struct bench *bench, struct content *content,
                                              const struct tg_id *boot, int64_t first_sequence, struct tg_buf *packed)
{
    Tollgate__V1__UsageBatch batch = TOLLGATE__V1__USAGE_BATCH__INIT;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT, *received;
    struct tg_error error = {0};
    for (size_t i = 0; i < bench->batch_records; ++i)
        fill(bench, content, &content->records[i], i);
    batch.boot_id = tg_wire_id_field(boot);
    batch.first_sequence = first_sequence;
    batch.n_records = bench->batch_records;
    batch.records = content->record_list;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_USAGE_BATCH;
    frame.usage_batch = &batch;
    packed->bytes = 0;
    if (tg_wire_pack(&frame.base, packed) != TG_OK ||
        tg_wire_unpack_replica_frame(tg_buf_text(packed), &received, &error) != TG_OK)
        die("batch", &error);
    return received;
}

static void *ship(void *argument)
{
    struct shipper *shipper = argument;
    const struct bench *bench = shipper->bench;
    struct content *content = calloc(1, sizeof(*content));
    tg_db *db = open_database(bench->database_url);
    struct tg_id boot = tg_id_new();
    struct tg_buf packed;
    tg_buf_init(&packed, MAX_PACKED_BYTES);
    lend(bench, db, boot, content);
    for (int64_t sequence = 1; tg_time_monotonic_ms() < bench->deadline_ms; sequence += (int64_t)bench->batch_records) {
        struct tg_ledger_receipt receipt;
        struct tg_error error = {0};
        Tollgate__V1__ReplicaFrame *frame = next_frame(bench, content, &boot, sequence, &packed);
        if (tg_ledger_book(bench->ledger, db, "bench", frame->usage_batch, &receipt, &error) != TG_OK)
            die("booking", &error);
        shipper->booked += (int64_t)receipt.booked;
        tg_wire_free(frame);
    }
    tg_buf_deinit(&packed);
    tg_db_close(db);
    free(content);
    return NULL;
}

static int64_t argument_or(int argc, char **argv, int index, int64_t fallback, int64_t max)
{
    uint64_t value;
    if (argc <= index || !tg_text_to_u64(tg_text_of(argv[index]), &value) || value < 1 || value > (uint64_t)max)
        return fallback;
    return (int64_t)value;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s <database URL> <migrations> [seconds] [threads] [records per batch]\n", argv[0]);
        return 2;
    }
    struct bench bench = {.database_url = argv[1], .ledger = tg_ledger_create()};
    int64_t seconds = argument_or(argc, argv, 3, 5, 3600), threads = argument_or(argc, argv, 4, 2, MAX_THREADS);
    bench.batch_records = (size_t)argument_or(argc, argv, 5, 2000, MAX_BATCH);
    prepare(&bench, argv[2]);
    struct shipper shippers[MAX_THREADS] = {{0}};
    int64_t started_ns = tg_time_monotonic_ns(), booked = 0;
    bench.deadline_ms = tg_time_monotonic_ms() + seconds * 1000;
    for (int64_t i = 0; i < threads; ++i) {
        shippers[i].bench = &bench;
        if (pthread_create(&shippers[i].thread, NULL, ship, &shippers[i]) != 0)
            return 1;
    }
    for (int64_t i = 0; i < threads; ++i) {
        pthread_join(shippers[i].thread, NULL);
        booked += shippers[i].booked;
    }
    int64_t took_ms = (tg_time_monotonic_ns() - started_ns) / 1000000;
    printf("{\"records\":%" PRId64 ",\"ms\":%" PRId64 ",\"records_per_s\":%" PRId64 ",\"threads\":%" PRId64
           ",\"batch_records\":%zu,\"charges_per_record\":%d}\n",
           booked, took_ms, booked * 1000 / took_ms, threads, bench.batch_records, CHARGES);
    tg_ledger_destroy(bench.ledger);
    return 0;
}
