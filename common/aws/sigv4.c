#include "common/aws/sigv4.h"

#include <assert.h>
#include <time.h>

#include "common/aws/canonical.h"
#include "common/crypto/digest.h"
#include "common/crypto/secret.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { DAY_BYTES = 8, MOMENT_BYTES = sizeof("20150830T123600Z"), HEX_BYTES = 2 * TG_SHA256_BYTES + 1 };

/* What the steps hand on. */
struct signing {
    const struct tg_sigv4_request *request;
    const struct tg_sigv4_identity *identity;
    struct tg_arena *arena;
    char moment[MOMENT_BYTES]; /* its first DAY_BYTES are the day */
    char body_hex[HEX_BYTES];
    struct tg_http_header headers[TG_HTTP_MAX_HEADERS + TG_SIGV4_MAX_FIELDS]; /* to sign, sorted */
    size_t header_count;
    struct tg_text names; /* of those */
    struct tg_text scope;
};

static struct tg_text day_of(const struct signing *signing)
{
    return tg_text(signing->moment, DAY_BYTES);
}

static void set_moment(struct signing *signing, int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(signing->moment, MOMENT_BYTES, "%Y%m%dT%H%M%SZ", &utc) == 0)
        assert(!"a year beyond 9999");
}

static void hash_body(struct signing *signing)
{
    const struct tg_sigv4_request *request = signing->request;
    uint8_t digest[TG_SHA256_BYTES];
    if (request->body_count <= 1) {
        struct tg_text body = request->body_count == 0 ? tg_text("", 0) : request->body[0];
        tg_sha256(body.data, body.bytes, digest);
    } else {
        struct tg_sha256_state state;
        tg_sha256_init(&state);
        for (size_t i = 0; i < request->body_count; ++i)
            tg_sha256_update(&state, request->body[i].data, request->body[i].bytes);
        tg_sha256_finish(&state, digest);
        tg_sha256_deinit(&state);
    }
    tg_hex_encode(digest, sizeof(digest), signing->body_hex);
}

static void add_field(struct tg_sigv4_signature *signature, const char *name, struct tg_text value)
{
    signature->fields[signature->field_count++] = (struct tg_http_header){tg_text_of(name), value};
}

/* The fields that are signed themselves. */
static void add_signed_fields(struct signing *signing, struct tg_sigv4_signature *signature)
{
    add_field(signature, "X-Amz-Date", tg_arena_copy(signing->arena, tg_text_of(signing->moment)));
    if (signing->identity->session_token.bytes != 0)
        add_field(signature, "X-Amz-Security-Token", signing->identity->session_token);
    if (signing->request->sends_body_sha256)
        add_field(signature, "X-Amz-Content-Sha256", tg_arena_copy(signing->arena, tg_text_of(signing->body_hex)));
}

static void collect_headers(struct signing *signing, const struct tg_sigv4_signature *signature)
{
    const struct tg_sigv4_request *request = signing->request;
    assert(request->header_count <= TG_HTTP_MAX_HEADERS);
    signing->headers[0] = (struct tg_http_header){tg_text_of("host"), request->host};
    signing->header_count = 1;
    for (size_t i = 0; i < signature->field_count; ++i)
        signing->headers[signing->header_count++] = signature->fields[i];
    for (size_t i = 0; i < request->header_count; ++i)
        signing->headers[signing->header_count++] = request->headers[i];
    canonical_sort_headers(signing->headers, signing->header_count, signing->arena);
}

static struct canonical_text make_room(struct tg_arena *arena, size_t bytes)
{
    return (struct canonical_text){tg_arena_alloc(arena, bytes), 0, bytes};
}

/* The SHA-256 of the canonical request. */
static void hash_canonical_request(struct signing *signing, char hex[HEX_BYTES])
{
    const struct tg_sigv4_request *request = signing->request;
    size_t name_bytes = 0, value_bytes = 0;
    for (size_t i = 0; i < signing->header_count; ++i) {
        name_bytes += signing->headers[i].name.bytes + 2;
        value_bytes += signing->headers[i].value.bytes;
    }
    struct canonical_text names = make_room(signing->arena, name_bytes);
    canonical_put_names(&names, signing->headers, signing->header_count);
    signing->names = tg_text(names.data, names.bytes);

    struct canonical_text out =
        make_room(signing->arena, request->method.bytes + 3 * request->path.bytes + 4 * request->query.bytes +
                                      2 * name_bytes + value_bytes + HEX_BYTES + 8);
    canonical_put(&out, request->method);
    canonical_put_string(&out, "\n");
    canonical_put_path(&out, request->path);
    canonical_put_string(&out, "\n");
    canonical_put_query(&out, request->query, signing->arena);
    canonical_put_string(&out, "\n");
    canonical_put_headers(&out, signing->headers, signing->header_count);
    canonical_put_string(&out, "\n");
    canonical_put(&out, signing->names);
    canonical_put_string(&out, "\n");
    canonical_put_string(&out, signing->body_hex);
    uint8_t digest[TG_SHA256_BYTES];
    tg_sha256(out.data, out.bytes, digest);
    tg_hex_encode(digest, sizeof(digest), hex);
}

/* ---- the signing key ---- */

