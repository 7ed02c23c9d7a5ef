/* The rates of a price, as people write them: brought into the API's form, so that they compare with what is there. */
#include "common/rates/rates_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/resource.h"

tg_json *tg_rates_with_texts(const tg_json *value)
{
    struct tg_json_cursor cursor = {0};
    if (tg_json_is_i64(value)) {
        char text[24];
        snprintf(text, sizeof(text), "%" PRId64, tg_json_i64(value));
        return tg_json_new_text(tg_text_of(text));
    }
    if (tg_json_is(value, TG_JSON_ARRAY)) {
        tg_json *array = tg_json_new_array();
        for (size_t i = 0; i < tg_json_count(value); ++i)
            tg_json_append(array, tg_rates_with_texts(tg_json_at(value, i)));
        return array;
    }
    if (!tg_json_is(value, TG_JSON_OBJECT))
        return tg_json_copy(value);
    tg_json *object = tg_json_new_object();
    while (tg_json_next_member(value, &cursor)) {
        char *key = tg_text_strdup(cursor.key);
        bool is_threshold = strcmp(key, "above_input_tokens") == 0;
        tg_json_set(object, key, is_threshold ? tg_json_copy(cursor.value) : tg_rates_with_texts(cursor.value));
        free(key);
    }
    return object;
}

enum tg_status tg_member_set_rates(const struct tg_member *member, const tg_json *value, tg_json *body,
                                   struct tg_error *error)
{
    struct tg_rate_list list = {.count = 0};
    struct tg_rates_problem problem;
    const char *part = member->member;
    tg_json *said = tg_rates_with_texts(value);
    const tg_json *rates = strcmp(part, "rates") == 0 ? said : NULL;
    const tg_json *tiers = strcmp(part, "tiers") == 0 ? said : NULL;
    enum tg_status status = TG_OK;
    if (tg_rates_read(rates, tiers, rates == NULL && tiers == NULL ? said : NULL, &list, &problem)) {
        tg_json *price = tg_json_new_object();
        tg_rates_write(list.sets, list.count, price);
        tg_json_set(body, part, tg_json_copy(tg_json_member(price, part)));
        tg_json_destroy(price);
    } else {
        status = tg_fail(error, TG_INVALID, "%s %s", problem.field, problem.message);
    }
    tg_json_destroy(said);
    return status;
}
