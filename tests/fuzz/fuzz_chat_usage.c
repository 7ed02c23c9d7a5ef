/* Any bytes as an answer: where a full parse finds usage, the short way from the end finds the same. */
#include "dataplane/dialects/chat/chat.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text document = tg_text((const char *)data, size);
    struct tg_seen chunk, whole;
    struct tg_usage usage;
    memset(&chunk, 0, sizeof(chunk));
    memset(&whole, 0, sizeof(whole));
    tg_chat_watch_block(&chunk, true, tg_text(NULL, 0), document); /* parses, where there is usage */
    bool is_found = tg_chat_watch_tail(document, &usage);
    /* Names with escapes, and what Groq says in another place, are read by the parse alone. */
    bool is_plain = size != 0 && memchr(data, '\\', size) == NULL && memmem(data, size, "x_groq", 6) == NULL;
    if (chunk.has_usage && is_plain) {
        REQUIRE(is_found);
        REQUIRE(memcmp(&usage, &chunk.usage, sizeof(usage)) == 0);
    }
    for (int kind = 0; is_found && kind < TG_USAGE_KIND_COUNT; ++kind)
        REQUIRE(usage.of[kind] >= 0);
    tg_chat_watch_whole(&whole, document);
    REQUIRE(!is_found || whole.has_usage);
    REQUIRE(whole.text_bytes <= size && chunk.text_bytes <= size);
    return 0;
}
