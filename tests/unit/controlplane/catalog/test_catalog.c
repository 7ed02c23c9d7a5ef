/* The rules of the catalog that need no database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/wire/pack.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/registry/registry.h"

static struct tg_arena arena;

static int set_up(void **state)
{
    struct tg_error error;
    tg_arena_init(&arena);
    return tg_registry_load(NULL, &error) == TG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    tg_registry_unload();
    tg_arena_deinit(&arena);
    return 0;
}

/* What the rules of providers say of a base URL; *kept is what is stored. */
static bool accepts(const char *url, struct tg_text *kept)
{
    struct tg_operation operation = {.arena = &arena};
    struct tg_record record = {.type = &tg_provider_type};
    struct tg_refusal refusal = {0};
    struct tg_error error;
    tg_value_set_text(tg_record_value(&record, "kind"), tg_text_of("openai_compatible"));
    tg_value_set_text(tg_record_value(&record, "base_url"), tg_text_of(url));
    assert_int_equal(tg_provider_type.prepare(&operation, NULL, &record, &refusal, &error), TG_OK);
    *kept = tg_record_get(&record, "base_url")->text;
    return !tg_refused(&refusal);
}

static void a_base_url_names_a_host_and_nothing_private(void **state)
{
    struct tg_text kept;
    assert_true(accepts("https://api.openai.com/v1", &kept));
    assert_true(accepts("http://127.0.0.1:8080", &kept));
    assert_true(accepts("http://[::1]:8080/v1", &kept));
    assert_true(accepts("https://api.openai.com/v1///", &kept));
    assert_true(tg_text_is(kept, "https://api.openai.com/v1"));
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///v1",
                                      "ftp://x",
                                      "//x/v1",
                                      "https://:443/v",
                                      "https://x/v1?a=b",
                                      "https://x#y",
                                      "http://u:p@x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        assert_false(accepts(bad[i], &kept));
}

static bool accepts_model(const char *kind, int64_t max_output_tokens)
{
    struct tg_operation operation = {.arena = &arena};
    struct tg_record record = {.type = &tg_model_type};
    struct tg_refusal refusal = {0};
    struct tg_error error;
    tg_value_set_text(tg_record_value(&record, "kind"), tg_text_of(kind));
    tg_value_set_number(tg_record_value(&record, "max_output_tokens"), max_output_tokens);
    assert_int_equal(tg_model_type.prepare(&operation, NULL, &record, &refusal, &error), TG_OK);
    return !tg_refused(&refusal);
}

static void a_chat_model_bounds_its_output_and_an_embedding_has_none(void **state)
{
    assert_true(accepts_model("chat", 1));
    assert_false(accepts_model("chat", 0));
    assert_true(accepts_model("embedding", 0));
    assert_false(accepts_model("embedding", 1));
}

/* What the rules make of the three parts of a price; false if they refuse it. */
static bool accepts_price(struct tg_record *record, const char *rates, const char *tiers, const char *service_tiers,
                          struct tg_refusal *refusal)
{
    struct tg_operation operation = {.arena = &arena, .now_ms = 1234};
    struct tg_error error;
    *record = (struct tg_record){.type = &tg_price_type, .organization_id = {{1}}, .id = {{2}}};
    *refusal = (struct tg_refusal){0};
    tg_record_value(record, "deployment_id")->id = (struct tg_id){{3}};
    tg_value_set_text(tg_record_value(record, "rates"), tg_text_of(rates));
    tg_value_set_text(tg_record_value(record, "tiers"), tg_text_of(tiers));
    tg_value_set_text(tg_record_value(record, "service_tiers"), tg_text_of(service_tiers));
    assert_int_equal(tg_price_type.prepare(&operation, NULL, record, refusal, &error), TG_OK);
    return !tg_refused(refusal);
}

static void a_price_is_kept_in_its_own_form_and_begins_now(void **state)
{
    struct tg_record record;
    struct tg_refusal refusal;
    assert_true(accepts_price(&record, "{\"output\":\"10.0\",\"input\":\"2.50\"}", "[]", "{}", &refusal));
    assert_true(tg_text_is(tg_record_get(&record, "rates")->text, "{\"input\":\"2.5\",\"output\":\"10\"}"));
    assert_true(tg_text_is(tg_record_get(&record, "document")->text,
                           "{\"rates\":{\"input\":\"2.5\",\"output\":\"10\"},\"tiers\":[],\"service_tiers\":{}}"));
    assert_int_equal(tg_record_get(&record, "effective_from")->number, 1234);
}

static void a_price_that_is_none_is_refused_by_the_member_that_is_wrong(void **state)
{
    static const struct {
        const char *rates, *tiers, *service_tiers, *field;
    } BAD[] = {
        {"{}", "[]", "{}", "rates"},
        {"5", "[]", "{}", "rates"},
        {"{\"input\":\"-1\"}", "[]", "{}", "rates.input"},
        {"{\"input\":\"1\"}", "[5]", "{}", "tiers[0]"},
        {"{\"input\":\"1\"}", "[]", "{\"auto\":{\"rates\":{}}}", "service_tiers.auto"},
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i) {
        struct tg_record record;
        struct tg_refusal refusal;
        assert_false(accepts_price(&record, BAD[i].rates, BAD[i].tiers, BAD[i].service_tiers, &refusal));
        assert_int_equal(refusal.error_count, 1);
        assert_string_equal(refusal.errors[0].field, BAD[i].field);
    }
}

