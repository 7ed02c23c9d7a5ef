/* Internal to the room: sockets for link.c. Waiting is bounded by a deadline and can be cancelled through the waker. */
#ifndef TG_WIRE_DIAL_H
#define TG_WIRE_DIAL_H

#include "common/wire/waker.h"

enum { TG_DIAL_ADDRESS_BYTES = 80 };

struct tg_dial {
    struct tg_waker *waker; /* NULL: cannot be cancelled */
    bool (*is_cancelled)(void *user);
    void *user;
    int64_t deadline_ms; /* monotonic */
};

/* Until `fd` is ready for `events` (POLLIN, POLLOUT). TG_TIMEOUT at the deadline or when cancelled. */
enum tg_status tg_dial_await(const struct tg_dial *dial, int fd, short events, struct tg_error *error) TG_MUST_CHECK;

/* A connected, prepared socket to one of the name's addresses. */
enum tg_status tg_dial_connect(const struct tg_dial *dial, const char *host, uint16_t port, int *fd,
                               struct tg_error *error) TG_MUST_CHECK;

/* Non-blocking, closed on exec, small writes at once, a dead peer noticed. */
enum tg_status tg_dial_prepare(int fd, struct tg_error *error) TG_MUST_CHECK;

void tg_dial_peer_address(int fd, char out[TG_DIAL_ADDRESS_BYTES]);

#endif
