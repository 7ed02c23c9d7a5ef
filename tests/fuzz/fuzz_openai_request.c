/* A request that the gateway understands is one it can rewrite: the result is JSON, names the provider's model and
 * keeps every byte that was not to be changed. The first byte of the input chooses the changes. */

#include "common/base/buf.h"
#include "dataplane/dialects/openai_request.h"
#include "dataplane/dialects/openai_rewrite.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BODY_BYTES = 16 << 20 };

static const char upstream_model[] = "provider/model-1";

static void check_rewritten(struct tg_arena *arena, enum tg_endpoint endpoint, struct tg_text body,
                            const struct tg_openai_changes *changes, bool is_streaming)
{
    struct tg_openai_request again;
    struct tg_client_error error;
    bool is_read = tg_openai_request_read(arena, endpoint, body, &again, &error);
    REQUIRE(is_read);
    REQUIRE(tg_text_equals(again.model, tg_text_of(upstream_model)));
    REQUIRE(again.is_streaming == is_streaming);
    if (changes->asks_for_usage)
        REQUIRE(again.wants_usage);
    if (changes->max_output_tokens > 0)
        REQUIRE(again.max_output_tokens == changes->max_output_tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 1)
        return 0;
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text body = tg_text((const char *)data + 1, bytes - 1);
    enum tg_endpoint endpoint = (data[0] & 1) != 0 ? TG_ENDPOINT_EMBEDDINGS : TG_ENDPOINT_CHAT_COMPLETIONS;
    struct tg_openai_request request;
    struct tg_client_error error;
    if (tg_openai_request_read(&arena, endpoint, body, &request, &error)) {
        bool is_chat = endpoint == TG_ENDPOINT_CHAT_COMPLETIONS;
        struct tg_openai_changes changes = {
            .upstream_model = tg_text_of(upstream_model),
            .asks_for_usage = is_chat && request.is_streaming,
            .max_output_tokens = is_chat && (data[0] & 2) != 0 ? 17 : 0,
            .maximum_field = "max_tokens",
        };
        struct tg_openai_body rewritten;
        struct tg_buf joined;
        tg_openai_rewrite(&arena, body, &request, &changes, &rewritten);
        tg_buf_init(&joined, MAX_BODY_BYTES);
        for (size_t i = 0; i < rewritten.piece_count; i++)
            REQUIRE(tg_buf_append(&joined, rewritten.pieces[i]) == TG_OK);
        REQUIRE(joined.bytes == rewritten.bytes);
        check_rewritten(&arena, endpoint, tg_buf_text(&joined), &changes, request.is_streaming);
        tg_buf_deinit(&joined);
    }
    tg_arena_deinit(&arena);
    return 0;
}
