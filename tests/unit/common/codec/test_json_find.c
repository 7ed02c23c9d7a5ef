#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/codec/json_find.h"

static const struct tg_text USAGE = TG_TEXT_LITERAL("\"usage\"");

/* The place in a copy that ends where it ends, so that the sanitizer sees a read beyond it; -1 if there is none. */
static ptrdiff_t find(const char *document, size_t bytes, struct tg_text quoted)
{
    char *copy = malloc(bytes == 0 ? 1 : bytes);
    assert_non_null(copy);
    memcpy(copy, document, bytes);
    const char *found = tg_json_find(copy, copy + bytes, quoted);
    ptrdiff_t place = found == NULL ? -1 : found - copy;
    free(copy);
    return place;
}

static void a_name_is_found_at_every_place(void **state)
{
    char document[80];
    for (size_t bytes = USAGE.bytes; bytes <= sizeof(document); ++bytes) {
        for (size_t place = 0; place + USAGE.bytes <= bytes; ++place) {
            memset(document, ' ', sizeof(document));
            memcpy(document + place, USAGE.data, USAGE.bytes);
            assert_int_equal(find(document, bytes, USAGE), place);
        }
    }
}

static void the_first_of_several_is_found(void **state)
{
    static const char document[] = "{\"users\":1,\"u\":\"usage\",\"usagE\":0,\"usage\":{},\"usage\":{}}";
    assert_int_equal(find(document, sizeof(document) - 1, USAGE), 15);
}

static void what_only_begins_like_it_is_passed_over(void **state)
{
    static const char document[] = "\"us\"us\"usa\"usag\"usage \"usage_\"\"u\"u\"u\"u\"u\"u\"u\"usag";
    for (size_t bytes = 0; bytes < sizeof(document); ++bytes)
        assert_int_equal(find(document, bytes, USAGE), -1);
}

static void what_is_cut_off_is_not_found(void **state)
{
    static const char document[] = "{\"choices\":[],\"model\":\"gpt\",\"usage\":";
    size_t end = sizeof(document) - 2; /* behind the closing quote */
    assert_int_equal(find(document, end, USAGE), end - USAGE.bytes);
    for (size_t bytes = 0; bytes < end; ++bytes)
        assert_int_equal(find(document, bytes, USAGE), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_at_every_place),
        cmocka_unit_test(the_first_of_several_is_found),
        cmocka_unit_test(what_only_begins_like_it_is_passed_over),
        cmocka_unit_test(what_is_cut_off_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
