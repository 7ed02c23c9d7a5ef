#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/journal/entry.h"
#include "fixture.h"

enum { FILE_BYTES = 64 << 10, CHARGES = 3 };

/* A call with everything that an intent can have. */
struct call {
    Tollgate__V1__UsageRecord record;
    Tollgate__V1__Charge charges[CHARGES], *list[CHARGES];
    struct tg_id ids[11], charge_ids[2 * CHARGES];
};

static void make_call(struct call *call, uint8_t number, uint8_t lease, int64_t amount)
{
    Tollgate__V1__UsageRecord *record = &call->record;
    tollgate__v1__usage_record__init(record);
    ProtobufCBinaryData *const fields[11] = {&record->request_id,        &record->organization_id, &record->team_id,
                                             &record->project_id,        &record->application_id,  &record->api_key_id,
                                             &record->model_id,          &record->deployment_id,   &record->provider_id,
                                             &record->access_profile_id, &record->price_id};
    for (uint8_t i = 0; i < 11; ++i) {
        call->ids[i] = boot(i == 0 ? number : 100 + i);
        *fields[i] = tg_wire_id_field(&call->ids[i]);
    }
    record->endpoint = (char *)(uintptr_t) "chat_completions";
    record->model_name = (char *)(uintptr_t) "gpt-4o-mini";
    record->started_at_ms = 1700000000000 + number;
    record->is_streaming = number % 2;
    record->is_clamped = number % 2;
    record->input_tokens = amount * 2;
    record->output_tokens = amount * 3;
    record->cost_pusd = amount * 5;
    record->snapshot_revision = number;
    for (uint8_t i = 0; i < CHARGES; ++i) {
        Tollgate__V1__Charge *charge = &call->charges[i];
        tollgate__v1__charge__init(charge);
        call->charge_ids[2 * i] = boot((uint8_t)(lease + i));
        call->charge_ids[2 * i + 1] = boot((uint8_t)(200 + i));
        charge->lease_id = tg_wire_id_field(&call->charge_ids[2 * i]);
        charge->budget_id = tg_wire_id_field(&call->charge_ids[2 * i + 1]);
        charge->window_start_ms = i * 1000;
        charge->amount = amount + i;
        call->list[i] = charge;
    }
    record->charges = call->list;
    record->n_charges = CHARGES;
}

static struct tg_journal_intent begin_call(tg_journal *journal, const struct call *call)
{
    struct tg_journal_intent intent;
    if (tg_journal_begin(journal, &call->record, &intent) != TG_OK)
        _exit(1);
    return intent;
}

static tg_journal *open_or_exit(void)
{
    struct tg_journal_config config = config_of(1);
    tg_journal *journal;
    if (tg_journal_open(&config, &journal, NULL) != TG_OK)
        _exit(1);
    return journal;
}

