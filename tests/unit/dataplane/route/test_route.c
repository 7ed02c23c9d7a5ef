#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/route/route.h"

static const struct tg_price PRICE = {.request_pusd = 1};

static const struct tg_provider_api CHAT = {.operation = TG_OPERATION_GENERATE, .dialect = TG_DIALECT_CHAT};
static const struct tg_provider PROVIDER = {.kind = TG_TEXT_LITERAL("openai"), .apis = &CHAT, .api_count = 1};
static const struct tg_route_wish WISH = {.operation = TG_OPERATION_GENERATE, .dialect = TG_DIALECT_CHAT};

/* A model with these deployments, at one provider where they have none. */
static struct tg_model model_of(struct tg_deployment *deployments, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (deployments[i].provider == NULL)
            deployments[i].provider = &PROVIDER;
    return (struct tg_model){.deployments = deployments, .deployment_count = count};
}

static void a_lower_priority_number_always_comes_first(void **state)
{
    struct tg_deployment deployments[] = {
        {.priority = 0, .weight = 1}, {.priority = 1, .weight = 1000}, {.priority = 2}};
    struct tg_model model = model_of(deployments, 3);
    for (uint64_t random = 0; random < 100; ++random) {
        struct tg_route route;
        tg_route_plan(&model, random, &WISH, &route);
        for (size_t i = 0; i < 3; ++i)
            assert_ptr_equal(tg_route_next(&route), &deployments[i]);
        assert_null(tg_route_next(&route));
    }
}

static void among_equals_each_is_first_in_proportion_to_its_weight(void **state)
{
    struct tg_deployment deployments[] = {{.weight = 1}, {.weight = 3}, {.weight = 0}, {.weight = 6}};
    struct tg_model model = model_of(deployments, 4);
    int first[4] = {0};
    for (uint64_t random = 0; random < 20000; ++random) {
        struct tg_route route;
        tg_route_plan(&model, random * UINT64_C(0x9e3779b97f4a7c15), &WISH, &route);
        ++first[tg_route_next(&route) - deployments];
    }
    assert_in_range(first[0], 1800, 2200);
    assert_in_range(first[1], 5700, 6300);
    assert_int_equal(first[2], 0);
    assert_in_range(first[3], 11600, 12400);
}

static void every_deployment_is_a_candidate_once(void **state)
{
    struct tg_deployment deployments[] = {
        {.weight = 5}, {.weight = 0}, {.weight = 2}, {.priority = 1}, {.priority = 1}};
    struct tg_model model = model_of(deployments, 5);
    for (uint64_t random = 0; random < 1000; ++random) {
        struct tg_route route;
        unsigned seen = 0;
        tg_route_plan(&model, random, &WISH, &route);
        for (size_t i = 0; i < 5; ++i) {
            assert_true(tg_route_has_next(&route));
            size_t index = (size_t)(tg_route_next(&route) - deployments);
            assert_true(i < 3 ? index < 3 : index >= 3);
            seen |= 1u << index;
        }
        assert_int_equal(seen, 31);
        assert_false(tg_route_has_next(&route));
    }
}

static void the_same_number_gives_the_same_order(void **state)
{
    struct tg_deployment deployments[] = {{.weight = 1}, {.weight = 1}, {.weight = 1}, {.weight = 1}};
    struct tg_model model = model_of(deployments, 4);
    struct tg_route a, b;
    tg_route_plan(&model, 42, &WISH, &a);
    tg_route_plan(&model, 42, &WISH, &b);
    assert_memory_equal(a.candidates, b.candidates, 4 * sizeof(a.candidates[0]));
}

static void where_money_counts_only_priced_deployments_are_tried(void **state)
{
    struct tg_deployment deployments[] = {{.weight = 100}, {.weight = 1, .prices = &PRICE, .price_count = 1}};
    struct tg_model model = model_of(deployments, 2);
    struct tg_route route;
    struct tg_route_wish wish = WISH;
    wish.needs_price = true;
    tg_route_plan(&model, 7, &wish, &route);
    assert_int_equal(route.count, 1);
    assert_ptr_equal(tg_route_next(&route), &deployments[1]);
}

