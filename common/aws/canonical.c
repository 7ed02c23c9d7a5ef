#include "common/aws/canonical.h"

#include <assert.h>
#include <stdlib.h>

void canonical_put(struct canonical_text *out, struct tg_text text)
{
    assert(out->capacity - out->bytes >= text.bytes);
    if (text.bytes != 0)
        memcpy(out->data + out->bytes, text.data, text.bytes);
    out->bytes += text.bytes;
}

void canonical_put_string(struct canonical_text *out, const char *string)
{
    canonical_put(out, tg_text_of(string));
}

static void put_byte(struct canonical_text *out, char c)
{
    assert(out->bytes < out->capacity);
    out->data[out->bytes++] = c;
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void put_encoded(struct canonical_text *out, char c)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    if (is_unreserved(c)) {
        put_byte(out, c);
        return;
    }
    put_byte(out, '%');
    put_byte(out, DIGITS[(uint8_t)c >> 4]);
    put_byte(out, DIGITS[(uint8_t)c & 15]);
}

/* ---- path ---- */

/* Takes the last segment back, with the slash before it. `start` is where the path begins. */
static void drop_segment(struct canonical_text *out, size_t start)
{
    while (out->bytes > start && out->data[--out->bytes] != '/')
        ;
}

void canonical_put_path(struct canonical_text *out, struct tg_text path)
{
    size_t start = out->bytes;
    const char *at = path.data;
    const char *end = path.bytes == 0 ? at : at + path.bytes;
    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct tg_text segment = tg_text(at, (size_t)((slash == NULL ? end : slash) - at));
        at = slash == NULL ? end : slash + 1;
        if (segment.bytes == 0 || tg_text_is(segment, "."))
            continue;
        if (tg_text_is(segment, "..")) {
            drop_segment(out, start);
            continue;
        }
        canonical_put_string(out, "/");
        for (size_t i = 0; i < segment.bytes; ++i)
            put_encoded(out, segment.data[i]);
    }
    if (out->bytes == start || end[-1] == '/')
        canonical_put_string(out, "/");
}

/* ---- query ---- */

struct parameter {
    struct tg_text name;
    struct tg_text value;
};

static int compare_text(struct tg_text a, struct tg_text b)
{
    size_t shorter = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *left = a, *right = b;
    int order = compare_text(left->name, right->name);
    return order != 0 ? order : compare_text(left->value, right->value);
}

/* Encoded once, whether or not it was. */
static struct tg_text encode_once(struct tg_text text, struct tg_arena *arena)
{
    struct canonical_text out = {tg_arena_alloc(arena, 3 * text.bytes + 1), 0, 3 * text.bytes};
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        if (c == '%' && text.bytes - i >= 3 && tg_hex_decode(tg_text(text.data + i + 1, 2), &c, 1))
            i += 2;
        put_encoded(&out, c);
    }
    return tg_text(out.data, out.bytes);
}

void canonical_put_query(struct canonical_text *out, struct tg_text query, struct tg_arena *arena)
{
    size_t capacity = 1;
    for (size_t i = 0; i < query.bytes; ++i)
        capacity += query.data[i] == '&';
    struct parameter *parameters = tg_arena_alloc(arena, capacity * sizeof(*parameters));
    size_t count = 0;
    for (const char *at = query.data, *end = query.bytes == 0 ? at : at + query.bytes; at < end;) {
        const char *ampersand = memchr(at, '&', (size_t)(end - at));
        const char *stop = ampersand == NULL ? end : ampersand;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        struct tg_text name = tg_text(at, (size_t)((equals == NULL ? stop : equals) - at));
        struct tg_text value = equals == NULL ? tg_text(NULL, 0) : tg_text(equals + 1, (size_t)(stop - equals - 1));
        if (stop != at)
            parameters[count++] = (struct parameter){encode_once(name, arena), encode_once(value, arena)};
        at = ampersand == NULL ? end : ampersand + 1;
    }
    qsort(parameters, count, sizeof(*parameters), compare_parameters);
    for (size_t i = 0; i < count; ++i) {
        if (i != 0)
            canonical_put_string(out, "&");
        canonical_put(out, parameters[i].name);
        canonical_put_string(out, "=");
        canonical_put(out, parameters[i].value);
    }
}

/* ---- headers ---- */

static struct tg_text lower(struct tg_text text, struct tg_arena *arena)
{
    char *out = tg_arena_alloc(arena, text.bytes + 1);
    for (size_t i = 0; i < text.bytes; ++i)
        out[i] = (char)(text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] | 0x20 : text.data[i]);
    return tg_text(out, text.bytes);
}

void canonical_sort_headers(struct tg_http_header *headers, size_t count, struct tg_arena *arena)
{
    for (size_t i = 0; i < count; ++i) {
        struct tg_http_header header = {lower(headers[i].name, arena), headers[i].value};
        size_t place = i;
        for (; place > 0 && compare_text(headers[place - 1].name, header.name) > 0; --place)
            headers[place] = headers[place - 1];
        headers[place] = header;
    }
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without spaces at both ends, runs of them as one. */
static void put_value(struct canonical_text *out, struct tg_text value)
{
    bool has_gap = false;
    size_t start = out->bytes;
    for (size_t i = 0; i < value.bytes; ++i) {
        if (is_space(value.data[i])) {
            has_gap = out->bytes != start;
            continue;
        }
        if (has_gap)
            put_byte(out, ' ');
        has_gap = false;
        put_byte(out, value.data[i]);
    }
}

static bool repeats_name(const struct tg_http_header *headers, size_t i)
{
    return i > 0 && tg_text_equals(headers[i - 1].name, headers[i].name);
}

void canonical_put_headers(struct canonical_text *out, const struct tg_http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (repeats_name(headers, i)) {
            canonical_put_string(out, ",");
        } else {
            canonical_put(out, headers[i].name);
            canonical_put_string(out, ":");
        }
        put_value(out, headers[i].value);
        if (i + 1 == count || !repeats_name(headers, i + 1))
            canonical_put_string(out, "\n");
    }
}

void canonical_put_names(struct canonical_text *out, const struct tg_http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (repeats_name(headers, i))
            continue;
        if (i != 0)
            canonical_put_string(out, ";");
        canonical_put(out, headers[i].name);
    }
}
