#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "common/base/time.h"
#include "fixture.h"

static const struct tg_journal_intent no_intent;

static void records_come_back_in_order_with_their_numbers(void **state)
{
    tg_journal *journal = open_journal(1);
    for (int64_t i = 1; i <= 10; ++i)
        append(journal, i * 100, i % 2 ? begin(journal, i) : no_intent);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 3, 4);
    assert_non_null(batch);
    assert_int_equal(batch->first_sequence, 4);
    assert_int_equal(batch->n_records, 4);
    assert_memory_equal(batch->boot_id.data, boot(1).octets, 16);
    for (size_t i = 0; i < 4; ++i)
        assert_int_equal(batch->records[i]->cost_pusd, (int64_t)(4 + i) * 100);
    tg_wire_free(batch);
    /* Going back is possible until it is acknowledged. */
    batch = read_batch(journal, 0, 0, 100);
    assert_int_equal(batch->n_records, 10);
    tg_wire_free(batch);
    assert_null(read_batch(journal, 0, 10, 100));
    assert_int_equal(tg_journal_finished(journal), -1);
    tg_journal_acknowledge(journal, boot(1), 10);
    assert_int_equal(tg_journal_finished(journal), 10);
    tg_journal_close(journal);
}

static void an_acknowledgement_frees_whole_files_and_their_room(void **state)
{
    tg_journal *journal = open_journal(1);
    int64_t last = 0;
    for (; last < 3000; ++last)
        append(journal, last, begin(journal, last));
    size_t before = count_files();
    assert_true(before >= 8);
    tg_journal_acknowledge(journal, boot(1), last / 2);
    size_t half = count_files();
    assert_true(half < before && half >= before / 2 - 1);
    tg_journal_acknowledge(journal, boot(1), last);
    assert_true(count_files() <= 2 + 1); /* the one in use and spares */
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_int_equal(stats.pending_records, 0);
    assert_int_equal(stats.pending_bytes, 0);
    tg_journal_close(journal);
}

static void a_slow_call_does_not_keep_the_files_of_quick_ones(void **state)
{
    tg_journal *journal = open_journal(1);
    struct tg_journal_intent slow = begin(journal, -1);
    int64_t last = 0;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 500; ++i) {
            Tollgate__V1__UsageRecord record;
            fill(&record, last);
            struct tg_journal_intent intent;
            while (tg_journal_begin(journal, &record, &intent) != TG_OK) {
                sched_yield(); /* until the device has what was carried along */
                tg_journal_acknowledge(journal, boot(1), last);
            }
            append(journal, ++last, intent);
        }
        tg_journal_acknowledge(journal, boot(1), last);
    }
    /* 10,000 calls need five times the journal's maximum; the slow one's intent went along. */
    append(journal, 4711, slow);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, last, 10);
    assert_int_equal(batch->n_records, 1);
    assert_int_equal(batch->records[0]->cost_pusd, 4711);
    tg_wire_free(batch);
    tg_journal_close(journal);
}

static void a_full_journal_refuses_calls_but_takes_every_record_it_promised(void **state)
{
    tg_journal *journal = open_journal(1);
    struct tg_journal_intent *intents = calloc(4000, sizeof(*intents));
    size_t count = 0;
    Tollgate__V1__UsageRecord record;
    fill(&record, 0);
    while (count < 4000 && tg_journal_begin(journal, &record, &intents[count]) == TG_OK)
        ++count;
    assert_in_range(count, 200, 3999);
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_true(stats.is_full);
    /* A refusal without an intent finds no room and is counted. */
    size_t refusals = 0;
    while (tg_journal_append(journal, &record, no_intent) == TG_OK)
        ++refusals;
    assert_true(refusals < 50);
    tg_journal_read_stats(journal, &stats);
    assert_int_equal(stats.dropped_refusals, 1);
    /* The longest records that can be: every text at its maximum, every number long. */
    char text[300];
    memset(text, 'm', sizeof(text));
    text[299] = '\0';
    record.upstream_model = record.provider_request_id = record.error_code = record.service_tier = text;
    struct tg_usage usage;
    memset(&usage, 0xff, sizeof(usage));
    tg_wire_set_usage(&record, &usage);
    record.attempt = -1;
    record.is_unpriced = true;
    record.duration_ms = record.first_byte_ms = record.started_at_ms = record.cost_pusd = -1;
    record.model_id = record.deployment_id = record.provider_id = record.price_id = record.request_id;
    record.is_streaming = record.is_estimated = record.is_clamped = true;
    for (size_t i = 0; i < count; ++i)
        assert_int_equal(tg_journal_append(journal, &record, intents[i]), TG_OK);
    int64_t after = 0;
    Tollgate__V1__UsageBatch *batch;
    while ((batch = read_batch(journal, 0, after, 500)) != NULL) {
        assert_int_equal(strlen(batch->records[batch->n_records - 1]->upstream_model), 128);
        after += (int64_t)batch->n_records;
        tg_wire_free(batch);
    }
    assert_int_equal(after, refusals + count);
    tg_journal_acknowledge(journal, boot(1), after);
    struct tg_journal_intent intent = begin(journal, 1); /* there is room again */
    append(journal, 1, intent);
    free(intents);
    tg_journal_close(journal);
}

