#include "common/wire/digest.h"

void tg_digest_add(struct tg_digest *digest, const uint8_t sha256[32])
{
    unsigned carry = 0;
    for (int i = 31; i >= 0; --i) {
        carry += (unsigned)digest->octets[i] + sha256[i];
        digest->octets[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

void tg_digest_subtract(struct tg_digest *digest, const uint8_t sha256[32])
{
    unsigned borrow = 0;
    for (int i = 31; i >= 0; --i) {
        unsigned difference = 0x100u + digest->octets[i] - sha256[i] - borrow;
        digest->octets[i] = (uint8_t)difference;
        borrow = difference < 0x100u;
    }
}
