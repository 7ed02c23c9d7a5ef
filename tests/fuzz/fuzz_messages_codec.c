/* Any bytes as Anthropic's requests and answers: see codec.h. */
#include "dataplane/dialects/messages/messages.h"
#include "tests/fuzz/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_seen seen = {.has_usage = false};
    struct tg_text text = tg_text((const char *)data, size);
    tg_dialect_messages.watch_block(&seen, false, tg_text(NULL, 0), text);
    return check_codec(&tg_dialect_messages, false, data, size);
}
