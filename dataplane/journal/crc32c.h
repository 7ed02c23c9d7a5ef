/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the processor's instruction where it has one. */
#ifndef TG_JOURNAL_CRC32C_H
#define TG_JOURNAL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `crc`, which is 0 at first. */
uint32_t tg_crc32c(uint32_t crc, const void *data, size_t bytes);

/* The same without the instruction; for tests. */
uint32_t tg_crc32c_portable(uint32_t crc, const void *data, size_t bytes);

#endif
