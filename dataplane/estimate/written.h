/* Internal to the room: text as it is written in JSON, without a parse before. */
#ifndef TG_ESTIMATE_WRITTEN_H
#define TG_ESTIMATE_WRITTEN_H

#include "common/base/arena.h"

/* Escapes resolved; a bad one, or one that is cut, is taken as it stands. */
struct tg_text estimate_plain(struct tg_arena *arena, struct tg_text written);

#endif
