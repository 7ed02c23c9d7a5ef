/* Internal to the room: the memory of exchanges (host.c), for exchange.c. */
#ifndef TG_EXCHANGE_HOST_INTERNAL_H
#define TG_EXCHANGE_HOST_INTERNAL_H

#include "dataplane/exchange/exchange.h"

/* One to be filled: all zero but for what its first user sets up. */
struct tg_exchange *exchange_host_give(struct tg_exchange_host *host);

/* It is over: its memory is used again after the turn. */
void exchange_host_take_back(struct tg_exchange *exchange);

#endif
