/* A request that the gateway understands is one it can edit: the result is JSON, names the provider's model and keeps
 * every byte that was not to be changed. The first byte of the input chooses the changes. */

#include "common/base/buf.h"
#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/operations/operations.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BODY_BYTES = 16 << 20 };

static const char upstream_model[] = "provider/model-1";

static void check_edited(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body,
                         const struct tg_request_target *target, bool is_streaming)
{
    struct tg_model_request again;
    struct tg_client_error error;
    struct tg_request_source source = {.arena = arena, .body = body};
    bool is_read = dialect->read_request(&source, &again, &error);
    REQUIRE(is_read);
    REQUIRE(tg_text_equals(again.model, tg_text_of(upstream_model)));
    REQUIRE(again.is_streaming == is_streaming);
    if (target->asks_for_usage)
        REQUIRE(again.wants_usage);
    if (target->max_output_tokens > 0)
        REQUIRE(again.max_output_tokens == target->max_output_tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 1)
        return 0;
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_text body = tg_text((const char *)data + 1, bytes - 1);
    bool is_chat = (data[0] & 1) == 0;
    const struct tg_dialect *dialect = is_chat ? &tg_dialect_chat : &tg_operations_embeddings;
    struct tg_request_source source = {.arena = &arena, .body = body};
    struct tg_model_request request;
    struct tg_client_error error;
    if (dialect->read_request(&source, &request, &error)) {
        struct tg_request_target target = {
            .upstream_model = tg_text_of(upstream_model),
            .asks_for_usage = is_chat && request.is_streaming,
            .max_output_tokens = is_chat && (data[0] & 2) != 0 ? 17 : 0,
            .maximum_field = "max_tokens",
        };
        struct tg_body edited;
        struct tg_buf joined;
        dialect->edit_request(&arena, body, &request, &target, &edited);
        tg_buf_init(&joined, MAX_BODY_BYTES);
        for (size_t i = 0; i < edited.piece_count; i++)
            REQUIRE(tg_buf_append(&joined, edited.pieces[i]) == TG_OK);
        REQUIRE(joined.bytes == edited.bytes);
        check_edited(dialect, &arena, tg_buf_text(&joined), &target, request.is_streaming);
        tg_buf_deinit(&joined);
    }
    tg_arena_deinit(&arena);
    return 0;
}
