/* Exports and summaries from a real Postgres.
 *
 *     test_reports <owner's database URL> <service's database URL>
 *
 * The database is migrated. Each test makes its own organization, so that runs can follow one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "controlplane/reports/reports.h"
#include "fixture.h"

#define HOUR_MS INT64_C(3600000)

enum { LINES = 2345, MAX_REPORT_BYTES = 8 << 20 };

/* 2026-10-25T00:00:00Z: a whole hour. */
#define START_MS INT64_C(1792886400000)

static enum tg_status keep(void *user, struct tg_text piece)
{
    return tg_buf_append(user, piece);
}

static struct tg_buf export_all(struct fixture *fixture, struct tg_id organization, struct tg_report_range range,
                                enum tg_report_format format)
{
    struct tg_buf report;
    struct tg_error error = {0};
    tg_buf_init(&report, MAX_REPORT_BYTES);
    if (tg_report_export(fixture->service, organization, range, format, keep, &report, &error) != TG_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tg_buf_append(&report, tg_text("", 1)), TG_OK); /* ends it for strstr() */
    return report;
}

static size_t count_lines(const struct tg_buf *report)
{
    size_t lines = 0;
    for (size_t i = 0; i < report->bytes; ++i)
        lines += report->data[i] == '\n';
    return lines;
}

/* Books LINES records, one second apart, in batches. */
static void book_many(struct fixture *fixture)
{
    struct tg_id boot = tg_id_new();
    for (int64_t first = 1; first <= LINES; first += MAX_RECORDS) {
        int64_t left = LINES - first + 1;
        struct batch *batch = make_batch(fixture, boot, first, (size_t)(left < MAX_RECORDS ? left : MAX_RECORDS));
        for (size_t i = 0; i < batch->message.n_records; ++i) {
            int64_t sequence = first + (int64_t)i;
            batch->records[i].started_at_ms = START_MS + sequence * 1000;
            batch->records[i].model_name = (char *)(uintptr_t) "=cmd|' /C calc'!A0";
            batch->records[i].cost_pusd = 27000000;
            if (sequence % 5 == 0)
                batch->records[i].outcome = TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED;
        }
        book(fixture, fixture->service, batch);
        free(batch);
    }
}

static void an_export_has_every_record_once_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct tg_report_range range = {START_MS, START_MS + 24 * HOUR_MS};
    book_many(fixture);
    struct tg_buf csv = export_all(fixture, fixture->organization, range, TG_REPORT_CSV);
    assert_int_equal(count_lines(&csv), 1 + LINES); /* more than one page */
    assert_non_null(strstr(csv.data, "request_id,started_at,duration_ms,organization_id,organization,"));
    assert_non_null(strstr(csv.data, ",'=cmd|' /C calc'!A0,"));
    assert_non_null(strstr(csv.data, ",0.000027,"));
    const char *before = csv.data;
    for (int sequence = 1; sequence <= LINES; sequence += 367) {
        char moment[64];
        snprintf(moment, sizeof(moment), "2026-10-25T00:%02d:%02d.000Z", sequence / 60, sequence % 60);
        const char *at = strstr(csv.data, moment);
        assert_non_null(at);
        assert_true(at > before);
        before = at;
    }
    tg_buf_deinit(&csv);
    struct tg_buf jsonl = export_all(fixture, fixture->organization, range, TG_REPORT_JSONL);
    assert_int_equal(count_lines(&jsonl), LINES);
    assert_non_null(strstr(jsonl.data, "\"cost_usd\":\"0.000027\""));
    assert_non_null(strstr(jsonl.data, "\"team_id\":null"));
    assert_non_null(strstr(jsonl.data, "\"sequence\":2345,"));
    tg_buf_deinit(&jsonl);
    struct tg_buf part = export_all(fixture, fixture->organization,
                                    (struct tg_report_range){START_MS + 10000, START_MS + 20000}, TG_REPORT_JSONL);
    assert_int_equal(count_lines(&part), 10);
    tg_buf_deinit(&part);
}

static void an_organization_sees_nothing_of_another(void **state)
{
    struct fixture *fixture = *state;
    struct tg_report_range range = {START_MS, START_MS + 24 * HOUR_MS};
    book_many(fixture);
    struct tg_buf report = export_all(fixture, tg_id_new(), range, TG_REPORT_JSONL);
    assert_int_equal(count_lines(&report), 0);
    tg_buf_deinit(&report);
}

static enum tg_status stop_at_once(void *user, struct tg_text piece)
{
    ++*(int *)user;
    return TG_UNAVAILABLE;
}

static void a_sink_that_is_gone_ends_the_export(void **state)
{
    struct fixture *fixture = *state;
    int pieces = 0;
    struct tg_error error = {0};
    book_many(fixture);
    assert_int_equal(tg_report_export(fixture->service, fixture->organization,
                                      (struct tg_report_range){START_MS, START_MS + 24 * HOUR_MS}, TG_REPORT_JSONL,
                                      stop_at_once, &pieces, &error),
                     TG_UNAVAILABLE);
    assert_int_equal(pieces, 1);
    assert_false(tg_db_in_transaction(fixture->service));
}

struct sums {
    int rows;
    int64_t requests, refused, unpriced;
    struct tg_usage usage;
    char cost_usd[64];
};

static enum tg_status add(void *user, const struct tg_report_sum *sum)
{
    struct sums *sums = user;
    ++sums->rows;
    sums->requests += sum->requests;
    sums->refused += sum->refused;
    sums->unpriced += sum->unpriced_requests;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        sums->usage.of[kind] += sum->usage.of[kind];
    snprintf(sums->cost_usd, sizeof(sums->cost_usd), "%.*s", TG_TEXT_ARG(sum->cost_usd));
    return TG_OK;
}

