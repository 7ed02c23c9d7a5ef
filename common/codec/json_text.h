/* Internal to the room: the characters inside JSON strings. */
#ifndef TG_CODEC_JSON_TEXT_H
#define TG_CODEC_JSON_TEXT_H

#include "common/base/text.h"

/* The first byte from `at` that a JSON string cannot simply contain: a quote, a backslash, a control character or a
 * byte of 0x80 and above (which has to be checked as UTF-8); `end` if there is none. 16 bytes at a time. */
const char *tg_json_plain_end(const char *at, const char *end);

/* The length (2 to 4) of the well-formed UTF-8 sequence (RFC 3629) that starts at `at` with a byte of 0x80 and above;
 * 0 if it is not well-formed. at < end. */
size_t tg_json_utf8_bytes(const char *at, const char *end);

/* Four hex digits as a number; -1 if they are not. */
int32_t tg_json_hex4(const char *at, const char *end);

/* Decodes one character (a byte run for UTF-8, or one escape) of a valid string body at `*at` into `out` (4 bytes) and
 * moves on; the number of bytes written. An escaped surrogate without its partner becomes U+FFFD. */
size_t tg_json_decode_char(const char **at, const char *end, char out[4]);

#endif
