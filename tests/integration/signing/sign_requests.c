/* Reads requests, signs them with one cache of keys, writes the fields to be added.
 *
 * A request is lines of "word value", ended by the line "sign"; values are hex, so that any byte can be in them:
 * method, host, path, query, region, service, access_key_id, secret_access_key, session_token, now_ms, body (once for
 * each piece), header (name, a space, value; once for each). The answer is lines "name: value" and an empty one. */
#include <stdio.h>
#include <stdlib.h>

#include "common/aws/sigv4.h"

enum { MAX_LINE_BYTES = 1 << 17, MAX_PIECES = 16 };

struct asked {
    struct tg_sigv4_request request;
    struct tg_sigv4_identity identity;
    struct tg_http_header headers[TG_HTTP_MAX_HEADERS];
    struct tg_text body[MAX_PIECES];
    int64_t now_ms;
};

static void fail(const char *what)
{
    fprintf(stderr, "sign_requests: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct tg_text unhex(struct tg_text hex, struct tg_arena *arena)
{
    size_t bytes = hex.bytes / 2;
    char *out = tg_arena_alloc(arena, bytes + 1);
    if (!tg_hex_decode(hex, out, bytes))
        fail("a value is not hex");
    return tg_text(out, bytes);
}

static void set(struct asked *asked, struct tg_text word, struct tg_text value)
{
    const struct {
        const char *word;
        struct tg_text *place;
    } places[] = {
        {"method", &asked->request.method},
        {"host", &asked->request.host},
        {"path", &asked->request.path},
        {"query", &asked->request.query},
        {"region", &asked->identity.region},
        {"service", &asked->identity.service},
        {"access_key_id", &asked->identity.access_key_id},
        {"secret_access_key", &asked->identity.secret_access_key},
        {"session_token", &asked->identity.session_token},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); ++i)
        if (tg_text_is(word, places[i].word)) {
            *places[i].place = value;
            return;
        }
    uint64_t number;
    const char *space = memchr(value.data, ' ', value.bytes);
    if (tg_text_is(word, "now_ms") && tg_text_to_u64(value, &number))
        asked->now_ms = (int64_t)number;
    else if (tg_text_is(word, "body") && asked->request.body_count < MAX_PIECES)
        asked->body[asked->request.body_count++] = value;
    else if (tg_text_is(word, "header") && space != NULL && asked->request.header_count < TG_HTTP_MAX_HEADERS)
        asked->headers[asked->request.header_count++] =
            (struct tg_http_header){tg_text(value.data, (size_t)(space - value.data)),
                                    tg_text(space + 1, (size_t)(value.data + value.bytes - space - 1))};
    else
        fail("a line has no meaning");
}

static void answer(struct asked *asked, struct tg_sigv4_cache *cache, struct tg_arena *arena)
{
    struct tg_sigv4_signature signature;
    asked->request.headers = asked->headers;
    asked->request.body = asked->body;
    tg_sigv4_sign(&asked->request, &asked->identity, asked->now_ms, cache, arena, &signature);
    for (size_t i = 0; i < signature.field_count; ++i)
        printf("%.*s: %.*s\n", TG_TEXT_ARG(signature.fields[i].name), TG_TEXT_ARG(signature.fields[i].value));
    printf("\n");
    fflush(stdout);
}

int main(void)
{
    static char line[MAX_LINE_BYTES];
    struct tg_sigv4_cache cache = {0};
    struct asked asked = {0};
    struct tg_arena arena;
    tg_arena_init(&arena);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct tg_text text = tg_text(line, strcspn(line, "\n"));
        if (tg_text_is(text, "sign")) {
            answer(&asked, &cache, &arena);
            asked = (struct asked){0};
            tg_arena_reset(&arena);
            continue;
        }
        const char *space = memchr(text.data, ' ', text.bytes);
        if (space == NULL)
            fail("a line has no value");
        size_t word_bytes = (size_t)(space - text.data);
        set(&asked, tg_text(text.data, word_bytes), unhex(tg_text(space + 1, text.bytes - word_bytes - 1), &arena));
    }
    tg_arena_deinit(&arena);
    return EXIT_SUCCESS;
}
