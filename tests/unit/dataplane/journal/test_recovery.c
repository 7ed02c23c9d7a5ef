#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static const struct tg_journal_intent no_intent;

/* Runs `work` in a process that ends without any clean-up. */
static void in_doomed_process(void (*work)(void *user), void *user)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work(user);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void leave_two_records_and_an_open_call(void *user)
{
    struct tg_journal_config config = config_of(1);
    tg_journal *journal;
    if (tg_journal_open(&config, &journal, NULL) != TG_OK)
        _exit(1);
    struct tg_journal_intent open_call = begin(journal, 900);
    append(journal, 1, begin(journal, 901));
    append(journal, 2, no_intent);
    if (open_call.number == 0)
        _exit(1);
}

static void an_open_call_becomes_an_interrupted_record_at_its_reservation(void **state)
{
    in_doomed_process(leave_two_records_and_an_open_call, NULL);
    for (uint8_t successor = 2; successor <= 3; ++successor) { /* the second time must give the same numbers */
        tg_journal *journal = open_journal(successor);
        assert_int_equal(tg_journal_boot_count(journal), successor);
        assert_true(tg_id_equals(tg_journal_boot_id(journal, 0), boot(1)));
        assert_int_equal(tg_journal_closable(journal, 0), -1);
        Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
        assert_int_equal(batch->n_records, 3);
        assert_int_equal(batch->records[0]->cost_pusd, 1);
        assert_int_equal(batch->records[1]->cost_pusd, 2);
        assert_int_equal(batch->records[2]->cost_pusd, 900);
        assert_int_equal(batch->records[2]->outcome, TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED);
        assert_true(batch->records[2]->is_estimated);
        tg_wire_free(batch);
        batch = read_batch(journal, 0, 2, 10);
        assert_int_equal(batch->first_sequence, 3);
        assert_int_equal(batch->n_records, 1);
        tg_wire_free(batch);
        assert_null(read_batch(journal, 0, 3, 10));
        struct tg_journal_stats stats;
        tg_journal_read_stats(journal, &stats);
        assert_int_equal(stats.pending_records, 3);
        assert_true(stats.pending_bytes > 0);
        assert_int_equal(stats.corrupt_entries, 0);
        if (successor == 3) {
            tg_journal_acknowledge(journal, boot(1), 2);
            assert_int_equal(tg_journal_closable(journal, 0), -1);
            tg_journal_acknowledge(journal, boot(1), 3);
            assert_int_equal(tg_journal_closable(journal, 0), 3);
            tg_journal_forget_boot(journal, boot(1));
            assert_int_equal(tg_journal_closable(journal, 0), 0); /* boot 2, which wrote nothing */
            tg_journal_forget_boot(journal, boot(2));
            assert_int_equal(tg_journal_boot_count(journal), 1);
            tg_journal_read_stats(journal, &stats);
            assert_int_equal(stats.pending_records, 0);
            assert_int_equal(stats.pending_bytes, 0);
        }
        tg_journal_close(journal);
    }
    assert_int_equal(count_files(), 1); /* of the third */
}

/* What the doomed process had been told is safe, in memory that outlives it. */
struct told {
    int64_t appended, begun, settled;
};

static void *write_until_killed(struct told *told)
{
    struct tg_journal_config config = config_of(1);
    config.max_bytes = 64 << 20;
    tg_journal *journal;
    if (tg_journal_open(&config, &journal, NULL) != TG_OK)
        _exit(1);
    for (int64_t i = 1;; ++i) {
        struct tg_journal_intent intent = begin(journal, i);
        __atomic_store_n(&told->begun, i, __ATOMIC_RELEASE);
        append(journal, i, intent);
        __atomic_store_n(&told->appended, i, __ATOMIC_RELEASE);
    }
}

