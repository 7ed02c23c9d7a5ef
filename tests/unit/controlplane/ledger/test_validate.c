/* What can be booked and what cannot, and text that is mended instead of turned away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "controlplane/ledger/validate.h"

static const struct tg_id some_id = {{1}};
static Tollgate__V1__Charge charge;
static Tollgate__V1__Charge *charges[] = {&charge};

static Tollgate__V1__UsageRecord good_record(void)
{
    Tollgate__V1__UsageRecord record = TOLLGATE__V1__USAGE_RECORD__INIT;
    record.request_id = tg_wire_id_field(&some_id);
    record.organization_id = tg_wire_id_field(&some_id);
    record.started_at_ms = INT64_C(1770000000000);
    record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_COMPLETED;
    tollgate__v1__charge__init(&charge);
    charge.budget_id = tg_wire_id_field(&some_id);
    charge.amount = 7;
    record.n_charges = 1;
    record.charges = charges;
    return record;
}

static void a_good_record_is_not_rejected(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    assert_null(tg_ledger_reject_reason(&record));
}

static void a_caller_that_could_not_be_identified_is_booked_without_charges_only(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    record.organization_id.len = 0;
    assert_string_equal(tg_ledger_reject_reason(&record), "charges without an organization");
    record.n_charges = 0;
    assert_null(tg_ledger_reject_reason(&record));
}

static void negative_counts_and_amounts_are_rejected(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    int64_t *const fields[] = {&record.cost_pusd, &charge.amount};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); ++i) {
        int64_t was = *fields[i];
        *fields[i] = -1;
        assert_non_null(tg_ledger_reject_reason(&record));
        *fields[i] = was;
        assert_null(tg_ledger_reject_reason(&record));
    }
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind) {
        struct tg_usage usage = {.of = {0}};
        usage.of[kind] = -1;
        tg_wire_set_usage(&record, &usage);
        assert_non_null(tg_ledger_reject_reason(&record));
    }
    record = good_record();
    record.attempt = -1;
    assert_non_null(tg_ledger_reject_reason(&record));
}

static void moments_outside_the_calendar_are_rejected(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    record.started_at_ms = -1;
    assert_non_null(tg_ledger_reject_reason(&record));
    record.started_at_ms = INT64_MAX;
    assert_non_null(tg_ledger_reject_reason(&record));
    record.started_at_ms = 0;
    assert_null(tg_ledger_reject_reason(&record));
    charge.window_start_ms = INT64_MAX;
    assert_non_null(tg_ledger_reject_reason(&record));
}

static void malformed_identifiers_are_rejected(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    record.team_id = tg_wire_bytes("abc", 3);
    assert_non_null(tg_ledger_reject_reason(&record));
    record = good_record();
    record.request_id.len = 0;
    assert_string_equal(tg_ledger_reject_reason(&record), "no request_id");
    record = good_record();
    charge.lease_id = tg_wire_bytes("abc", 3);
    assert_non_null(tg_ledger_reject_reason(&record));
    record = good_record();
    charge.budget_id.len = 0;
    assert_non_null(tg_ledger_reject_reason(&record));
}

static void an_unknown_outcome_is_rejected(void **state)
{
    Tollgate__V1__UsageRecord record = good_record();
    record.outcome = TOLLGATE__V1__OUTCOME__OUTCOME_UNSPECIFIED;
    assert_string_equal(tg_ledger_reject_reason(&record), "an unknown outcome");
    record.outcome = 999;
    assert_string_equal(tg_ledger_reject_reason(&record), "an unknown outcome");
}

static void check_text(const char *given, const char *expected)
{
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text text = tg_ledger_clean_text(&arena, given);
    assert_int_equal(text.bytes, strlen(expected));
    assert_memory_equal(text.data, expected, text.bytes);
    tg_arena_deinit(&arena);
}

static void text_in_utf_8_is_kept(void **state)
{
    check_text("", "");
    check_text("gpt-4o", "gpt-4o");
    check_text("mod\xc3\xa8le \xe2\x82\xac \xf0\x9f\x98\x80", "mod\xc3\xa8le \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void bytes_that_are_not_utf_8_are_replaced_one_by_one(void **state)
{
    check_text("a\xff"
               "b",
               "a\xef\xbf\xbd"
               "b");
    check_text("\xc3", "\xef\xbf\xbd");                                                 /* cut short */
    check_text("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");                                 /* cut short */
    check_text("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                                 /* overlong */
    check_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");                 /* a surrogate */
    check_text("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* beyond U+10FFFF */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_record_is_not_rejected),
        cmocka_unit_test(a_caller_that_could_not_be_identified_is_booked_without_charges_only),
        cmocka_unit_test(negative_counts_and_amounts_are_rejected),
        cmocka_unit_test(moments_outside_the_calendar_are_rejected),
        cmocka_unit_test(malformed_identifiers_are_rejected),
        cmocka_unit_test(an_unknown_outcome_is_rejected),
        cmocka_unit_test(text_in_utf_8_is_kept),
        cmocka_unit_test(bytes_that_are_not_utf_8_are_replaced_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
