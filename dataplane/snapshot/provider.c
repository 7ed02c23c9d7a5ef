#include "dataplane/snapshot/provider.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/crypto/digest.h"

enum { UNUSED_KEPT_MS = 15 * 60 * 1000 };

/* ---- the URL ---- */

static bool take_prefix(struct tg_text *text, const char *prefix)
{
    if (!tg_text_starts_with(*text, prefix))
        return false;
    size_t bytes = strlen(prefix);
    *text = tg_text(text->data + bytes, text->bytes - bytes);
    return true;
}

static bool parse_port(struct tg_text text, uint16_t *port)
{
    uint64_t number;
    if (!tg_text_to_u64(text, &number) || number == 0 || number > 65535)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool has_forbidden(struct tg_text url)
{
    for (size_t i = 0; i < url.bytes; ++i) {
        char c = url.data[i];
        if (c <= ' ' || c == 0x7f || c == '?' || c == '#' || c == '@' || c == '\\' || c == '"')
            return true;
    }
    return false;
}

bool tg_base_url_parse(struct tg_text url, struct tg_base_url *parsed, const char **why)
{
    struct tg_text rest = url;
    *parsed = (struct tg_base_url){.is_tls = take_prefix(&rest, "https://")};
    *why = "must begin with https:// or http://";
    if (!parsed->is_tls && !take_prefix(&rest, "http://"))
        return false;
    *why = "must be a host, an optional port and an optional path, without spaces, user, query or fragment";
    if (has_forbidden(rest))
        return false;
    const char *slash = memchr(rest.data, '/', rest.bytes);
    struct tg_text authority = tg_text(rest.data, slash == NULL ? rest.bytes : (size_t)(slash - rest.data));
    struct tg_text path = tg_text(rest.data + authority.bytes, rest.bytes - authority.bytes);
    while (path.bytes != 0 && path.data[path.bytes - 1] == '/')
        --path.bytes;
    parsed->path_prefix = path;
    parsed->host_header = authority;
    parsed->port = parsed->is_tls ? 443 : 80;

    struct tg_text after; /* of the host: nothing, or ":port" */
    if (authority.bytes != 0 && authority.data[0] == '[') {
        const char *end = memchr(authority.data, ']', authority.bytes);
        if (end == NULL)
            return false;
        parsed->host = tg_text(authority.data + 1, (size_t)(end - authority.data) - 1);
        after = tg_text(end + 1, authority.bytes - parsed->host.bytes - 2);
    } else {
        const char *colon = memchr(authority.data, ':', authority.bytes);
        parsed->host = tg_text(authority.data, colon == NULL ? authority.bytes : (size_t)(colon - authority.data));
        after = tg_text(authority.data + parsed->host.bytes, authority.bytes - parsed->host.bytes);
    }
    if (parsed->host.bytes == 0 || parsed->host.bytes > 253)
        return false;
    *why = "has a port that is none";
    return after.bytes == 0 ||
           (after.data[0] == ':' && parse_port(tg_text(after.data + 1, after.bytes - 1), &parsed->port));
}

/* ---- TLS contexts ---- */

struct tg_trusted {
    struct tg_trusted *next;
    uint8_t sha256[TG_SHA256_BYTES]; /* of the wish */
    tg_tls_context *context;
    atomic_size_t users;
    int64_t unused_since_ms; /* 0: not noticed yet */
};

struct tg_trust {
    atomic_size_t references;
    struct tg_trusted *first; /* builder's thread */
};

tg_trust *tg_trust_create(void)
{
    tg_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL)
        abort();
    atomic_init(&trust->references, 1);
    return trust;
}

tg_trust *tg_trust_ref(tg_trust *trust)
{
    atomic_fetch_add_explicit(&trust->references, 1, memory_order_relaxed);
    return trust;
}

static void free_trusted(struct tg_trusted *trusted)
{
    tg_tls_context_destroy(trusted->context);
    free(trusted);
}

void tg_trust_unref(tg_trust *trust)
{
    if (trust == NULL || atomic_fetch_sub_explicit(&trust->references, 1, memory_order_acq_rel) != 1)
        return;
    while (trust->first != NULL) {
        struct tg_trusted *trusted = trust->first;
        trust->first = trusted->next;
        free_trusted(trusted);
    }
    free(trust);
}

static void hash_wish(const struct tg_trust_wish *wish, uint8_t sha256[TG_SHA256_BYTES])
{
    const struct tg_text parts[] = {wish->ca_pem, wish->client_certificate_pem, wish->key_pem};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
    uint8_t each[PARTS][TG_SHA256_BYTES]; /* so that no end of one can be the beginning of the next */
    for (size_t i = 0; i < PARTS; ++i)
        tg_sha256(parts[i].data, parts[i].bytes, each[i]);
    tg_sha256(each, sizeof(each), sha256);
}

enum tg_status tg_trust_find(tg_trust *trust, const struct tg_trust_wish *wish, struct tg_trusted **trusted,
                             struct tg_error *error)
{
    uint8_t sha256[TG_SHA256_BYTES];
    hash_wish(wish, sha256);
    for (struct tg_trusted *at = trust->first; at != NULL; at = at->next) {
        if (memcmp(at->sha256, sha256, sizeof(sha256)) == 0) {
            *trusted = at;
            return TG_OK;
        }
    }
    tg_tls_context *context;
    enum tg_status status =
        tg_tls_client_create_from_pem(wish->ca_pem, wish->client_certificate_pem, wish->key_pem, &context, error);
    if (status != TG_OK)
        return status;
    struct tg_trusted *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    memcpy(made->sha256, sha256, sizeof(sha256));
    made->context = context;
    made->next = trust->first;
    trust->first = made;
    *trusted = made;
    return TG_OK;
}

tg_tls_context *tg_trusted_context(const struct tg_trusted *trusted)
{
    return trusted->context;
}

void tg_trusted_hold(struct tg_trusted *trusted)
{
    atomic_fetch_add_explicit(&trusted->users, 1, memory_order_relaxed);
    trusted->unused_since_ms = 0;
}

void tg_trusted_release(struct tg_trusted *trusted)
{
    atomic_fetch_sub_explicit(&trusted->users, 1, memory_order_release);
}

void tg_trust_sweep(tg_trust *trust, int64_t now_ms)
{
    struct tg_trusted **at = &trust->first;
    while (*at != NULL) {
        struct tg_trusted *trusted = *at;
        bool is_used = atomic_load_explicit(&trusted->users, memory_order_acquire) != 0;
        if (is_used || trusted->unused_since_ms == 0)
            trusted->unused_since_ms = is_used ? 0 : now_ms;
        if (!is_used && now_ms - trusted->unused_since_ms > UNUSED_KEPT_MS) {
            *at = trusted->next;
            free_trusted(trusted);
        } else {
            at = &trusted->next;
        }
    }
}