static void a_price_is_packed_as_it_was_stated(void **state)
{
    struct tg_operation operation = {.arena = &arena};
    struct tg_record record;
    struct tg_refusal refusal;
    struct tg_packed packed;
    struct tg_error error;
    assert_true(accepts_price(&record, "{\"input\":\"0.15\"}",
                              "[{\"above_input_tokens\":200000,\"rates\":{\"images\":\"0.04\"}}]",
                              "{\"flex\":{\"rates\":{}}}", &refusal));
    assert_int_equal(tg_price_type.pack(&operation, &record, &packed, &error), TG_OK);
    Tollgate__V1__Resource *resource;
    assert_int_equal(tg_wire_unpack_resource(tg_buf_text(&packed.payload), &resource, &error), TG_OK);
    const Tollgate__V1__Price *price = resource->price;
    assert_int_equal(price->n_rates, 3);
    assert_int_equal(price->rates[0]->kind, TOLLGATE__V1__USAGE_KIND__USAGE_KIND_INPUT_TOKENS);
    assert_int_equal(price->rates[0]->pusd, 150000);
    assert_int_equal(price->rates[1]->kind, TOLLGATE__V1__USAGE_KIND__USAGE_KIND_IMAGES);
    assert_int_equal(price->rates[1]->above_input_tokens, 200000);
    assert_int_equal(price->rates[1]->pusd, 40000000000);
    assert_int_equal(price->rates[2]->kind, TOLLGATE__V1__USAGE_KIND__USAGE_KIND_UNSPECIFIED);
    assert_string_equal(price->rates[2]->service_tier, "flex");
    tg_wire_free(resource);
    tg_packed_deinit(&packed);
}

static void only_a_price_of_the_future_can_be_deleted(void **state)
{
    struct tg_operation operation = {.arena = &arena, .now_ms = 1000};
    struct tg_record record = {.type = &tg_price_type};
    struct tg_refusal refusal = {0};
    tg_value_set_number(tg_record_value(&record, "effective_from"), 1001);
    tg_price_type.check_delete(&operation, &record, &refusal);
    assert_false(tg_refused(&refusal));
    tg_value_set_number(tg_record_value(&record, "effective_from"), 1000);
    tg_price_type.check_delete(&operation, &record, &refusal);
    assert_int_equal(refusal.kind, TG_REFUSAL_CONFLICT);
}

static void a_deployment_is_packed_as_replicas_read_it(void **state)
{
    struct tg_operation operation = {.arena = &arena};
    struct tg_record record = {.type = &tg_deployment_type, .organization_id = {{1}}, .id = {{2}}};
    struct tg_packed packed;
    struct tg_error error;
    tg_record_value(&record, "model_id")->id = (struct tg_id){{3}};
    tg_record_value(&record, "provider_id")->id = (struct tg_id){{4}};
    tg_record_value(&record, "credential_id")->is_null = true;
    tg_value_set_text(tg_record_value(&record, "upstream_model"), tg_text_of("gpt-4o"));
    tg_value_set_number(tg_record_value(&record, "weight"), 7);
    tg_value_set_number(tg_record_value(&record, "is_enabled"), true);
    assert_int_equal(tg_deployment_type.pack(&operation, &record, &packed, &error), TG_OK);
    Tollgate__V1__Resource *resource;
    Tollgate__V1__ResourceType type;
    struct tg_id id;
    assert_int_equal(tg_wire_unpack_resource(tg_buf_text(&packed.payload), &resource, &error), TG_OK);
    assert_true(tg_wire_resource_key(resource, &type, &id));
    assert_int_equal(type, tg_deployment_type.wire_type);
    assert_true(tg_id_equals(id, record.id));
    assert_int_equal(resource->deployment->credential_id.len, 0);
    assert_string_equal(resource->deployment->upstream_model, "gpt-4o");
    assert_int_equal(resource->deployment->weight, 7);
    assert_true(resource->deployment->is_enabled);
    tg_wire_free(resource);
    tg_packed_deinit(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_url_names_a_host_and_nothing_private),
        cmocka_unit_test(a_chat_model_bounds_its_output_and_an_embedding_has_none),
        cmocka_unit_test(a_price_is_kept_in_its_own_form_and_begins_now),
        cmocka_unit_test(a_price_that_is_none_is_refused_by_the_member_that_is_wrong),
        cmocka_unit_test(a_price_is_packed_as_it_was_stated),
        cmocka_unit_test(only_a_price_of_the_future_can_be_deleted),
        cmocka_unit_test(a_deployment_is_packed_as_replicas_read_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
