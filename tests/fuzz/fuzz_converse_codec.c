/* Any bytes as Bedrock's requests and answers: see codec.h. */
#include "dataplane/dialects/converse/converse.h"
#include "tests/fuzz/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_seen seen = {.has_usage = false};
    struct tg_text text = tg_text((const char *)data, size);
    tg_dialect_converse.watch_block(&seen, false, tg_text_of("contentBlockDelta"), text);
    tg_dialect_converse.watch_block(&seen, false, tg_text_of("metadata"), text);
    return check_codec(&tg_dialect_converse, true, data, size);
}
