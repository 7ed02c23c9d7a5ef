/* Base64 (RFC 4648 section 4). */
#ifndef TG_CODEC_BASE64_H
#define TG_CODEC_BASE64_H

#include "common/base/arena.h"

/* The octets in the arena; false unless the text is whole quanta of the alphabet, padded. */
bool tg_base64_decode(struct tg_arena *arena, struct tg_text base64, struct tg_text *octets);

/* Padded; in the arena. */
struct tg_text tg_base64_encode(struct tg_arena *arena, struct tg_text octets);

#endif
