/* Internal to the room: the parts of a SigV4 canonical request. Each appends to a text whose room was counted. */
#ifndef TG_AWS_CANONICAL_H
#define TG_AWS_CANONICAL_H

#include "common/aws/sigv4.h"

struct canonical_text {
    char *data;
    size_t bytes;
    size_t capacity;
};

void canonical_put(struct canonical_text *out, struct tg_text text);
void canonical_put_string(struct canonical_text *out, const char *string);

/* Without empty and dot segments, every byte but the unreserved ones and "/" encoded: an encoded byte is encoded twice.
 * At most 3 * path.bytes + 1. */
void canonical_put_path(struct canonical_text *out, struct tg_text path);

/* Parameters sorted by name and value, each encoded once. At most 4 * query.bytes + 1. */
void canonical_put_query(struct canonical_text *out, struct tg_text query, struct tg_arena *arena);

/* Sorts by name in lower case (which the names become, in the arena), keeping the order of equal ones. */
void canonical_sort_headers(struct tg_http_header *headers, size_t count, struct tg_arena *arena);

/* "name:value,value\n" for each name. At most name, value and 2 bytes for each header. */
void canonical_put_headers(struct canonical_text *out, const struct tg_http_header *headers, size_t count);

/* "name;name". At most name and 1 byte for each header. */
void canonical_put_names(struct canonical_text *out, const struct tg_http_header *headers, size_t count);

#endif
