/* From HTTP requests to answers: one handler per worker's loop.
 *
 * authorize -> route -> read -> [latency] -> answer whole, or chunk by chunk as the connection takes them.
 * What is billed is written to the log once per request: before the last byte goes out, when the connection is cut on
 * request, or when the client has left. */
#ifndef TG_SIMULATOR_HANDLER_H
#define TG_SIMULATOR_HANDLER_H

#include <stdatomic.h>

#include "common/http/server.h"

/* Shared by all workers; outlives them. */
struct sim_config {
    struct tg_text key; /* that clients must send; empty: any */
    int log_fd;         /* -1: none */
    _Atomic int64_t answered, billed;
};

struct sim_handler {
    struct sim_config *config;
    tg_loop *loop;
};

/* The callbacks of a server whose user is `handler`. */
struct tg_http_server_config sim_handler_server(struct sim_handler *handler);

#endif
