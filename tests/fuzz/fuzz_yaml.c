/* What YAML accepts is a tree like any other: it can be written as JSON and read again. */

#include "common/codec/yaml.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_DUMP_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    tg_json *root, *again;
    if (tg_yaml_parse(tg_text((const char *)data, bytes), &root, NULL) != TG_OK)
        return 0;
    struct tg_buf dumped;
    tg_buf_init(&dumped, MAX_DUMP_BYTES);
    if (tg_json_dump(root, TG_JSON_COMPACT, &dumped) == TG_OK &&
        tg_json_parse(tg_buf_text(&dumped), &again, NULL) == TG_OK) {
        REQUIRE(tg_json_equals(root, again));
        tg_json_destroy(again);
    }
    tg_buf_deinit(&dumped);
    tg_json_destroy(root);
    return 0;
}
