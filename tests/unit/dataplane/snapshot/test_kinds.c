/* The kinds of providers that the control plane knows are at addresses that a replica can call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controlplane/registry/registry.h"
#include "dataplane/snapshot/provider.h"

static bool is_self_hosted(const struct tg_base_url *url)
{
    return !url->is_tls && tg_text_is(url->host, "localhost");
}

static void every_kind_s_address_can_be_called(void **state)
{
    struct tg_error error;
    assert_int_equal(tg_registry_load(NULL, &error), TG_OK);
    struct tg_text blanks[TG_BLANK_COUNT];
    for (size_t i = 0; i < TG_BLANK_COUNT; ++i)
        blanks[i] = tg_text_of("blank");
    size_t nowhere = 0;
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *row = tg_registry_at(i);
        struct tg_base_url url;
        const char *why = "";
        if (row->base_url[0] == '\0') {
            ++nowhere;
            continue;
        }
        char *filled = tg_registry_fill(row->base_url, blanks);
        if (!tg_base_url_parse(tg_text_of(filled), &url, &why))
            fail_msg("%s: %s %s", row->name, filled, why);
        if (strchr(filled, '{') != NULL || filled[strlen(filled) - 1] == '/')
            fail_msg("%s: %s", row->name, filled);
        if (!url.is_tls && !is_self_hosted(&url))
            fail_msg("%s is called without encryption", row->name);
        free(filled);
    }
    assert_true(nowhere < 10 && nowhere < tg_registry_count());
    tg_registry_unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_s_address_can_be_called)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
