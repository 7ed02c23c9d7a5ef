/* A journal in a directory of its own, and records that say who they are. */
#ifndef TEST_JOURNAL_FIXTURE_H
#define TEST_JOURNAL_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/wire/pack.h"
#include "dataplane/journal/journal.h"

static char directory[64];

static inline int make_directory(void **state)
{
    snprintf(directory, sizeof(directory), "/tmp/tollgate-test-journal-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static inline int remove_directory(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static inline struct tg_id boot(uint8_t number)
{
    struct tg_id id = {{0}};
    id.octets[0] = 1;
    id.octets[15] = number;
    return id;
}

static inline struct tg_journal_config config_of(uint8_t boot_number)
{
    return (struct tg_journal_config){
        .directory = directory,
        .boot_id = boot(boot_number),
        .file_bytes = 64 << 10,
        .max_bytes = 1 << 20,
        .flush_interval_ms = 5,
    };
}

static inline tg_journal *open_journal(uint8_t boot_number)
{
    struct tg_journal_config config = config_of(boot_number);
    tg_journal *journal;
    struct tg_error error = {0};
    if (tg_journal_open(&config, &journal, &error) != TG_OK)
        fail_msg("%s", error.message);
    return journal;
}

/* `mark` comes back in the record's cost. */
static inline void fill(Tollgate__V1__UsageRecord *record, int64_t mark)
{
    static struct tg_id id;
    id = boot(77);
    tollgate__v1__usage_record__init(record);
    record->request_id = tg_wire_id_field(&id);
    record->organization_id = record->team_id = record->project_id = record->application_id = record->request_id;
    record->endpoint = (char *)(uintptr_t) "chat_completions";
    record->model_name = (char *)(uintptr_t) "gpt-4o-mini";
    record->cost_pusd = mark;
}

static inline struct tg_journal_intent begin(tg_journal *journal, int64_t mark)
{
    Tollgate__V1__UsageRecord record;
    fill(&record, mark);
    struct tg_journal_intent intent;
    assert_int_equal(tg_journal_begin(journal, &record, &intent), TG_OK);
    return intent;
}

static inline void append(tg_journal *journal, int64_t mark, struct tg_journal_intent intent)
{
    Tollgate__V1__UsageRecord record;
    fill(&record, mark);
    record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    assert_int_equal(tg_journal_append(journal, &record, intent), TG_OK);
}

/* The next batch, unpacked; NULL if there is none. */
static inline Tollgate__V1__UsageBatch *read_batch(tg_journal *journal, size_t boot_index, int64_t after, size_t max)
{
    struct tg_buf packed;
    tg_buf_init(&packed, 1 << 20);
    int64_t last;
    size_t count = tg_journal_read(journal, boot_index, after, max, &packed, &last);
    Tollgate__V1__UsageBatch *batch = NULL;
    if (count != 0) {
        batch = tollgate__v1__usage_batch__unpack(NULL, packed.bytes, (const uint8_t *)packed.data);
        assert_non_null(batch);
        assert_int_equal(batch->n_records, count);
        assert_int_equal(batch->first_sequence + (int64_t)count - 1, last);
    }
    tg_buf_deinit(&packed);
    return batch;
}

static inline size_t count_files(void)
{
    size_t count = 0;
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    const struct dirent *entry;
    while ((entry = readdir(listing)) != NULL)
        count += strstr(entry->d_name, ".journal") != NULL;
    closedir(listing);
    return count;
}

#endif
