/* Internal to the room: text as it is written in JSON, into a counter of tokens. */
#ifndef TG_ESTIMATE_WRITTEN_H
#define TG_ESTIMATE_WRITTEN_H

#include "common/tokens/tokens.h"

/* Escapes are resolved; a bad one, or one that is cut, is taken as it stands. */
void estimate_feed_written(struct tg_token_counter *counter, struct tg_text written);

#endif
