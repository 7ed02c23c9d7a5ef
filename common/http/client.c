#include "common/http/client.h"

#include <assert.h>
#include <stdlib.h>

#include "common/http/client_internal.h"

enum {
    DEFAULT_MAX_IDLE_PER_ORIGIN = 64,
    DEFAULT_IDLE_KEEPALIVE_MS = 30 * 1000,
    DEFAULT_MAX_HEAD_BYTES = 64 * 1024,
    DEFAULT_READ_BYTES = 64 * 1024,
    MAX_SPARE_CALLS = 128,
};

const char *tg_http_failure_name(enum tg_http_failure failure)
{
    switch (failure) {
    case TG_HTTP_NO_FAILURE:
        return "none";
    case TG_HTTP_RESOLVE_FAILED:
        return "resolve_failed";
    case TG_HTTP_CONNECT_FAILED:
        return "connect_failed";
    case TG_HTTP_CONNECT_TIMEOUT:
        return "connect_timeout";
    case TG_HTTP_TLS_FAILED:
        return "tls_failed";
    case TG_HTTP_FIRST_BYTE_TIMEOUT:
        return "first_byte_timeout";
    case TG_HTTP_IDLE_TIMEOUT:
        return "idle_timeout";
    case TG_HTTP_TOTAL_TIMEOUT:
        return "total_timeout";
    case TG_HTTP_BROKEN:
        return "broken";
    case TG_HTTP_BAD_RESPONSE:
        return "bad_response";
    }
    return "unknown";
}

/* ---- origins ---- */

static struct origin **bucket_of(tg_http_client *client, const char *host, uint16_t port)
{
    return &client->origins[tg_text_hash(tg_text_of(host), port) % ORIGIN_BUCKETS];
}

struct origin *origin_take(tg_http_client *client, const struct tg_http_origin *wanted)
{
    bool is_tls = strcmp(wanted->scheme, "https") == 0;
    assert(is_tls == (wanted->tls != NULL) && (is_tls || strcmp(wanted->scheme, "http") == 0));
    struct origin **bucket = bucket_of(client, wanted->host, wanted->port);
    struct origin *origin = *bucket;
    while (origin != NULL &&
           (origin->port != wanted->port || origin->tls != wanted->tls || strcmp(origin->host, wanted->host) != 0))
        origin = origin->next;
    if (origin == NULL) {
        origin = calloc(1, sizeof(*origin));
        if (origin == NULL)
            abort();
        origin->host = tg_text_strdup(tg_text_of(wanted->host));
        origin->port = wanted->port;
        origin->tls = wanted->tls;
        origin->next = *bucket;
        *bucket = origin;
    }
    ++origin->user_count;
    return origin;
}

void origin_drop(tg_http_client *client, struct origin *origin)
{
    if (--origin->user_count != 0)
        return;
    struct origin **at = bucket_of(client, origin->host, origin->port);
    while (*at != origin)
        at = &(*at)->next;
    *at = origin->next;
    free(origin->host);
    free(origin);
}

/* ---- connections ---- */

static void release_upstream(struct tg_deferred *deferred)
{
    free((char *)deferred - offsetof(struct upstream, release));
}

struct upstream *upstream_create(tg_http_call *call)
{
    struct upstream *upstream = calloc(1, sizeof(*upstream));
    if (upstream == NULL)
        abort();
    upstream->client = call->client;
    upstream->origin = call->origin;
    upstream->call = call;
    upstream->release.run = release_upstream;
    ++call->origin->user_count;
    return upstream;
}

static void unlink_idle(struct upstream *upstream)
{
    struct origin *origin = upstream->origin;
    *(upstream->previous != NULL ? &upstream->previous->next : &origin->idle) = upstream->next;
    if (upstream->next != NULL)
        upstream->next->previous = upstream->previous;
    upstream->next = NULL;
    upstream->previous = NULL;
    --origin->idle_count;
    --upstream->client->idle_count;
}

struct upstream *upstream_take_idle(struct origin *origin)
{
    struct upstream *upstream = origin->idle;
    if (upstream != NULL) {
        unlink_idle(upstream);
        upstream->is_reused = true;
    }
    return upstream;
}

void upstream_make_idle(struct upstream *upstream)
{
    tg_http_client *client = upstream->client;
    struct origin *origin = upstream->origin;
    upstream->call = NULL;
    if (origin->idle_count >= client->config.max_idle_per_origin) {
        tg_socket_close(upstream->socket);
        upstream->socket = NULL;
        tg_loop_defer(client->loop, &upstream->release);
        origin_drop(client, origin);
        return;
    }
    upstream->idle_since_ms = tg_loop_now_ms(client->loop);
    upstream->next = origin->idle;
    if (upstream->next != NULL)
        upstream->next->previous = upstream;
    origin->idle = upstream;
    ++origin->idle_count;
    ++client->idle_count;
    tg_socket_read_start(upstream->socket);
    if (client->sweep.expires_at_ms == 0)
        tg_timer_start(client->loop, &client->sweep, client->config.idle_keepalive_ms);
}

