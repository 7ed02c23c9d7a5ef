/* Names to addresses without holding up a loop: getaddrinfo(3) blocks, so it runs on a few threads of its own, which
 * end when there is nothing left to look up. Answers are kept for some seconds for the whole process. */
#ifndef TG_NET_RESOLVE_H
#define TG_NET_RESOLVE_H

#include "common/net/socket.h"

enum { TG_RESOLVE_MAX_ADDRESSES = 8 };

struct tg_addresses {
    size_t count;
    struct tg_address items[TG_RESOLVE_MAX_ADDRESSES]; /* in the order of preference (RFC 6724) */
};

/* At once, for a numeric address or a name looked up a moment ago; else false. Any thread. */
bool tg_resolve_known(const char *host, uint16_t port, struct tg_addresses *addresses) TG_MUST_CHECK;

typedef struct tg_lookup tg_lookup;

/* Looks `host` up; on_resolved runs once on the loop's thread, not from inside this call, unless it is cancelled.
 * No addresses: `reason` says why. NULL if too many lookups wait already. */
tg_lookup *tg_resolve_start(tg_loop *loop, const char *host, uint16_t port,
                            void (*on_resolved)(void *user, const struct tg_addresses *addresses, const char *reason),
                            void *user) TG_MUST_CHECK;
/* Before on_resolved has run, on the loop's thread; and in any case before the loop is destroyed. */
void tg_resolve_cancel(tg_lookup *lookup);

#endif
