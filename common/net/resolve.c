#include "common/net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "common/net/address.h"

enum {
    MAX_THREADS = 4,
    MAX_WAITING = 256,
    MAX_HOST_BYTES = 255, /* RFC 1035 section 2.3.4 */
    CACHE_ENTRIES = 64,
    CACHE_MS = 10 * 1000,
    STACK_BYTES = 512 * 1024,
};

struct tg_lookup {
    struct tg_message message; /* first */
    tg_loop *loop;
    void (*on_resolved)(void *user, const struct tg_addresses *addresses, const char *reason);
    void *user;
    tg_lookup *next;
    uint16_t port;
    bool is_cancelled;
    char host[MAX_HOST_BYTES + 1];
    char reason[128];
    struct tg_addresses addresses;
};

struct cached {
    char host[MAX_HOST_BYTES + 1];
    int64_t expires_at_ms;
    struct tg_addresses addresses;
};

/* One per process: names mean the same to every loop. */
static struct {
    pthread_mutex_t mutex;
    tg_lookup *first;
    tg_lookup **last;
    size_t waiting;
    size_t threads;
    struct cached cache[CACHE_ENTRIES];
} resolver = {.mutex = PTHREAD_MUTEX_INITIALIZER, .last = &resolver.first};

static void set_ports(struct tg_addresses *addresses, uint16_t port)
{
    _Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "same place");
    for (size_t i = 0; i < addresses->count; ++i)
        ((struct sockaddr_in *)addresses->items[i].sockaddr)->sin_port = htons(port);
}

static bool find_cached(const char *host, struct tg_addresses *addresses)
{
    int64_t now_ms = tg_time_monotonic_ms();
    for (size_t i = 0; i < CACHE_ENTRIES; ++i) {
        const struct cached *cached = &resolver.cache[i];
        if (cached->expires_at_ms > now_ms && strcmp(cached->host, host) == 0) {
            *addresses = cached->addresses;
            return true;
        }
    }
    return false;
}

/* In the place of the same name, else of the one that expires first. */
static void cache(const char *host, const struct tg_addresses *addresses)
{
    struct cached *place = &resolver.cache[0];
    for (size_t i = 0; i < CACHE_ENTRIES; ++i) {
        struct cached *cached = &resolver.cache[i];
        if (strcmp(cached->host, host) == 0) {
            place = cached;
            break;
        }
        if (cached->expires_at_ms < place->expires_at_ms)
            place = cached;
    }
    snprintf(place->host, sizeof(place->host), "%s", host);
    place->expires_at_ms = tg_time_monotonic_ms() + CACHE_MS;
    place->addresses = *addresses;
}

bool tg_resolve_known(const char *host, uint16_t port, struct tg_addresses *addresses)
{
    addresses->count = 0;
    if (tg_address_parse(host, port, &addresses->items[0])) {
        addresses->count = 1;
        return true;
    }
    pthread_mutex_lock(&resolver.mutex);
    bool is_known = find_cached(host, addresses);
    pthread_mutex_unlock(&resolver.mutex);
    set_ports(addresses, port);
    return is_known;
}

static void look_up(tg_lookup *lookup)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int failure = getaddrinfo(lookup->host, NULL, &hints, &list);
    if (failure != 0) {
        snprintf(lookup->reason, sizeof(lookup->reason), "%s", gai_strerror(failure));
        return;
    }
    struct tg_addresses *addresses = &lookup->addresses;
    for (const struct addrinfo *at = list; at != NULL && addresses->count < TG_RESOLVE_MAX_ADDRESSES;
         at = at->ai_next) {
        if (address_from_sockaddr(at->ai_addr, &addresses->items[addresses->count]))
            ++addresses->count;
    }
    freeaddrinfo(list);
    if (addresses->count == 0)
        snprintf(lookup->reason, sizeof(lookup->reason), "the name has no address");
}

static tg_lookup *take_waiting(void)
{
    tg_lookup *lookup = resolver.first;
    if (lookup == NULL)
        return NULL;
    resolver.first = lookup->next;
    if (resolver.first == NULL)
        resolver.last = &resolver.first;
    --resolver.waiting;
    return lookup;
}

static void *run_thread(void *unused)
{
    pthread_mutex_lock(&resolver.mutex);
    tg_lookup *lookup;
    while ((lookup = take_waiting()) != NULL) {
        if (!lookup->is_cancelled && !find_cached(lookup->host, &lookup->addresses)) {
            pthread_mutex_unlock(&resolver.mutex);
            look_up(lookup);
            pthread_mutex_lock(&resolver.mutex);
            if (lookup->addresses.count != 0)
                cache(lookup->host, &lookup->addresses);
        }
        set_ports(&lookup->addresses, lookup->port);
        /* With the lock held: after a cancel the loop may be gone. */
        if (lookup->is_cancelled)
            free(lookup);
        else
            tg_loop_post(lookup->loop, &lookup->message);
    }
    --resolver.threads;
    pthread_mutex_unlock(&resolver.mutex);
    return NULL;
}

static bool start_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool is_started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                      pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                      pthread_create(&thread, &attributes, run_thread, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return is_started;
}

static void deliver(struct tg_message *message)
{
    tg_lookup *lookup = (tg_lookup *)message;
    pthread_mutex_lock(&resolver.mutex);
    bool is_cancelled = lookup->is_cancelled;
    pthread_mutex_unlock(&resolver.mutex);
    if (!is_cancelled)
        lookup->on_resolved(lookup->user, &lookup->addresses, lookup->reason);
    free(lookup);
}

tg_lookup *tg_resolve_start(tg_loop *loop, const char *host, uint16_t port,
                            void (*on_resolved)(void *user, const struct tg_addresses *addresses, const char *reason),
                            void *user)
{
    tg_lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL)
        abort();
    lookup->message.run = deliver;
    lookup->loop = loop;
    lookup->on_resolved = on_resolved;
    lookup->user = user;
    lookup->port = port;
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);

    pthread_mutex_lock(&resolver.mutex);
    bool is_taken = resolver.waiting < MAX_WAITING && strlen(host) <= MAX_HOST_BYTES;
    if (is_taken && resolver.threads < MAX_THREADS && start_thread())
        ++resolver.threads;
    is_taken = is_taken && resolver.threads != 0;
    if (is_taken) {
        *resolver.last = lookup;
        resolver.last = &lookup->next;
        ++resolver.waiting;
    }
    pthread_mutex_unlock(&resolver.mutex);
    if (is_taken)
        return lookup;
    free(lookup);
    return NULL;
}

void tg_resolve_cancel(tg_lookup *lookup)
{
    pthread_mutex_lock(&resolver.mutex);
    lookup->is_cancelled = true;
    pthread_mutex_unlock(&resolver.mutex);
}
