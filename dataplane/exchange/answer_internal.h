/* Internal to the room: how answers are handed to the server (answer.c), for exchange.c. */
#ifndef TG_EXCHANGE_ANSWER_INTERNAL_H
#define TG_EXCHANGE_ANSWER_INTERNAL_H

#include "dataplane/exchange/exchange.h"

/* The whole answer at once: the gateway's own, or the provider's. */
void exchange_answer_whole(struct tg_exchange *exchange);

/* The last bytes of an answer that was relayed. False if the server does not take them yet. */
bool exchange_answer_end_relay(struct tg_exchange *exchange);

#endif
