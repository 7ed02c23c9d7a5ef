/* A string as it stands in JSON: what is between the quotes, escapes not resolved.
 *
 * The request path moves text from one document to another: as long as it stays written, nothing is unescaped only to
 * be escaped again, and a character that a provider split between two chunks survives. A type of its own, so that the
 * compiler keeps written and plain text apart. */
#ifndef TG_CODEC_JSON_STRING_H
#define TG_CODEC_JSON_STRING_H

#include "common/base/arena.h"
#include "common/codec/json_write.h"

struct tg_json_string {
    struct tg_text written;
};

/* From a token's value (json_scan.h) or another place that is known to be a valid string's inside. */
static inline struct tg_json_string tg_json_string(struct tg_text written)
{
    return (struct tg_json_string){written};
}

/* A C string that needs no escapes. */
static inline struct tg_json_string tg_json_string_literal(const char *plain)
{
    return (struct tg_json_string){tg_text_of(plain)};
}

static inline bool tg_json_string_is_empty(struct tg_json_string string)
{
    return string.written.bytes == 0;
}

/* Whether it means `plain` once its escapes are resolved. */
bool tg_json_string_is(struct tg_json_string string, const char *plain);

/* Whether two mean the same. */
bool tg_json_string_equals(struct tg_json_string a, struct tg_json_string b);

/* Escapes resolved; without any, the same bytes. */
struct tg_text tg_json_string_plain(struct tg_arena *arena, struct tg_json_string string);

/* Escapes made where JSON needs them; without need, the same bytes. Ill-formed UTF-8 becomes U+FFFD. */
struct tg_json_string tg_json_string_of(struct tg_arena *arena, struct tg_text plain);

/* The value, with its quotes. */
static inline void tg_json_write_written(struct tg_json_writer *writer, struct tg_json_string string)
{
    tg_json_write_quoted(writer, string.written);
}

#endif
