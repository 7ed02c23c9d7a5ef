#include "common/base/id.h"

#include <stdlib.h>
#include <sys/random.h>

#include "common/base/time.h"

struct tg_id tg_id_make(int64_t unix_ms, const uint8_t random[10])
{
    struct tg_id id;
    for (int i = 0; i < 6; ++i)
        id.octets[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    memcpy(id.octets + 6, random, 10);
    id.octets[6] = (uint8_t)((id.octets[6] & 0x0f) | 0x70); /* version 7 */
    id.octets[8] = (uint8_t)((id.octets[8] & 0x3f) | 0x80); /* variant */
    return id;
}

/* The random half is drawn for many identifiers at once: one system call per 25 requests instead of one each. */
struct tg_id tg_id_new(void)
{
    static _Thread_local uint8_t pool[250];
    static _Thread_local size_t left;
    if (left == 0) {
        if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
            abort();
        left = sizeof(pool);
    }
    left -= 10;
    return tg_id_make(tg_time_unix_ms(), pool + left);
}

void tg_id_format(struct tg_id id, char out[TG_ID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (int i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[id.octets[i] >> 4];
        *at++ = digits[id.octets[i] & 15];
    }
    *at = '\0';
}

bool tg_id_parse(struct tg_text text, struct tg_id *id)
{
    if (text.bytes != TG_ID_TEXT_BYTES - 1)
        return false;
    char hex[32];
    size_t used = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.data[i] != '-')
                return false;
        } else {
            hex[used++] = text.data[i];
        }
    }
    return tg_hex_decode(tg_text(hex, sizeof(hex)), id->octets, sizeof(id->octets));
}