void upstream_close(struct upstream *upstream)
{
    tg_http_client *client = upstream->client;
    if (upstream->call != NULL)
        upstream->call->upstream = NULL;
    else
        unlink_idle(upstream);
    upstream->call = NULL;
    tg_socket_close(upstream->socket);
    upstream->socket = NULL;
    tg_loop_defer(client->loop, &upstream->release);
    origin_drop(client, upstream->origin);
}

/* Closes what is idle since `limit_ms` or earlier; returns since when the oldest of the others is. */
static int64_t close_idle_since(tg_http_client *client, int64_t limit_ms)
{
    int64_t oldest_left_ms = INT64_MAX;
    for (size_t i = 0; i < ORIGIN_BUCKETS; ++i) {
        for (struct origin *origin = client->origins[i]; origin != NULL;) {
            struct origin *next_origin = origin->next; /* the last close drops the origin */
            for (struct upstream *upstream = origin->idle; upstream != NULL;) {
                struct upstream *next = upstream->next;
                if (upstream->idle_since_ms <= limit_ms)
                    upstream_close(upstream);
                else if (upstream->idle_since_ms < oldest_left_ms)
                    oldest_left_ms = upstream->idle_since_ms;
                upstream = next;
            }
            origin = next_origin;
        }
    }
    return oldest_left_ms;
}

static void on_sweep(struct tg_timer *timer)
{
    tg_http_client *client = (tg_http_client *)((char *)timer - offsetof(tg_http_client, sweep));
    int64_t limit_ms = tg_loop_now_ms(client->loop) - client->config.idle_keepalive_ms;
    int64_t oldest_left_ms = close_idle_since(client, limit_ms);
    if (client->idle_count != 0)
        tg_timer_start(client->loop, timer, oldest_left_ms - limit_ms);
}

/* ---- calls' memory ---- */

tg_http_call *call_take(tg_http_client *client)
{
    tg_http_call *call = client->spare_calls;
    if (call != NULL) {
        client->spare_calls = call->next;
        --client->spare_call_count;
    } else if ((call = malloc(sizeof(*call))) == NULL) {
        abort();
    }
    memset(call, 0, offsetof(tg_http_call, headers));
    call->client = client;
    call->kept = call->kept_inline;
    call->kept_capacity = sizeof(call->kept_inline);
    call->next = client->calls;
    if (call->next != NULL)
        call->next->previous = call;
    client->calls = call;
    return call;
}

void call_release(tg_http_call *call)
{
    tg_http_client *client = call->client;
    if (call->kept != call->kept_inline)
        free(call->kept);
    free(call->held);
    if (client->spare_call_count == MAX_SPARE_CALLS || client->is_destroyed) {
        free(call);
        return;
    }
    call->next = client->spare_calls;
    client->spare_calls = call;
    ++client->spare_call_count;
}

/* ---- the client ---- */

static void release_client(struct tg_deferred *deferred)
{
    free((char *)deferred - offsetof(tg_http_client, release));
}

tg_http_client *tg_http_client_create(tg_loop *loop, const struct tg_http_client_config *config)
{
    tg_http_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        abort();
    client->loop = loop;
    if (config != NULL)
        client->config = *config;
    if (client->config.max_idle_per_origin == 0)
        client->config.max_idle_per_origin = DEFAULT_MAX_IDLE_PER_ORIGIN;
    if (client->config.idle_keepalive_ms == 0)
        client->config.idle_keepalive_ms = DEFAULT_IDLE_KEEPALIVE_MS;
    if (client->config.max_head_bytes == 0)
        client->config.max_head_bytes = DEFAULT_MAX_HEAD_BYTES;
    if (client->config.read_bytes == 0)
        client->config.read_bytes = DEFAULT_READ_BYTES;
    client->scratch = malloc(client->config.read_bytes);
    if (client->scratch == NULL)
        abort();
    client->sweep.on_expire = on_sweep;
    client->release.run = release_client;
    return client;
}

void tg_http_client_destroy(tg_http_client *client)
{
    if (client == NULL)
        return;
    while (client->calls != NULL)
        tg_http_call_cancel(client->calls);
    tg_timer_stop(client->loop, &client->sweep);
    (void)close_idle_since(client, INT64_MAX);
    while (client->spare_calls != NULL) {
        tg_http_call *call = client->spare_calls;
        client->spare_calls = call->next;
        free(call);
    }
    free(client->scratch);
    client->scratch = NULL;
    client->is_destroyed = true;
    tg_loop_defer(client->loop, &client->release); /* after its calls, which were queued before */
}

size_t tg_http_client_idle_count(const tg_http_client *client)
{
    return client->idle_count;
}
