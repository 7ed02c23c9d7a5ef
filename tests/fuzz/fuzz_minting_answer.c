/* What a token endpoint may answer, with the input's first two bytes as kind and status: no token but a usable one. */
#include "controlplane/minting/call.h"
#include "tests/fuzz/fuzz.h"

static void require_visible(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i)
        REQUIRE(text.data[i] >= '!' && text.data[i] <= '~'); /* it becomes part of a head */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"aws_assume_role", "aws_web_identity", "gcp_service_account",
                                        "azure_client_credentials"};
    static const int statuses[] = {200, 400, 503};
    static const int64_t NOW_MS = INT64_C(1440938160000);
    if (size < 2)
        return 0;
    char *copy = malloc(size - 2 == 0 ? 1 : size - 2); /* so that its end is watched */
    REQUIRE(copy != NULL);
    memcpy(copy, data + 2, size - 2);
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_mint_source source = {.kind = tg_text_of(kinds[data[0] % 4])};
    struct tg_token token;
    struct tg_error error = {0};
    int http_status = statuses[data[1] % 3];
    enum tg_status status =
        tg_mint_answer_read(&source, http_status, tg_text(copy, size - 2), NOW_MS, &arena, &token, &error);
    if (status == TG_OK) {
        REQUIRE(http_status == 200 && token.secret.bytes != 0 && token.expires_at_ms > NOW_MS);
        REQUIRE((data[0] % 4 < 2) == (token.access_key_id.bytes != 0 && token.session_token.bytes != 0));
        require_visible(token.secret);
        require_visible(token.access_key_id);
        require_visible(token.session_token);
    } else {
        REQUIRE(error.message[0] != '\0');
        for (const char *c = error.message; *c != '\0'; ++c)
            REQUIRE(*c >= ' ' && *c <= '~');
    }
    tg_arena_deinit(&arena);
    free(copy);
    return 0;
}