/* In a process that ends without any clean-up. */
static void in_doomed_process(void (*work)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Byte for byte what the call's intent would be as a record of its own. */
static void assert_interrupted(const Tollgate__V1__UsageRecord *found, struct call *expected)
{
    struct tg_buf want, have;
    tg_buf_init(&want, 4096);
    tg_buf_init(&have, 4096);
    expected->record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED;
    expected->record.is_estimated = true;
    assert_int_equal(tg_wire_pack(&expected->record.base, &want), TG_OK);
    assert_int_equal(tg_wire_pack(&found->base, &have), TG_OK);
    assert_int_equal(want.bytes, have.bytes);
    assert_memory_equal(want.data, have.data, want.bytes);
    tg_buf_deinit(&want);
    tg_buf_deinit(&have);
}

static int open_first_file(void)
{
    char id[TG_ID_TEXT_BYTES], path[512];
    tg_id_format(boot(1), id);
    snprintf(path, sizeof(path), "%s/%s-%08d.journal", directory, id, 1);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    return fd;
}

/* The kinds of the first file's entries, and their lengths. */
static size_t list_entries(struct tg_journal_entry *entries, size_t capacity)
{
    static char map[FILE_BYTES];
    int fd = open_first_file();
    assert_int_equal(read(fd, map, sizeof(map)), sizeof(map));
    close(fd);
    size_t count = 0, offset = sizeof(struct tg_journal_file_header);
    bool has_skipped;
    while (count < capacity && tg_journal_entry_find(map, sizeof(map), offset, &entries[count], &has_skipped))
        offset = entries[count++].next_offset;
    return count;
}

static void leave_three_calls_open(void)
{
    tg_journal *journal = open_or_exit();
    struct call calls[3];
    make_call(&calls[0], 1, 10, 700);
    make_call(&calls[1], 2, 10, 123456789); /* like the first, but for its numbers */
    make_call(&calls[2], 3, 20, 5);         /* from other leases */
    for (size_t i = 0; i < 3; ++i)
        (void)begin_call(journal, &calls[i]);
}

static void an_intent_that_is_like_an_earlier_one_is_brief_and_recovered_whole(void **state)
{
    in_doomed_process(leave_three_calls_open);
    struct tg_journal_entry entries[4];
    assert_int_equal(list_entries(entries, 4), 3);
    assert_int_equal(entries[0].kind, TG_JOURNAL_INTENT);
    assert_int_equal(entries[1].kind, TG_JOURNAL_BRIEF);
    assert_int_equal(entries[2].kind, TG_JOURNAL_INTENT);
    assert_true(entries[1].record.bytes * 3 < entries[0].record.bytes);

    tg_journal *journal = open_journal(2);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
    assert_int_equal(batch->n_records, 3);
    struct call expected;
    make_call(&expected, 1, 10, 700);
    assert_interrupted(batch->records[0], &expected);
    make_call(&expected, 2, 10, 123456789);
    assert_interrupted(batch->records[1], &expected);
    make_call(&expected, 3, 20, 5);
    assert_interrupted(batch->records[2], &expected);
    tg_wire_free(batch);
    tg_journal_close(journal);
}

static void leave_a_slow_call_open_that_was_carried_along(void)
{
    tg_journal *journal = open_or_exit();
    struct call quick, slow;
    make_call(&quick, 1, 10, 700);
    make_call(&slow, 2, 10, 800);
    (void)tg_journal_append(journal, &quick.record, begin_call(journal, &quick));
    (void)begin_call(journal, &slow);
    for (int64_t last = 1; last < 3000;) {
        struct tg_journal_intent intent;
        while (tg_journal_begin(journal, &quick.record, &intent) != TG_OK) {
            sched_yield(); /* until the device has what was carried along */
            tg_journal_acknowledge(journal, boot(1), last);
        }
        if (tg_journal_append(journal, &quick.record, intent) == TG_OK)
            tg_journal_acknowledge(journal, boot(1), ++last);
    }
}

static void a_brief_intent_is_whole_when_it_is_carried_along(void **state)
{
    in_doomed_process(leave_a_slow_call_open_that_was_carried_along);
    tg_journal *journal = open_journal(2);
    int64_t after = 0;
    Tollgate__V1__UsageBatch *batch, *last = NULL;
    while ((batch = read_batch(journal, 0, after, 500)) != NULL) {
        after = batch->first_sequence + (int64_t)batch->n_records - 1;
        tg_wire_free(last);
        last = batch;
    }
    assert_non_null(last);
    assert_int_equal(after, 3001); /* 3,000 quick ones, and the slow one at the end */
    struct call expected;
    make_call(&expected, 2, 10, 800);
    assert_interrupted(last->records[last->n_records - 1], &expected);
    tg_wire_free(last);
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_int_equal(stats.corrupt_entries, 0);
    tg_journal_close(journal);
}

static void a_brief_intent_whose_pattern_is_damaged_is_counted_as_damaged(void **state)
{
    in_doomed_process(leave_three_calls_open);
    char octet;
    const off_t at = sizeof(struct tg_journal_file_header) + sizeof(struct tg_journal_entry_head) + 8;
    int fd = open_first_file();
    assert_int_equal(pread(fd, &octet, 1, at), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, at), 1);
    close(fd);
    tg_journal *journal = open_journal(2);
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_int_equal(stats.corrupt_entries, 1); /* the two that are gone lie side by side */
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
    assert_int_equal(batch->n_records, 1);
    struct call expected;
    make_call(&expected, 3, 20, 5);
    assert_interrupted(batch->records[0], &expected);
    tg_wire_free(batch);
    tg_journal_close(journal);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(an_intent_that_is_like_an_earlier_one_is_brief_and_recovered_whole),
        IN_DIRECTORY(a_brief_intent_is_whole_when_it_is_carried_along),
        IN_DIRECTORY(a_brief_intent_whose_pattern_is_damaged_is_counted_as_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
