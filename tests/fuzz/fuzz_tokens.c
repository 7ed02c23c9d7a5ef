/* Any bytes: the tokens put together are the text again, and it has as many of them when it comes in parts. */
#include "common/tokens/tokens.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 4096 };

static void check(enum tg_vocabulary vocabulary, struct tg_text text, size_t part)
{
    static uint32_t ids[MAX_BYTES];
    struct tg_token_counter counter;
    struct tg_token_counter at_once;
    int64_t tokens = tg_tokens_encode(vocabulary, text, ids, MAX_BYTES);
    size_t at = 0;
    REQUIRE(tokens <= (int64_t)text.bytes && tokens == tg_tokens_count(vocabulary, text));
    for (int64_t i = 0; i < tokens; ++i) {
        struct tg_text bytes = tg_tokens_bytes(vocabulary, ids[i]);
        REQUIRE(bytes.bytes <= text.bytes - at && tg_text_equals(bytes, tg_text(text.data + at, bytes.bytes)));
        at += bytes.bytes;
    }
    REQUIRE(at == text.bytes);
    tg_token_counter_init(&counter, vocabulary);
    for (at = 0; at < text.bytes; at += part)
        tg_token_counter_feed(&counter, tg_text(text.data + at, part < text.bytes - at ? part : text.bytes - at));
    tg_token_counter_init(&at_once, vocabulary);
    tg_token_counter_feed(&at_once, text);
    REQUIRE(tg_token_counter_finish(&counter) == tg_token_counter_finish(&at_once));
    if (text.bytes < TG_TOKEN_COUNTER_BYTES)
        REQUIRE(tg_token_counter_finish(&counter) == tokens);
}

/* The first byte says how long the parts are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MAX_BYTES)
        return 0;
    struct tg_text text = tg_text((const char *)data + 1, size - 1);
    check(TG_VOCABULARY_O200K, text, 1 + data[0] % 64u);
    check(TG_VOCABULARY_CL100K, text, 1 + data[0] % 64u);
    return 0;
}