static void only_providers_that_serve_the_operation_are_tried(void **state)
{
    static const struct tg_provider_api EMBED = {.operation = TG_OPERATION_EMBED, .dialect = TG_DIALECT_CHAT};
    struct tg_provider embedder = {.kind = tg_text_of("openai"), .apis = &EMBED, .api_count = 1};
    struct tg_provider azure = {.kind = tg_text_of("azure_ai"), .apis = &CHAT, .api_count = 1};
    struct tg_deployment deployments[] = {{.provider = &embedder}, {.provider = &azure}, {.weight = 1}};
    struct tg_model model = model_of(deployments, 3);
    struct tg_route route;
    struct tg_route_wish wish = WISH;
    tg_route_plan(&model, 7, &wish, &route);
    assert_int_equal(route.count, 2);
    wish.provider_kind = tg_text_of("azure");
    tg_route_plan(&model, 7, &wish, &route);
    assert_int_equal(route.count, 1);
    assert_ptr_equal(tg_route_next(&route), &deployments[1]);
    wish.operation = TG_OPERATION_EMBED;
    wish.provider_kind = tg_text_of("");
    tg_route_plan(&model, 7, &wish, &route);
    assert_ptr_equal(tg_route_next(&route), &deployments[0]);
    assert_false(tg_route_has_next(&route));
}

static void a_credential_without_a_good_token_is_no_candidate(void **state)
{
    const struct {
        struct tg_deployment deployment;
        bool is_candidate;
    } cases[] = {
        {{.credential_kind = TG_CREDENTIAL_API_KEY}, true}, /* the endpoint wants none */
        {{.credential_kind = TG_CREDENTIAL_CLIENT_CERTIFICATE}, true},
        {{.credential_kind = TG_CREDENTIAL_AWS_KEYS}, false},
        {{.credential_kind = TG_CREDENTIAL_BEARER_TOKEN}, false},
        {{.credential_kind = TG_CREDENTIAL_AWS_KEYS, .secret = TG_TEXT_LITERAL("s")}, true},
        {{.credential_kind = TG_CREDENTIAL_BEARER_TOKEN,
          .secret = TG_TEXT_LITERAL("t"),
          .credential_expires_at_ms = 1001},
         true},
        {{.credential_kind = TG_CREDENTIAL_BEARER_TOKEN,
          .secret = TG_TEXT_LITERAL("t"),
          .credential_expires_at_ms = 1000},
         false},
        {{.credential_kind = TG_CREDENTIAL_AWS_KEYS, .secret = TG_TEXT_LITERAL("s"), .credential_expires_at_ms = 999},
         false},
    };
    struct tg_route_wish wish = WISH;
    wish.unix_ms = 1000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_deployment deployments[] = {cases[i].deployment, {.priority = 1}};
        struct tg_model alone = model_of(deployments, 1), both = model_of(deployments, 2);
        struct tg_route route;
        tg_route_plan(&alone, 7, &wish, &route);
        assert_int_equal(route.count, cases[i].is_candidate ? 1 : 0);
        assert_int_equal(route.is_without_a_token, !cases[i].is_candidate);
        tg_route_plan(&both, 7, &wish, &route); /* the other is there all the same */
        assert_ptr_equal(route.candidates[route.count - 1], &deployments[1]);
        assert_int_equal(route.count, cases[i].is_candidate ? 2 : 1);
    }
}

static void what_cannot_serve_the_call_is_not_said_to_lack_a_token(void **state)
{
    struct tg_deployment deployments[] = {{.credential_kind = TG_CREDENTIAL_BEARER_TOKEN}};
    struct tg_model model = model_of(deployments, 1);
    struct tg_route_wish wish = WISH;
    struct tg_route route;
    wish.operation = TG_OPERATION_EMBED;
    tg_route_plan(&model, 7, &wish, &route);
    assert_int_equal(route.count, 0);
    assert_false(route.is_without_a_token);
}

static void more_deployments_than_anybody_tries_are_cut_off(void **state)
{
    static struct tg_deployment deployments[TG_ROUTE_MAX_CANDIDATES + 5];
    struct tg_model model = model_of(deployments, TG_ROUTE_MAX_CANDIDATES + 5);
    struct tg_route route;
    tg_route_plan(&model, 7, &WISH, &route);
    assert_int_equal(route.count, TG_ROUTE_MAX_CANDIDATES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lower_priority_number_always_comes_first),
        cmocka_unit_test(among_equals_each_is_first_in_proportion_to_its_weight),
        cmocka_unit_test(every_deployment_is_a_candidate_once),
        cmocka_unit_test(the_same_number_gives_the_same_order),
        cmocka_unit_test(where_money_counts_only_priced_deployments_are_tried),
        cmocka_unit_test(only_providers_that_serve_the_operation_are_tried),
        cmocka_unit_test(a_credential_without_a_good_token_is_no_candidate),
        cmocka_unit_test(what_cannot_serve_the_call_is_not_said_to_lack_a_token),
        cmocka_unit_test(more_deployments_than_anybody_tries_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