static void nothing_that_was_appended_is_lost_when_the_process_is_killed(void **state)
{
    struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(told, MAP_FAILED);
    for (int64_t round = 0; round < 8; ++round) {
        memset(told, 0, sizeof(*told));
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_until_killed(told);
        while (__atomic_load_n(&told->appended, __ATOMIC_ACQUIRE) < 50 + 211 * round)
            sched_yield();
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);

        tg_journal *journal = open_journal(2);
        int64_t after = 0;
        Tollgate__V1__UsageBatch *batch;
        while ((batch = read_batch(journal, 0, after, 1000)) != NULL) {
            assert_int_equal(batch->first_sequence, after + 1);
            for (size_t i = 0; i < batch->n_records; ++i)
                assert_int_equal(batch->records[i]->cost_pusd, ++after);
            tg_wire_free(batch);
        }
        assert_true(after >= told->appended);
        assert_true(after >= told->begun); /* an intent of a call that may have been sent is charged */
        assert_true(after <= told->begun + 1);
        tg_journal_acknowledge(journal, boot(1), after);
        assert_int_equal(tg_journal_closable(journal, 0), after);
        tg_journal_forget_boot(journal, boot(1));
        tg_journal_acknowledge(journal, boot(2), 0);
        tg_journal_forget_boot(journal, boot(2));
        tg_journal_close(journal);
        assert_int_equal(count_files(), 0);
    }
    munmap(told, sizeof(*told));
}

static void path_of_first_file(char path[512])
{
    char id[TG_ID_TEXT_BYTES];
    tg_id_format(boot(1), id);
    snprintf(path, 512, "%s/%s-%08d.journal", directory, id, 1);
}

static void a_file_cut_at_any_byte_gives_what_was_whole(void **state)
{
    in_doomed_process(leave_two_records_and_an_open_call, NULL);
    char path[512];
    path_of_first_file(path);
    char *original = malloc(64 << 10);
    int fd = open(path, O_RDWR);
    assert_int_equal(read(fd, original, 64 << 10), 64 << 10);
    size_t used = 64 << 10;
    while (original[used - 1] == 0)
        --used;
    size_t seen_most = 0;
    for (size_t cut = 64; cut <= used + 8; ++cut) {
        /* As after a crash: the file keeps its length, what was not written is zero. */
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, original, cut, 0), cut);
        assert_int_equal(ftruncate(fd, 64 << 10), 0);
        tg_journal *journal = open_journal(2);
        Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
        size_t count = batch == NULL ? 0 : batch->n_records;
        assert_true(count >= seen_most || seen_most - count == 1); /* an interrupted call may have become a record */
        if (count > seen_most)
            seen_most = count;
        struct tg_journal_stats stats;
        tg_journal_read_stats(journal, &stats);
        assert_int_equal(stats.corrupt_entries, 0);
        tg_wire_free(batch);
        tg_journal_forget_boot(journal, boot(2));
        tg_journal_close(journal);
    }
    assert_int_equal(seen_most, 3);
    close(fd);
    free(original);
}

static void damage_in_the_middle_is_counted_and_leaves_a_gap_that_shows(void **state)
{
    in_doomed_process(leave_two_records_and_an_open_call, NULL);
    char path[512], octet;
    path_of_first_file(path);
    int fd = open(path, O_RDWR);
    /* The third entry is the first record: behind two intents of one length. */
    uint32_t record_bytes;
    assert_int_equal(pread(fd, &record_bytes, 4, 64), 4);
    off_t at = 64 + 2 * (32 + (off_t)((record_bytes + 7) & ~7u)) + 40;
    assert_int_equal(pread(fd, &octet, 1, at), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, at), 1);
    close(fd);
    tg_journal *journal = open_journal(2);
    struct tg_journal_stats stats;
    tg_journal_read_stats(journal, &stats);
    assert_int_equal(stats.corrupt_entries, 1);
    Tollgate__V1__UsageBatch *batch = read_batch(journal, 0, 0, 10);
    assert_int_equal(batch->first_sequence, 2); /* number 1 is missing, and its call counts as interrupted */
    assert_int_equal(batch->n_records, 3);
    tg_wire_free(batch);
    tg_journal_close(journal);
}

static void a_file_that_is_no_journal_is_put_aside(void **state)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/foreign.journal", directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; ++i)
        fprintf(file, "this is no journal\n");
    fclose(file);
    tg_journal *journal = open_journal(1);
    assert_int_equal(tg_journal_boot_count(journal), 1);
    tg_journal_close(journal);
    snprintf(path, sizeof(path), "%s/foreign.journal.damaged", directory);
    assert_int_equal(access(path, F_OK), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(an_open_call_becomes_an_interrupted_record_at_its_reservation),
        IN_DIRECTORY(nothing_that_was_appended_is_lost_when_the_process_is_killed),
        IN_DIRECTORY(a_file_cut_at_any_byte_gives_what_was_whole),
        IN_DIRECTORY(damage_in_the_middle_is_counted_and_leaves_a_gap_that_shows),
        IN_DIRECTORY(a_file_that_is_no_journal_is_put_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
