#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/rates/rates_json.h"

static tg_json *parse(const char *text)
{
    tg_json *root;
    struct tg_error error = {0};
    if (tg_json_parse(tg_text_of(text), &root, &error) != TG_OK)
        fail_msg("%s: %s", text, error.message);
    return root;
}

static bool read(const tg_json *price, struct tg_rate_list *list, struct tg_rates_problem *problem)
{
    *list = (struct tg_rate_list){.count = 0};
    return tg_rates_read(tg_json_member(price, "rates"), tg_json_member(price, "tiers"),
                         tg_json_member(price, "service_tiers"), list, problem);
}

static void what_is_read_is_written_in_order_and_without_needless_zeros(void **state)
{
    tg_json *price =
        parse("{\"rates\": {\"output\": \"10.00\", \"input\": \"2.50\", \"audio_minutes\": \"0.006\"},"
              "\"tiers\": [{\"above_input_tokens\": 272000, \"rates\": {\"input\": \"5\"}},"
              "{\"above_input_tokens\": 128000, \"rates\": {\"output\": \"15.5\"}}],"
              "\"service_tiers\": {\"batch\": {\"rates\": {\"input\": \"1.25\"}}, \"flex\": {\"rates\": {},"
              "\"tiers\": [{\"above_input_tokens\": 272000, \"rates\": {\"input\": \"0\"}}]}}}");
    struct tg_rate_list list;
    struct tg_rates_problem problem;
    assert_true(read(price, &list, &problem));
    assert_int_equal(list.count, 6);
    tg_json *written = tg_json_new_object();
    tg_rates_write(list.sets, list.count, written);
    struct tg_buf text;
    tg_buf_init(&text, 65536);
    assert_int_equal(tg_json_dump(written, TG_JSON_COMPACT, &text), TG_OK);
    assert_int_equal(tg_buf_append(&text, tg_text("", 1)), TG_OK);
    assert_string_equal(
        text.data, "{\"rates\":{\"input\":\"2.5\",\"output\":\"10\",\"audio_minutes\":\"0.006\"},"
                   "\"tiers\":[{\"above_input_tokens\":128000,\"rates\":{\"output\":\"15.5\"}},"
                   "{\"above_input_tokens\":272000,\"rates\":{\"input\":\"5\"}}],"
                   "\"service_tiers\":{\"batch\":{\"rates\":{\"input\":\"1.25\"},\"tiers\":[]},\"flex\":{\"rates\":{},"
                   "\"tiers\":[{\"above_input_tokens\":272000,\"rates\":{\"input\":\"0\"}}]}}}");
    tg_buf_deinit(&text);
    tg_json_destroy(written);
    tg_json_destroy(price);
}

static void what_is_wrong_is_named_where_it_stands(void **state)
{
    static const struct {
        const char *price, *field, *word;
    } BAD[] = {
        {"{\"rates\": []}", "rates", "object"},
        {"{\"rates\": {\"tokens\": \"1\"}}", "rates.tokens", "no kind"},
        {"{\"rates\": {\"input\": 2.5}}", "rates.input", "per million tokens in a string"},
        {"{\"rates\": {\"images\": 1}}", "rates.images", "per one"},
        {"{\"rates\": {\"audio_minutes\": \"x\"}}", "rates.audio_minutes", "per minute"},
        {"{\"rates\": {\"input\": \"-1\"}}", "rates.input", "dollars"},
        {"{\"rates\": {\"input\": \"1e3\"}}", "rates.input", "dollars"},
        {"{\"rates\": {\"input\": \"0.0000001\"}}", "rates.input", "at most 6 decimals"},
        {"{\"rates\": {\"images\": \"0.0000000000001\"}}", "rates.images", "at most 12 decimals"},
        {"{\"rates\": {\"input\": \"99999999\"}}", "rates.input", "too large"},
        {"{\"tiers\": {}}", "tiers", "list"},
        {"{\"tiers\": [{\"rates\": {}}]}", "tiers[0].above_input_tokens", "whole number"},
        {"{\"tiers\": [{\"above_input_tokens\": 0, \"rates\": {}}]}", "tiers[0].above_input_tokens", "whole number"},
        {"{\"tiers\": [{\"above_input_tokens\": 5, \"rates\": {}}]}", "tiers[0].rates", "must have a rate"},
        {"{\"tiers\": [{\"above_input_tokens\": 5, \"above\": 5}]}", "tiers[0].above", "unknown"},
        {"{\"tiers\": [{\"above_input_tokens\": 5, \"rates\": {\"input\": \"1\"}}, {\"above_input_tokens\": 5, "
         "\"rates\":"
         " {\"input\": \"2\"}}]}",
         "tiers[1].above_input_tokens", "twice"},
        {"{\"service_tiers\": []}", "service_tiers", "object"},
        {"{\"service_tiers\": {\"default\": {\"rates\": {}}}}", "service_tiers.default", "standard"},
        {"{\"service_tiers\": {\"Flex\": {\"rates\": {}}}}", "service_tiers.Flex", "a-z"},
        {"{\"service_tiers\": {\"flex\": {}}}", "service_tiers.flex.rates", "object"},
        {"{\"service_tiers\": {\"flex\": {\"rates\": {\"input\": \"x\"}}}}", "service_tiers.flex.rates.input",
         "dollars"},
        {"{\"service_tiers\": {\"flex\": {\"rates\": {}, \"tiers\": [{\"above_input_tokens\": 5, \"rates\": 7}]}}}",
         "service_tiers.flex.tiers[0].rates", "object"},
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i) {
        tg_json *price = parse(BAD[i].price);
        struct tg_rate_list list;
        struct tg_rates_problem problem = {{0}, {0}};
        assert_false(read(price, &list, &problem));
        assert_string_equal(problem.field, BAD[i].field);
        if (strstr(problem.message, BAD[i].word) == NULL)
            fail_msg("%s: %s", BAD[i].price, problem.message);
        tg_json_destroy(price);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_in_order_and_without_needless_zeros),
        cmocka_unit_test(what_is_wrong_is_named_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
