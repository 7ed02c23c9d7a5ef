#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/telemetry/telemetry.h"

static void render(struct tg_telemetry *telemetry, struct tg_buf *page)
{
    struct tg_gauges gauges = {.is_ready = true, .snapshot_revision = 17};
    tg_buf_init(page, 1 << 20);
    assert_int_equal(tg_telemetry_render(telemetry, &gauges, page), TG_OK);
}

static bool has_line(const struct tg_buf *page, const char *line)
{
    char wanted[256];
    int bytes = snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    return memmem(page->data, page->bytes, wanted, (size_t)bytes) != NULL;
}

static void the_counts_of_all_workers_are_added_up(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_counters *one = tg_telemetry_add(telemetry), *other = tg_telemetry_add(telemetry);
    struct tg_buf page;
    tg_count(&one->requests[TG_ENDPOINT_CHAT_COMPLETIONS][TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED], 3);
    tg_count(&other->requests[TG_ENDPOINT_CHAT_COMPLETIONS][TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED], 4);
    tg_count(&one->requests[TG_ENDPOINT_MODEL][TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED], 1);
    tg_count(&one->requests[TG_ENDPOINT_MODELS][TOLLGATE__V1__OUTCOME__OUTCOME_REFUSED], 1);
    tg_count(&one->refusals[TG_ERROR_BUDGET_EXCEEDED], 5);
    tg_count(&one->requests_begun, 9);
    tg_count(&other->requests_ended, 7);
    tg_count(&other->cost_pusd, 1230000000001);
    render(telemetry, &page);
    assert_true(has_line(&page, "tollgate_requests_total{endpoint=\"chat_completions\",outcome=\"completed\"} 7"));
    assert_true(has_line(&page, "tollgate_requests_total{endpoint=\"models\",outcome=\"refused\"} 2"));
    assert_true(has_line(&page, "tollgate_refusals_total{code=\"budget_exceeded\"} 5"));
    assert_true(has_line(&page, "tollgate_requests_in_flight 2"));
    assert_true(has_line(&page, "tollgate_cost_usd_total 1.230000000001"));
    assert_true(has_line(&page, "tollgate_snapshot_revision 17"));
    tg_buf_deinit(&page);
    tg_telemetry_destroy(telemetry);
}

static void every_kind_of_usage_is_counted_for_itself(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_counters *counters = tg_telemetry_add(telemetry);
    struct tg_buf page;
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        tg_count(&counters->used[kind], 100 + (uint64_t)kind);
    render(telemetry, &page);
    assert_true(has_line(&page, "tollgate_tokens_total{kind=\"input\"} 100"));
    assert_true(has_line(&page, "tollgate_tokens_total{kind=\"cache_write_1h\"} 103"));
    assert_true(has_line(&page, "tollgate_tokens_total{kind=\"output_image\"} 110"));
    assert_true(has_line(&page, "tollgate_units_total{kind=\"images\"} 111"));
    assert_true(has_line(&page, "tollgate_units_total{kind=\"search_units\"} 115"));
    tg_buf_deinit(&page);
    tg_telemetry_destroy(telemetry);
}

static void a_duration_falls_into_every_bucket_that_is_not_shorter(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_counters *counters = tg_telemetry_add(telemetry);
    struct tg_buf page;
    tg_observe(&counters->duration, 10000); /* on the edge: le means at most */
    tg_observe(&counters->duration, 10001);
    tg_observe(&counters->duration, 400000000000); /* beyond all */
    tg_observe(&counters->duration, -5);           /* a clock that stepped back counts as nothing */
    render(telemetry, &page);
    assert_true(has_line(&page, "tollgate_request_duration_seconds_bucket{le=\"0.000010000\"} 2"));
    assert_true(has_line(&page, "tollgate_request_duration_seconds_bucket{le=\"0.000025000\"} 3"));
    assert_true(has_line(&page, "tollgate_request_duration_seconds_bucket{le=\"300.000000000\"} 3"));
    assert_true(has_line(&page, "tollgate_request_duration_seconds_bucket{le=\"+Inf\"} 4"));
    assert_true(has_line(&page, "tollgate_request_duration_seconds_count 4"));
    assert_true(has_line(&page, "tollgate_request_duration_seconds_sum 400.000020001"));
    tg_buf_deinit(&page);
    tg_telemetry_destroy(telemetry);
}

/* The format's rules that a scraper trips over: HELP and TYPE once and first, then the family's samples together. */
static void the_page_is_well_formed(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_buf page;
    char family[128] = "", seen[8192] = "";
    tg_telemetry_add(telemetry);
    render(telemetry, &page);
    assert_int_equal(tg_buf_append(&page, tg_text("", 1)), TG_OK);
    assert_int_equal(page.data[page.bytes - 2], '\n');
    for (char *line = strtok(page.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char name[128], mark[160];
        if (sscanf(line, "# HELP %127s", name) == 1) {
            snprintf(mark, sizeof(mark), " %s ", name);
            assert_null(strstr(seen, mark));
            assert_true(strlen(seen) + strlen(mark) < sizeof(seen));
            strcat(seen, mark);
            snprintf(family, sizeof(family), "%s", name);
        } else if (sscanf(line, "# TYPE %127s", name) == 1) {
            assert_string_equal(name, family);
        } else {
            assert_memory_equal(line, family, strlen(family));
            assert_non_null(strrchr(line, ' '));
            assert_true(strtod(strrchr(line, ' '), NULL) >= 0);
        }
    }
    tg_buf_deinit(&page);
    tg_telemetry_destroy(telemetry);
}

static void a_page_without_room_says_so(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_gauges gauges = {.is_ready = true};
    struct tg_buf page;
    tg_buf_init(&page, 1000);
    assert_int_equal(tg_telemetry_render(telemetry, &gauges, &page), TG_TOO_LARGE);
    tg_buf_deinit(&page);
    tg_telemetry_destroy(telemetry);
}

static void blocks_of_workers_share_no_cache_line(void **state)
{
    struct tg_telemetry *telemetry = tg_telemetry_create();
    struct tg_counters *one = tg_telemetry_add(telemetry), *other = tg_telemetry_add(telemetry);
    assert_int_equal((uintptr_t)one % 64, 0);
    assert_int_equal((uintptr_t)other % 64, 0);
    tg_telemetry_destroy(telemetry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_of_all_workers_are_added_up),
        cmocka_unit_test(every_kind_of_usage_is_counted_for_itself),
        cmocka_unit_test(a_duration_falls_into_every_bucket_that_is_not_shorter),
        cmocka_unit_test(the_page_is_well_formed),
        cmocka_unit_test(a_page_without_room_says_so),
        cmocka_unit_test(blocks_of_workers_share_no_cache_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
