/* Any bytes as an answer: where a full parse finds usage, the short way from the end finds the same. */
#include "dataplane/dialects/chat/watch_internal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text document = tg_text((const char *)data, size);
    struct chat_glance answer;
    struct tg_usage usage;
    chat_glance_read(document, &answer);
    bool is_found = chat_tail_usage(document, &usage);
    /* Names with escapes are read by the parse alone. */
    if (answer.names_usage && answer.has_usage && memchr(data, '\\', size) == NULL) {
        REQUIRE(is_found);
        REQUIRE(memcmp(&usage, &answer.usage, sizeof(usage)) == 0);
    }
    for (int kind = 0; is_found && kind < TG_USAGE_KIND_COUNT; ++kind)
        REQUIRE(usage.of[kind] >= 0);
    if (answer.is_object && answer.model.bytes != 0)
        REQUIRE(memchr(data, '\\', size) != NULL || chat_answer_model(document).bytes != 0);
    REQUIRE(chat_chunk_text_bytes(document) <= size);
    return 0;
}