static void derive_key(const struct signing *signing, uint8_t key[TG_SHA256_BYTES])
{
    struct tg_text secret = signing->identity->secret_access_key;
    char *first = tg_arena_alloc(signing->arena, 4 + secret.bytes);
    memcpy(first, "AWS4", 4);
    if (secret.bytes != 0)
        memcpy(first + 4, secret.data, secret.bytes);
    struct tg_text steps[] = {day_of(signing), signing->identity->region, signing->identity->service,
                              tg_text_of("aws4_request")};
    tg_hmac_sha256(tg_text(first, 4 + secret.bytes), steps[0].data, steps[0].bytes, key);
    tg_secret_wipe(first, 4 + secret.bytes);
    for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); ++i) {
        uint8_t before[TG_SHA256_BYTES];
        memcpy(before, key, sizeof(before));
        tg_hmac_sha256(tg_text((const char *)before, sizeof(before)), steps[i].data, steps[i].bytes, key);
        tg_secret_wipe(before, sizeof(before));
    }
}

/* What the key is made from, unambiguously: none of the parts but the secret, which is last, has a line end. */
static void hash_origin(const struct signing *signing, uint8_t digest[TG_SHA256_BYTES])
{
    const struct tg_sigv4_identity *identity = signing->identity;
    struct canonical_text out = make_room(signing->arena, DAY_BYTES + identity->region.bytes + identity->service.bytes +
                                                              identity->secret_access_key.bytes + 3);
    canonical_put(&out, day_of(signing));
    canonical_put_string(&out, "\n");
    canonical_put(&out, identity->region);
    canonical_put_string(&out, "\n");
    canonical_put(&out, identity->service);
    canonical_put_string(&out, "\n");
    canonical_put(&out, identity->secret_access_key);
    tg_sha256(out.data, out.bytes, digest);
    tg_secret_wipe(out.data, out.bytes);
}

static void find_key(const struct signing *signing, struct tg_sigv4_cache *cache, uint8_t key[TG_SHA256_BYTES])
{
    if (cache == NULL) {
        derive_key(signing, key);
        return;
    }
    uint8_t origin[TG_SHA256_BYTES];
    hash_origin(signing, origin);
    for (size_t i = 0; i < TG_SIGV4_CACHED_KEYS; ++i)
        if (cache->keys[i].is_used && memcmp(cache->keys[i].made_from, origin, sizeof(origin)) == 0) {
            memcpy(key, cache->keys[i].key, TG_SHA256_BYTES);
            return;
        }
    derive_key(signing, key);
    struct tg_sigv4_cached_key *place = &cache->keys[cache->next];
    cache->next = (cache->next + 1) % TG_SIGV4_CACHED_KEYS;
    memcpy(place->made_from, origin, sizeof(origin));
    memcpy(place->key, key, TG_SHA256_BYTES);
    place->is_used = true;
}

/* All of them, one after the other, in the arena. */
static struct tg_text join(struct tg_arena *arena, const struct tg_text *parts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i)
        bytes += parts[i].bytes;
    struct canonical_text out = make_room(arena, bytes);
    for (size_t i = 0; i < count; ++i)
        canonical_put(&out, parts[i]);
    return tg_text(out.data, out.bytes);
}

void tg_sigv4_sign(const struct tg_sigv4_request *request, const struct tg_sigv4_identity *identity, int64_t now_ms,
                   struct tg_sigv4_cache *cache, struct tg_arena *arena, struct tg_sigv4_signature *signature)
{
    struct signing signing = {.request = request, .identity = identity, .arena = arena};
    *signature = (struct tg_sigv4_signature){0};
    set_moment(&signing, now_ms);
    hash_body(&signing);
    add_signed_fields(&signing, signature);
    collect_headers(&signing, signature);
    char request_hex[HEX_BYTES];
    hash_canonical_request(&signing, request_hex);
    struct tg_text slash = tg_text("/", 1), line_end = tg_text("\n", 1);
    const struct tg_text scope[] = {day_of(&signing),           slash, identity->region, slash, identity->service,
                                    tg_text_of("/aws4_request")};
    signing.scope = join(arena, scope, sizeof(scope) / sizeof(scope[0]));
    const struct tg_text lines[] = {tg_text_of(ALGORITHM), line_end, tg_text_of(signing.moment), line_end,
                                    signing.scope,         line_end, tg_text_of(request_hex)};
    struct tg_text to_sign = join(arena, lines, sizeof(lines) / sizeof(lines[0]));
    uint8_t key[TG_SHA256_BYTES];
    uint8_t code[TG_SHA256_BYTES];
    char code_hex[HEX_BYTES];
    find_key(&signing, cache, key);
    tg_hmac_sha256(tg_text((const char *)key, sizeof(key)), to_sign.data, to_sign.bytes, code);
    tg_secret_wipe(key, sizeof(key));
    tg_hex_encode(code, sizeof(code), code_hex);
    const struct tg_text proof[] = {tg_text_of(ALGORITHM " Credential="),
                                    identity->access_key_id,
                                    slash,
                                    signing.scope,
                                    tg_text_of(", SignedHeaders="),
                                    signing.names,
                                    tg_text_of(", Signature="),
                                    tg_text_of(code_hex)};
    add_field(signature, "Authorization", join(arena, proof, sizeof(proof) / sizeof(proof[0])));
}
