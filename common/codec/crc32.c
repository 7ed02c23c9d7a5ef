#include "common/codec/crc32.h"

#include <pthread.h>

/* Eight bytes a step: tables[n][b] is the checksum of the byte b with n zero bytes behind it. */
enum { STEP_BYTES = 8 };
static uint32_t tables[STEP_BYTES][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        tables[0][i] = crc;
    }
    for (int step = 1; step < STEP_BYTES; ++step)
        for (int i = 0; i < 256; ++i)
            tables[step][i] = tables[step - 1][i] >> 8 ^ tables[0][tables[step - 1][i] & 0xff];
}

uint32_t tg_crc32(uint32_t crc, const void *data, size_t bytes)
{
    pthread_once(&once, prepare);
    const uint8_t *at = data;
    crc = ~crc;
    for (; bytes >= STEP_BYTES; bytes -= STEP_BYTES, at += STEP_BYTES) {
        crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^ tables[4][crc >> 24] ^
              tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
    }
    while (bytes-- != 0)
        crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
    return ~crc;
}
