/* Any bytes as an answer: where a full parse finds usage, the short way from the end finds the same. */
#include "dataplane/dialects/openai_usage.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text document = tg_text((const char *)data, size);
    struct tg_openai_answer answer;
    struct tg_usage usage;
    tg_openai_answer_read(document, &answer);
    bool is_found = tg_openai_usage_read_tail(document, &usage);
    /* Names with escapes are read by the parse alone. */
    if (answer.has_usage && memchr(data, '\\', size) == NULL) {
        REQUIRE(is_found);
        REQUIRE(memcmp(&usage, &answer.usage, sizeof(usage)) == 0);
    }
    if (is_found)
        REQUIRE(usage.of[TG_USAGE_INPUT] >= 0 && usage.of[TG_USAGE_CACHED_INPUT] >= 0 && usage.of[TG_USAGE_OUTPUT] >= 0 &&
                usage.of[TG_USAGE_REASONING] >= 0);
    if (answer.is_object && answer.model.bytes != 0)
        REQUIRE(memchr(data, '\\', size) != NULL || tg_openai_answer_model(document).bytes != 0);
    REQUIRE(tg_openai_chunk_text_bytes(document) <= size);
    return 0;
}
