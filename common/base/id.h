/* Identifiers of everything that is stored: 16 bytes, UUID version 7 (RFC 9562 section 5.7), so that they sort by
 * creation time and index well. */
#ifndef TG_BASE_ID_H
#define TG_BASE_ID_H

#include "common/base/text.h"

struct tg_id {
    uint8_t octets[16];
};

enum { TG_ID_TEXT_BYTES = 37 }; /* 8-4-4-4-12 hex digits and a NUL */

/* A new identifier from the wall clock and the kernel's random numbers. Any thread. */
struct tg_id tg_id_new(void);

/* The same from given time and randomness, for deciding code and tests. */
struct tg_id tg_id_make(int64_t unix_ms, const uint8_t random[10]);

void tg_id_format(struct tg_id id, char out[TG_ID_TEXT_BYTES]);

/* Any UUID in its 36-character form, upper or lower case; false for anything else. */
bool tg_id_parse(struct tg_text text, struct tg_id *id);

static inline bool tg_id_equals(struct tg_id a, struct tg_id b)
{
    return memcmp(a.octets, b.octets, sizeof(a.octets)) == 0;
}

/* All zero bytes: "none". */
static inline bool tg_id_is_zero(struct tg_id id)
{
    static const struct tg_id zero;
    return tg_id_equals(id, zero);
}

#endif