static void a_disk_without_room_is_seen_before_a_call_is_sent(void **state)
{
    tg_journal *journal = open_journal(1);
    const struct rlimit limit = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY}; /* posix_fallocate fails with EFBIG */
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    Tollgate__V1__UsageRecord record;
    fill(&record, 0);
    struct tg_journal_intent intents[1000];
    size_t count = 0;
    while (count < 1000 && tg_journal_begin(journal, &record, &intents[count]) == TG_OK)
        ++count;
    assert_in_range(count, 20, 500);
    for (size_t i = 0; i < count; ++i)
        append(journal, 5, intents[i]);
    setrlimit(RLIMIT_FSIZE, &before);
    tg_journal_close(journal);
}

static void a_start_on_a_full_disk_opens_and_works_as_soon_as_there_is_room(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    tg_journal *journal = open_journal(1); /* so that what earlier boots left can be shipped */
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_true(stats.is_full);
    Tollgate__V1__UsageRecord record;
    fill(&record, 1);
    struct tg_journal_intent intent;
    assert_int_equal(tg_journal_begin(journal, &record, &intent), TG_EXHAUSTED);
    assert_null(read_batch(journal, 0, 0, 10));
    setrlimit(RLIMIT_FSIZE, &before);
    while (tg_journal_begin(journal, &record, &intent) != TG_OK)
        sched_yield(); /* the file system is asked again after a second */
    append(journal, 1, intent);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
    assert_int_equal(batch->n_records, 1);
    tg_wire_free(batch);
    tg_journal_close(journal);
}

static void texts_are_cut_and_made_valid(void **state)
{
    tg_journal *journal = open_journal(1);
    Tollgate__V1__UsageRecord record;
    fill(&record, 0);
    char wide[200];
    for (int i = 0; i < 66; ++i)
        memcpy(wide + 3 * i, "\xe2\x82\xac", 3);
    wide[198] = '\0';
    record.model_name = wide;
    record.upstream_model = (char *)(uintptr_t) "a\xff\xc0\x80z\xed\xa0\x80";
    assert_int_equal(tg_journal_append(journal, &record, no_intent), TG_OK);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 1);
    assert_int_equal(strlen(batch->records[0]->model_name), 126); /* whole characters only */
    assert_string_equal(batch->records[0]->upstream_model, "a???z???");
    tg_wire_free(batch);
    tg_journal_close(journal);
}

static void a_second_process_is_refused(void **state)
{
    tg_journal *journal = open_journal(1), *second;
    struct tg_journal_config config = config_of(2);
    struct tg_error error;
    assert_int_equal(tg_journal_open(&config, &second, &error), TG_CONFLICT);
    assert_non_null(strstr(error.message, directory));
    assert_null(second);
    tg_journal_close(journal);
}

static void count_call(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static void the_shipper_is_woken_once_after_it_found_nothing(void **state)
{
    atomic_int calls = 0;
    struct tg_journal_config config = config_of(1);
    config.on_records = count_call;
    config.user = &calls;
    tg_journal *journal;
    assert_int_equal(tg_journal_open(&config, &journal, NULL), TG_OK);
    append(journal, 1, no_intent);
    append(journal, 2, no_intent);
    assert_int_equal(calls, 1);
    tg_wire_free(read_batch(journal, 0, 0, 10));
    append(journal, 3, no_intent);
    assert_int_equal(calls, 1); /* the shipper has not said yet that it found nothing */
    assert_null(read_batch(journal, 0, 3, 10));
    append(journal, 4, no_intent);
    assert_int_equal(calls, 2);
    tg_journal_close(journal);
}

static void a_finished_boot_leaves_no_files(void **state)
{
    tg_journal *journal = open_journal(1);
    append(journal, 1, begin(journal, 1));
    tg_journal_forget_boot(journal, boot(1)); /* not yet: a record is unacknowledged */
    assert_int_equal(tg_journal_boot_count(journal), 1);
    tg_journal_acknowledge(journal, boot(1), 1);
    tg_journal_forget_boot(journal, boot(1));
    assert_int_equal(tg_journal_boot_count(journal), 0);
    tg_journal_close(journal);
    assert_int_equal(count_files(), 0);
}

static void an_append_is_quick(void **state)
{
    struct tg_journal_config config = config_of(1);
    config.file_bytes = 8 << 20;
    config.max_bytes = 64 << 20;
    tg_journal *journal;
    assert_int_equal(tg_journal_open(&config, &journal, NULL), TG_OK);
    enum { CALLS = 20000 };
    int64_t start_ns = tg_time_monotonic_ns();
    for (int64_t i = 0; i < CALLS; ++i)
        append(journal, i, begin(journal, i));
    int64_t each_ns = (tg_time_monotonic_ns() - start_ns) / (2 * CALLS);
    print_message("%d ns for one entry, packing included\n", (int)each_ns);
    assert_true(each_ns < 200000); /* a sanity bound for sanitized builds on busy machines; the figure is printed */
    tg_journal_close(journal);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(records_come_back_in_order_with_their_numbers),
        IN_DIRECTORY(an_acknowledgement_frees_whole_files_and_their_room),
        IN_DIRECTORY(a_slow_call_does_not_keep_the_files_of_quick_ones),
        IN_DIRECTORY(a_full_journal_refuses_calls_but_takes_every_record_it_promised),
        IN_DIRECTORY(a_disk_without_room_is_seen_before_a_call_is_sent),
        IN_DIRECTORY(a_start_on_a_full_disk_opens_and_works_as_soon_as_there_is_room),
        IN_DIRECTORY(texts_are_cut_and_made_valid),
        IN_DIRECTORY(a_second_process_is_refused),
        IN_DIRECTORY(the_shipper_is_woken_once_after_it_found_nothing),
        IN_DIRECTORY(a_finished_boot_leaves_no_files),
        IN_DIRECTORY(an_append_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
