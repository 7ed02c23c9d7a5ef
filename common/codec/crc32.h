/* CRC-32 as of IEEE 802.3 (reflected polynomial 0xedb88320), the one of zlib and of AWS event streams; the journal's
 * CRC-32C is another. Any thread. */
#ifndef TG_CODEC_CRC32_H
#define TG_CODEC_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of what came before (0 at first) followed by these bytes. */
uint32_t tg_crc32(uint32_t crc, const void *data, size_t bytes);

#endif
