/* The digest of a set of resources: the sum modulo 2^256 of the SHA-256 of each one's packed bytes, as big-endian
 * numbers. It does not depend on order, and follows from a change without reading the rest: subtract what the resource
 * was, add what it is. It finds mistakes and lost changes; it is no defence against somebody who picks the resources.
 */
#ifndef TG_WIRE_DIGEST_H
#define TG_WIRE_DIGEST_H

#include "common/base/text.h"

/* All zero: the digest of nothing. */
struct tg_digest {
    uint8_t octets[32];
};

void tg_digest_add(struct tg_digest *digest, const uint8_t sha256[32]);
void tg_digest_subtract(struct tg_digest *digest, const uint8_t sha256[32]);

static inline bool tg_digest_equals(const struct tg_digest *a, const struct tg_digest *b)
{
    return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

#endif
