#include "dataplane/journal/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static uint32_t table[256];
static bool has_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
        table[i] = crc;
    }
#ifdef __x86_64__
    has_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

static uint32_t with_table(uint32_t crc, const uint8_t *at, size_t bytes)
{
    while (bytes-- != 0)
        crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const uint8_t *at, size_t bytes)
{
    uint64_t wide = crc;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (bytes-- != 0)
        crc = __builtin_ia32_crc32qi(crc, *at++);
    return crc;
}
#endif

uint32_t tg_crc32c_portable(uint32_t crc, const void *data, size_t bytes)
{
    pthread_once(&once, prepare);
    return ~with_table(~crc, data, bytes);
}

uint32_t tg_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    pthread_once(&once, prepare);
#ifdef __x86_64__
    if (has_instruction)
        return ~with_instruction(~crc, data, bytes);
#endif
    return ~with_table(~crc, data, bytes);
}
