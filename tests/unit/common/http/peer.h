/* The other end of a connection under test: a plain socket that says exactly the bytes it is told to, and collects
 * what comes. Never blocks; the tests wait for conditions with the loop running. */
#ifndef TG_TEST_PEER_H
#define TG_TEST_PEER_H

#include "common/net/loop.h"

struct peer {
    int fd;
    char *got; /* NUL-terminated */
    size_t bytes;
    size_t capacity;
    bool is_ended;  /* the other side closed */
    bool is_broken; /* ... with a reset */
};

void peer_connect(struct peer *peer, uint16_t port);
/* Sends all, or fails the test. */
void peer_send(struct peer *peer, const char *text);
void peer_send_bytes(struct peer *peer, const void *data, size_t bytes);
/* Sends as much as the kernel takes now; how much that was. */
size_t peer_send_some(struct peer *peer, const void *data, size_t bytes);
void peer_close(struct peer *peer);
/* Forgets what was collected. */
void peer_clear(struct peer *peer);

/* Wait until the collected bytes contain `text`, are so many, or the other side closed. */
void peer_wait_for(struct peer *peer, tg_loop *loop, const char *text);
void peer_wait_for_bytes(struct peer *peer, tg_loop *loop, size_t bytes);
void peer_wait_for_end(struct peer *peer, tg_loop *loop);
bool peer_has(const struct peer *peer, const char *text);

/* A listening socket that plays the provider. */
int peer_listen(uint16_t *port);
/* Waits for a connection and accepts it. */
void peer_accept(struct peer *peer, tg_loop *loop, int listening);
/* Whether one is waiting. */
bool peer_try_accept(struct peer *peer, int listening);

#endif