static struct sums summarize(struct fixture *fixture, struct tg_report_range range)
{
    struct sums sums = {0};
    struct tg_error error = {0};
    for (int i = TG_REPORT_TEAM; i <= TG_REPORT_MODEL; ++i) {
        sums = (struct sums){0};
        if (tg_report_summarize(fixture->service, fixture->organization, range, (enum tg_report_dimension)i, add, &sums,
                                &error) != TG_OK)
            fail_msg("%s", error.message);
    }
    return sums;
}

static void a_summary_is_exact_whether_or_not_the_range_is_whole_hours(void **state)
{
    struct fixture *fixture = *state;
    book_many(fixture);
    struct sums day = summarize(fixture, (struct tg_report_range){START_MS, START_MS + 24 * HOUR_MS});
    assert_int_equal(day.rows, 1);
    assert_int_equal(day.requests, LINES);
    assert_int_equal(day.refused, LINES / 5);
    assert_int_equal(day.usage.of[TG_USAGE_OUTPUT], 4 * LINES);
    assert_string_equal(day.cost_usd, "0.063315");
    struct sums odd = summarize(fixture, (struct tg_report_range){START_MS - 1, START_MS + 2 * HOUR_MS + 1});
    assert_int_equal(odd.requests, LINES);
    struct sums seconds = summarize(fixture, (struct tg_report_range){START_MS + 1000, START_MS + 11000});
    assert_int_equal(seconds.requests, 10);
    assert_int_equal(seconds.refused, 2);
    assert_string_equal(seconds.cost_usd, "0.00027");
    assert_int_equal(summarize(fixture, (struct tg_report_range){START_MS - HOUR_MS, START_MS}).rows, 0);
}

/* Two records that use everything, a different number of each kind, and are told apart by what is beside that. */
static void book_every_kind(struct fixture *fixture)
{
    struct batch *batch = make_batch(fixture, tg_id_new(), 1, 2);
    for (int i = 0; i < 2; ++i) {
        struct tg_usage usage;
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
            usage.of[kind] = (i + 1) * (1000 + kind);
        tg_wire_set_usage(&batch->records[i], &usage);
        batch->records[i].started_at_ms = START_MS + i * 60000;
        batch->records[i].service_tier = (char *)(uintptr_t)(i == 0 ? "flex" : "");
        batch->records[i].attempt = i + 1;
        batch->records[i].is_unpriced = i;
    }
    struct tg_ledger_receipt receipt = book(fixture, fixture->service, batch);
    assert_int_equal(receipt.booked, 2);
    free(batch);
}

static void every_kind_of_usage_has_a_column_of_its_own_in_exports(void **state)
{
    struct fixture *fixture = *state;
    struct tg_report_range range = {START_MS, START_MS + 24 * HOUR_MS};
    book_every_kind(fixture);
    struct tg_buf jsonl = export_all(fixture, fixture->organization, range, TG_REPORT_JSONL);
    struct tg_buf csv = export_all(fixture, fixture->organization, range, TG_REPORT_CSV);
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        const char *name = tg_usage_kind_name((enum tg_usage_kind)kind);
        char member[64], column[64];
        for (int i = 0; i < 2; ++i) {
            snprintf(member, sizeof(member), "\"%s\":%d,", name, (i + 1) * (1000 + kind));
            assert_non_null(strstr(jsonl.data, member));
        }
        snprintf(column, sizeof(column), ",%s,", name);
        assert_non_null(strstr(csv.data, column));
    }
    assert_non_null(
        strstr(csv.data, ",1000,1001,1002,1003,1004,1005,1006,1007,1008,1009,1010,1011,1012,1013,1014,1015,"));
    assert_non_null(strstr(jsonl.data, "\"service_tier\":\"flex\",\"is_unpriced\":false,"));
    assert_non_null(strstr(jsonl.data, "\"service_tier\":\"\",\"is_unpriced\":true,"));
    assert_non_null(strstr(jsonl.data, "\"attempt\":2,"));
    tg_buf_deinit(&csv);
    tg_buf_deinit(&jsonl);
}

static void every_kind_of_usage_is_summed_from_records_and_from_rollups_alike(void **state)
{
    struct fixture *fixture = *state;
    book_every_kind(fixture);
    book_every_kind(fixture); /* the rollup is there already: it grows */
    struct tg_report_range rolled_up = {START_MS, START_MS + HOUR_MS}, in_records = {START_MS - 1, START_MS + 120000};
    struct sums hour = summarize(fixture, rolled_up), minutes = summarize(fixture, in_records);
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        assert_int_equal(hour.usage.of[kind], 2 * 3 * (1000 + kind));
        assert_int_equal(minutes.usage.of[kind], 2 * 3 * (1000 + kind));
    }
    assert_int_equal(hour.unpriced, 2);
    assert_int_equal(minutes.unpriced, 2);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s <owner's database URL> <service's database URL>\n", argv[0]);
        return 2;
    }
    owner_url = argv[1];
    service_url = argv[2];
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_export_has_every_record_once_in_order),
        TEST(an_organization_sees_nothing_of_another),
        TEST(a_sink_that_is_gone_ends_the_export),
        TEST(a_summary_is_exact_whether_or_not_the_range_is_whole_hours),
        TEST(every_kind_of_usage_has_a_column_of_its_own_in_exports),
        TEST(every_kind_of_usage_is_summed_from_records_and_from_rollups_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
